/** Tests the scripts of the recipes that need no workflow runner. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { unindent } from '../support/yaml.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'icr-recipes-'));
});
after(() => rm(folder, { recursive: true }));

const HAS_JQ = spawnSync('jq', ['--version']).status === 0;

describe('The CSV of nightly-inventory.yml', { skip: !HAS_JQ || process.platform === 'win32' }, () => {
  const credit = (serialization: string, id: string, fullName = 'Forest') => {
    return { id, serialization, amount: 1200, type: 'exPost', project: { id: 'p', fullName } };
  };

  test('is the same in whatever order the credits come', async () => {
    const credits = [credit('ICR-2', 'b'), credit('ICR-1', 'c'), credit('ICR-2', 'a')];
    const csv = await toCsv({ organizationId: 'org', credits });
    const rows = ['"ICR-1","exPost",1200,"Forest","c"', '"ICR-2","exPost",1200,"Forest","a"'];
    assert.deepEqual(csv.split('\n').slice(0, 3), ['"serialization","type","amount","project","id"', ...rows]);
    assert.equal(await toCsv({ organizationId: 'org', credits: credits.toReversed() }), csv);
  });

  test('keeps quotes, commas and line ends of a name in its field', async () => {
    const csv = await toCsv({ credits: [credit('ICR-1', 'a', 'Forest "North",\nÁlfabrekka')] });
    assert.match(csv, /,"Forest ""North"",\nÁlfabrekka","a"\n$/);
  });

  test('has its header alone if there are no credits', async () => {
    assert.equal(await toCsv({ credits: [] }), '"serialization","type","amount","project","id"\n');
  });

  test('is not written from another answer: the step fails', async () => {
    for (const body of [{ message: 'Forbidden resource', statusCode: 403 }, [], '']) await assert.rejects(toCsv(body));
  });
});

/** act ignores these, so no case would notice if they were gone. */
describe('The example', () => {
  for (const [name, ...texts] of [
    ['nightly-inventory.yml', 'fail-fast: false', 'environment: icr', 'contents: write', 'issues: write'],
    ['retire.yml', 'environment: retire', 'queue: max', 'permissions: {}'],
    ['pull-request.yml', 'environment: pull-requests', 'permissions: {}'],
    ['organization-report.yml', `environment: \${{ inputs.environment }}`],
  ] as const) {
    test(`${name} has what act does not know: ${texts.join(', ')}`, () => {
      const lines = readWorkflow(name)
        .split('\n')
        .map((line) => line.replace(/ #.*/, '').trim());
      for (const text of texts) assert.ok(lines.includes(text), text);
    });
  }
});

/** Runs the step's script with a curl that prints `body`. */
async function toCsv(body: unknown): Promise<string> {
  const workflow = readWorkflow('nightly-inventory.yml');
  const [, indented = ''] = /- name: Write the inventory as CSV\n {8}run: \|\n((?: {10}.*\n)+)/.exec(workflow) ?? [];
  await writeFile(join(folder, 'answer.json'), JSON.stringify(body));
  await writeFile(join(folder, 'curl'), `#!/bin/sh\ncat '${join(folder, 'answer.json')}'\n`, { mode: 0o755 });
  execFileSync('bash', ['-e', '-c', unindent(indented)], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: [folder, process.env['PATH']].join(delimiter), RUNNER_TEMP: folder, NAME: 'forest' },
  });
  return readFile(join(folder, 'inventory/forest.csv'), 'utf8');
}

function readWorkflow(name: string): string {
  return readFileSync(join(import.meta.dirname, '../workflows', name), 'utf8');
}
