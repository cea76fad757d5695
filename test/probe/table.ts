/** Shows the rows of an API beside those of the simulator, and says in one sentence what they mean for the action. */
import type { Row } from './questions.ts';
import type { RecordedRow } from './recording.ts';
import type { MintedToken, Session } from './session.ts';

const LIFETIME_MS = 2 * 60 * 60_000;

/** In Markdown, padded so that it can be read as it is. `≠` marks a row that differs. */
export function formatTable(rows: readonly RecordedRow[], api: string): string {
  const lines = rows.map((row) => {
    const { title, fact, simulator, words, copes, isTold } = row;
    const cell = words === undefined ? fact : `${fact} (“${words.replaceAll('|', '\\|')}”)`;
    return [isDifferent(row) ? '≠' : '', title, cell, simulator, isTold ? copes : ''];
  });
  const table = [['', 'Question', api, 'The simulator', 'Does the action cope?'], ...lines];
  const widths = table[0]?.map((_, column) => Math.max(3, ...table.map((cells) => cells[column]?.length ?? 0))) ?? [];
  const format = (cells: readonly string[]) =>
    `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`;
  const [head = [], ...others] = table;
  return [format(head), format(widths.map((width) => '-'.repeat(width))), ...others.map(format)].join('\n');
}

/** One that can't be told is compared with nothing. */
export function isDifferent({ isTold, fact, simulator }: RecordedRow): boolean {
  return isTold && fact !== simulator;
}

export interface Verdict {
  readonly works: boolean;
  /** A sentence or two. */
  readonly sentence: string;
}

export function judge(rows: readonly (Row & Pick<RecordedRow, 'words'>)[], stopped: string | undefined): Verdict {
  const action = rows.find(({ id }) => id === 'action');
  // A 404 may be about the path.
  const jwt = rows.find(({ id, fact }) => id === 'jwt' && /^refused, (?!404)/.test(fact));
  const explained = jwt === undefined ? ['action'] : ['action', 'jwt', 'jwt-240'];
  const failures = rows.filter(({ isTold, copes, id }) => isTold && copes === 'no' && !explained.includes(id));
  const named = failures.map(({ title, fact }) => `${title}: ${fact}`).join('; ');
  if (action?.isTold !== true) {
    return {
      works: false,
      sentence: `It is not known whether the action works with this API: ${stopped ?? 'the action did not run'}.`,
    };
  }
  if (action.copes !== 'yes' && jwt !== undefined) {
    const words = jwt.words === undefined ? jwt.fact : `“${jwt.words}”`;
    const isShortTaken = rows.some(({ id, fact }) => id === 'jwt-240' && fact === 'taken');
    const count = rows.filter(({ isTold, fact }) => !isTold && fact.startsWith('not asked')).length;
    const sentences = [
      `The action does not work with this API: it refuses the action’s JWT (${words})${isShortTaken ? ', and takes one for 240 s' : ''}.`,
      ...(named === '' ? [] : [`The action does not cope with this either: ${named}.`]),
      ...(count === 0 ? [] : [`${count} question${count === 1 ? '' : 's'} could not be asked.`]),
    ];
    return { works: false, sentence: sentences.join(' ') };
  }
  if (action.copes !== 'yes') {
    const reasons = named === '' ? '' : ` (${named})`;
    return { works: false, sentence: `The action does not work with this API: ${action.fact}${reasons}.` };
  }
  if (named !== '')
    return {
      works: false,
      sentence: `The action gets a token and revokes it, but it does not cope with this: ${named}.`,
    };
  return { works: true, sentence: 'The action works with this API.' };
}

/** One sentence: whether a token may be alive, and until when. */
export function describeTokens({ tokens, lostMints }: Pick<Session, 'tokens' | 'lostMints'>): string {
  const alive = tokens.filter(({ state }) => state !== 'revoked');
  const ends = [...alive.map(({ expiresAt }: MintedToken) => expiresAt), ...lostMints.map((at) => at + LIFETIME_MS)];
  if (ends.length > 0) {
    const until = new Date(Math.max(...ends)).toISOString();
    return `${ends.length === 1 ? 'One token' : `${ends.length} tokens`} may be alive until ${until}.`;
  }
  if (tokens.length === 0) return 'No token was minted.';
  return tokens.length === 1
    ? 'The one token that was minted is revoked.'
    : `All ${tokens.length} tokens that were minted are revoked.`;
}
