/**
 * Lists everything that the tests make the action say to people, in one Markdown table:
 *   npm run messages                        runs all tests first
 *   npm run messages -- TEST [TEST ...]     runs these files or folders first
 *   npm run messages -- --from FILE         reads what an earlier run recorded with --record FILE
 *   npm run messages -- --write             puts the table into .github/docs/errors.md
 *   npm run messages -- --check             fails if that table has another message, or misses one, or a test fails
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { table } from '../bench/table.ts';
import { compare, type Recorded, readTable, replaceTable, rowsOf } from './page.ts';
import { normalize, sentenceEnds } from './sentences.ts';

const CAUSE_LIMIT = 80;
const FIX_LIMIT = 200;
const RUN = join(import.meta.dirname, '../run.ts');
const PAGE = join(import.meta.dirname, '../../.github/docs/errors.md');

interface Message {
  kind: Recorded['kind'];
  /** The longest of those that differ only in ids, hosts and numbers. */
  text: string;
  tests: Set<string>;
  count: number;
}

const { values, positionals } = parseArgs({
  options: {
    from: { type: 'string' },
    record: { type: 'string' },
    write: { type: 'boolean' },
    check: { type: 'boolean' },
  },
  allowPositionals: true,
});
const recorded = values.from === undefined ? runTests(positionals) : readRecorded(values.from);
if (values.write) writeFileSync(PAGE, replaceTable(readFileSync(PAGE, 'utf8'), rowsOf(recorded)));
else if (values.check) checkPage();
else printList();

function checkPage(): void {
  const { missing, unused } = compare(readTable(readFileSync(PAGE, 'utf8')), recorded);
  for (const { kind, cause } of missing) console.log(`No row for the ${kind}: ${cause}`);
  for (const { kind, cause } of unused) console.log(`No test provokes the ${kind}: ${cause}`);
  if (missing.length + unused.length > 0) {
    console.log('.github/docs/errors.md is out of date. Run `npm run messages -- --write`, and read what changed.');
    process.exitCode = 1;
  }
}

function printList(): void {
  const messages = distinct(recorded).map((message) => ({ ...message, ...measure(message.text) }));

  console.log(`# Messages\n\n${recorded.length} annotations of ${messages.length} kinds.\n`);
  for (const kind of ['error', 'warning', 'notice'] as const) {
    const those = messages.filter((message) => message.kind === kind);
    const [causes, fixes] = [
      those.filter(({ cause }) => cause <= CAUSE_LIMIT),
      those.filter(({ fix }) => fix <= FIX_LIMIT),
    ];
    console.log(
      `- ${kind}: the cause ends within ${CAUSE_LIMIT} characters in ${causes.length} of ${those.length}, the fix within ${FIX_LIMIT} in ${fixes.length} of ${those.length}.`,
    );
  }
  console.log(`\n${listing(messages)}\n## The ten longest\n`);
  console.log(listing([...messages].sort((one, other) => other.text.length - one.text.length).slice(0, 10)));
}

/** The cause is the first sentence and the fix the second. A message of one sentence says both in it. */
function measure(text: string) {
  const [cause = text.length, fix = cause] = sentenceEnds(text);
  return { cause, fix };
}

function listing(rows: readonly (Message & ReturnType<typeof measure>)[]): string {
  const over = (value: number, limit: number) => (value > limit ? `**${value}**` : `${value}`);
  return table(
    ['kind', 'cause', 'fix', 'length', 'times', 'tests', 'message'],
    rows.map(({ kind, cause, fix, text, count, tests }) => [
      kind,
      over(cause, CAUSE_LIMIT),
      over(fix, FIX_LIMIT),
      `${text.length}`,
      `${count}`,
      [...tests].map((path) => basename(path, '.test.ts')).join(', '),
      text.replace(/[|<>*_]/g, '\\$&').replaceAll('\n', '<br>'),
    ]),
  );
}

function distinct(all: readonly Recorded[]): Message[] {
  const byText = new Map<string, Message>();
  for (const { kind, text, test } of all) {
    const key = `${kind} ${normalize(text)}`;
    const message = byText.get(key) ?? { kind, text, tests: new Set<string>(), count: 0 };
    message.count += 1;
    message.tests.add(test);
    if (text.length > message.text.length) message.text = text;
    byText.set(key, message);
  }
  return [...byText].sort(([one], [other]) => one.localeCompare(other)).map(([, message]) => message);
}

/** A failing test is reported, and its messages are listed all the same. */
function runTests(files: readonly string[]): Recorded[] {
  const folder = mkdtempSync(join(tmpdir(), 'icr-messages-'));
  const file = values.record === undefined ? join(folder, 'messages.jsonl') : resolve(values.record);
  rmSync(file, { force: true });
  try {
    const env = { ...process.env, ICR_MESSAGES_FILE: file };
    const { status } = spawnSync(process.execPath, [RUN, ...files], { env, stdio: ['ignore', 2, 2] });
    if (status !== 0) {
      console.error('Some tests failed. The list may be incomplete.');
      process.exitCode = 1;
    }
    return readRecorded(file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readRecorded(file: string): Recorded[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line));
}
