/** Shows the rows of an API beside those of the simulator, and says in one sentence what they mean for the action. */
import type { Row } from './questions.ts';
import type { MintedToken, Session } from './session.ts';

const LIFETIME_MS = 2 * 60 * 60_000;

/** In Markdown, padded so that it can be read as it is. `≠` marks a row that differs. */
export function formatTable(rows: readonly Row[], reference: readonly Row[], api: string): string {
  const lines = rows.map((row) => {
    const simulator = factOf(reference, row.id);
    return [isDifferent(row, reference) ? '≠' : '', row.title, row.fact, simulator, row.isTold ? row.copes : ''];
  });
  const table = [['', 'Question', api, 'The simulator', 'Does the action cope?'], ...lines];
  const widths = table[0]?.map((_, column) => Math.max(3, ...table.map((cells) => cells[column]?.length ?? 0))) ?? [];
  const format = (cells: readonly string[]) =>
    `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`;
  const [head = [], ...others] = table;
  return [format(head), format(widths.map((width) => '-'.repeat(width))), ...others.map(format)].join('\n');
}

/** One that can't be told is compared with nothing. */
export function isDifferent(row: Row, reference: readonly Row[]): boolean {
  return row.isTold && row.fact !== factOf(reference, row.id);
}

function factOf(rows: readonly Row[], id: string): string {
  return rows.find((row) => row.id === id)?.fact ?? '';
}

export interface Verdict {
  readonly works: boolean;
  /** One sentence. */
  readonly sentence: string;
}

export function judge(rows: readonly Row[], stopped: string | undefined): Verdict {
  const action = rows.find(({ id }) => id === 'action');
  const failures = rows.filter(({ isTold, copes, id }) => isTold && copes === 'no' && id !== 'action');
  const named = failures.map(({ title, fact }) => `${title}: ${fact}`).join('; ');
  if (action?.isTold !== true) {
    return {
      works: false,
      sentence: `It is not known whether the action works with this API: ${stopped ?? 'the action did not run'}.`,
    };
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
