/** The table in .github/docs/errors.md: a row for each message, by its first sentence, with `…` for what changes. */
import { table } from '../bench/table.ts';
import { normalize, sentenceEnds } from './sentences.ts';

/** As test/support/runner.ts writes it. */
export interface Recorded {
  kind: 'error' | 'warning' | 'notice';
  phase: string;
  test: string;
  text: string;
}

export interface Row {
  kind: string;
  /** The first sentence. */
  cause: string;
  /** The second; empty if there is none. */
  fix: string;
}

const HEAD = ['message', 'kind', 'what to do'];
const BEGIN = '<!-- The messages begin. `npm run messages -- --write` makes this table. -->\n';
const END = '\n<!-- The messages end. -->';

/** One row for all messages that differ in nothing but ids, hosts, numbers and other values. */
export function rowsOf(recorded: readonly Recorded[]): Row[] {
  const all = recorded.map(rowOf);
  const causesOf = Map.groupBy(new Set(all.map(({ cause }) => cause)), formOf);
  // A name that is always the same is one of the action's own words.
  const merged = all.map((row): Row => {
    const form = formOf(row.cause);
    return causesOf.get(form)?.length === 1 ? row : { ...row, cause: form };
  });
  const rows = [...Map.groupBy(merged, ({ kind, cause }) => `${kind} ${cause}`).values()].flatMap(mostFrequent);
  return rows
    .filter((row) => !rows.some((other) => other !== row && covers(other)(row)))
    .sort((one, other) => one.cause.localeCompare(other.cause, 'en', { ignorePunctuation: true }));
}

/** The messages that the table has no row for, and the rows that no message has. */
export function compare(page: readonly Row[], recorded: readonly Recorded[]): { missing: Row[]; unused: Row[] } {
  const all = recorded.map(rowOf);
  return {
    missing: rowsOf(recorded.filter((one) => !page.some((row) => covers(row)(rowOf(one))))),
    unused: page.filter((row) => !all.some(covers(row))),
  };
}

/** Puts the table where it is, or at the page's end. */
export function replaceTable(page: string, rows: readonly Row[]): string {
  const { before, after } = around(page.includes(BEGIN) ? page : `${page}\n## All messages\n\n${BEGIN}${END}\n`);
  const cells = rows.map(({ kind, cause, fix }) => [escapeText(cause), kind, escapeText(fix)]);
  return `${before}\n${table(HEAD, cells)}${after}`;
}

/** @throws Error if the page has no table */
export function readTable(page: string): Row[] {
  const { between } = around(page);
  return [...between.matchAll(/^\| (.*?) \| (error|warning|notice) \| (.*?) ?\|$/gm)].map(
    ([, cause = '', kind = '', fix = '']) => ({ kind, cause: unescapeText(cause), fix: unescapeText(fix) }),
  );
}

/** Of rows that differ in the fix alone. */
function mostFrequent(rows: readonly Row[]): Row[] {
  const groups = [...Map.groupBy(rows, ({ fix }) => withoutNames(fix))].sort(
    ([fix, those], [other, others]) => others.length - those.length || fix.localeCompare(other, 'en'),
  );
  return groups.slice(0, 1).flatMap(([form, those]) => {
    const isSame = those.every(({ fix }) => fix === those[0]?.fix);
    return those.slice(0, 1).map((row) => (isSame ? row : { ...row, fix: form }));
  });
}

function around(page: string): { before: string; between: string; after: string } {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error('The page has no table of messages.');
  const start = begin + BEGIN.length;
  return { before: page.slice(0, start), between: page.slice(start, end), after: page.slice(end) };
}

function rowOf({ kind, text }: Recorded): Row {
  const [causeEnd = text.length, fixEnd = causeEnd] = sentenceEnds(text);
  const cause = normalize(text.slice(0, causeEnd))
    .replace(/“[^”]*”/g, '“…”')
    .replace(/(?<![\w.-])[1-5]\d\d(?![\w-])/g, '…')
    .replace(/\([\w.-]+\/[\w.-]+\)/g, '(…)')
    .replace(/(?:ahead of|behind)(?= ICR)/, 'ahead of or behind')
    // Values of the tests.
    .replace(/(?<=unknown level, |`(?:required|allowed)-permissions` names )`[^`]*`/, '`…`');
  const fix = normalize(text.slice(causeEnd, fixEnd)).replace(/(?<=levels? for |write for )`[^`]*`/, '`…`');
  return { kind, cause, fix: fix.replace(/(?<=certificate in )\S+(?=, in PEM)/, '…').trim() };
}

/** A message that begins with a name is about it. */
function formOf(cause: string): string {
  const [name = ''] = /^`[^`]*`/.exec(cause) ?? [];
  return `${name}${withoutNames(cause.slice(name.length))}`;
}

function withoutNames(text: string): string {
  return text.replace(/`[^`]*`/g, '`…`').replace(/\([^()]*\)/g, '(…)');
}

/** Whether a row says what another says, `…` standing for anything, and the other's remark at the end for nothing. */
function covers({ kind, cause }: Row): (other: Row) => boolean {
  const parts = cause.replace(/\.$/, '').split('…').map(escapePattern);
  const pattern = new RegExp(`^${parts.join('.+')}(?: \\([^()]*\\))?\\.?$`, 's');
  return (other) => other.kind === kind && pattern.test(other.cause);
}

/** For a cell of a table. Code shows a backslash, but before a vertical bar. */
function escapeText(text: string): string {
  return text
    .replace(/`[^`]*`|[<>*]/g, (part) => (part.startsWith('`') ? part : `\\${part}`))
    .replaceAll('|', '\\|')
    .replaceAll('\n', '<br>');
}

function unescapeText(cell: string): string {
  return cell.replaceAll('<br>', '\n').replace(/\\([<>*|])/g, '$1');
}

function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
