/** Reading the list of installations: when it ends, what it says on the way, and how it is described. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Installation, InstallationPage } from '../../src/icr/responses.ts';
import { createTally, eachInstallation } from '../../src/token/installation-list.ts';

/** More pages than any test has: a loop that waits for nothing would never let a time limit end it. */
const MAX_PAGES = 1000;

function listOf(page: (index: number) => InstallationPage) {
  return {
    listInstallations: async (index: number) => {
      assert.ok(index < MAX_PAGES, 'the list is read on and on');
      return page(index);
    },
  };
}

function installations(from: number, count: number): Installation[] {
  return Array.from({ length: count }, (_, index) => ({ id: `id-${from + index}`, organization: undefined }));
}

async function read(...args: Parameters<typeof eachInstallation>): Promise<number> {
  let count = 0;
  for await (const _ of eachInstallation(...args)) count += 1;
  return count;
}

async function printedBy(work: () => Promise<unknown>): Promise<string> {
  const { write } = process.stdout;
  let printed = '';
  process.stdout.write = (text) => {
    printed += String(text);
    return true;
  };
  try {
    await work();
  } finally {
    process.stdout.write = write;
  }
  return printed;
}

test('a list without end is an error, long before memory is', { timeout: 60_000 }, async () => {
  const endless = listOf((index) => ({ installations: installations(index * 50_000, 50_000), total: undefined }));
  await assert.rejects(read(endless), /^Error: The list of installations does not end\. Set `installation-id`/);
});

test('a list that takes long says how far it is, about every ten seconds', { timeout: 60_000 }, async () => {
  const pages = listOf((index) => ({ installations: installations(index * 100, index < 8 ? 100 : 0), total: 5000 }));
  let seconds = 0;
  const clock = () => {
    seconds += 2;
    return seconds * 1000;
  };
  const printed = await printedBy(() => read(pages, { nowMs: clock }));
  const lines = printed.split('\n').filter((line) => line !== '');
  assert.equal(lines[0], 'Still reading the list of installations: 500 of 5000 so far.');
  assert.equal(lines.length, 1);
});

test('ids in a list are whole, and the list fits an annotation', () => {
  const tally = createTally(true);
  const id = (index: number) => `${index}${'x'.repeat(126)}`;
  for (let index = 10; index < 60; index += 1) {
    tally.add({ id: id(index), organization: { id: id(index + 100).slice(0, 128), name: 'A name' } });
  }
  const text = tally.describe();
  assert.ok(text.length < 3800, `${text.length}`);
  const listed = text.match(/\(installation \d+x{126}\)/g)?.length ?? 0;
  assert.ok(listed > 5);
  assert.ok(text.endsWith(`, and ${50 - listed} more`));
});
