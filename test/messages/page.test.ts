/** Checks the table of messages in .github/docs/errors.md, as `npm run messages` makes and compares it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compare, type Recorded, readTable, replaceTable, rowsOf } from './page.ts';

function recorded(...texts: string[]): Recorded[] {
  return texts.map((text) => ({ kind: 'error', phase: 'main', test: 'x', text }));
}

function causes(...texts: string[]): string[] {
  return rowsOf(recorded(...texts)).map(({ cause }) => cause);
}

test('a message is a row by its first sentence, and its second is the fix', () => {
  assert.deepEqual(rowsOf(recorded('`jwt` has no claim `iss`. Sign another. ICR answered 401.')), [
    { kind: 'error', cause: '`jwt` has no claim `iss`.', fix: 'Sign another.' },
  ]);
});

test('messages that differ in values are one row', () => {
  assert.deepEqual(causes('ICR answered 502 (3 attempts).', 'ICR answered 500 (12 attempts).'), [
    'ICR answered … (… attempts).',
  ]);
  assert.deepEqual(causes('It lacks `a: read`.', 'It lacks `b: read`.'), ['It lacks `…`.']);
  assert.deepEqual(causes('`x` has `a` (1).', '`x` has `b` (c).'), ['`x` has `…` (…).']);
  assert.deepEqual(causes('Not “a. b”.', 'Not “c”.'), ['Not “…”.']);
  assert.deepEqual(causes('Not for organization … now.', 'Not for organization unknown now.'), [
    'Not for organization … now.',
  ]);
  assert.deepEqual(causes('No such host: api.x.com:443 is not.', 'No such host: api.x.com is not.'), [
    'No such host: api.x.com is not.',
  ]);
  assert.deepEqual(causes('It is a fork (octo-org/octo-repo).'), ['It is a fork (…).']);
  assert.deepEqual(causes('It is 3 s ahead of ICR’s.', 'It is 5 s behind ICR’s.'), [
    'It is … s ahead of or behind ICR’s.',
  ]);
});

test('a message with a remark at its end has the row of the message without it', () => {
  const page = rowsOf(recorded('It lacks `a`.', 'It lacks `b`.', 'It lacks `b` (it has c).', 'A fork (x).'));
  assert.deepEqual(
    page.map(({ cause }) => cause),
    ['A fork (x).', 'It lacks `…`.'],
  );
  assert.deepEqual(compare(page, recorded('It lacks `b` (d).', 'A fork (x).')), { missing: [], unused: [] });
});

test('a fix that differs in names is told without them', () => {
  const [row] = rowsOf(recorded('`x` has `a`. Use `b` for `a`.', '`x` has `c`. Use `b` for `c`.'));
  assert.equal(row?.fix, 'Use `…` for `…`.');
});

test('messages about different inputs, and of different kinds, are different rows', () => {
  assert.deepEqual(causes('`a` is wrong.', '`b` is wrong.'), ['`a` is wrong.', '`b` is wrong.']);
  assert.equal(rowsOf([...recorded('X.'), { kind: 'notice', phase: 'main', test: 'x', text: 'X.' }]).length, 2);
});

test('a page is read as it was written, and what is around the table stays', () => {
  const rows = rowsOf(recorded('`a|b` or c|d is <x> *y*. Use `e*`.', 'One sentence.'));
  const page = replaceTable('# Errors\n', rows);
  assert.deepEqual(readTable(page), rows);
  assert.equal(replaceTable(`${page}\n## More\n`, rows), `${page}\n## More\n`);
  assert.match(page, /^# Errors\n/);
});

test('a page without a table can’t be compared', () => {
  assert.throws(() => readTable('# Errors\n'), /has no table/);
});

test('a message without a row and a row without a message are told', () => {
  const page = rowsOf(recorded('ICR answered 502 (3 attempts).', 'Old.'));
  const { missing, unused } = compare(page, recorded('ICR answered 504 (1 attempts).', 'New one. Fix it.'));
  assert.deepEqual(
    [missing, unused].map((rows) => rows.map(({ cause }) => cause)),
    [['New one.'], ['Old.']],
  );
});
