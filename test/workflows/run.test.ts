/** Checks what `npm run workflows -- --file` refuses before it starts act. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

const WORKFLOWS = import.meta.dirname;
const TOKEN = join(WORKFLOWS, 'token.yml');

for (const [title, options, sentence] of [
  ['a file that is missing', ['--file', 'missing.yml'], /^missing\.yml can't be read: ENOENT.*\n$/],
  ['a folder', ['--file', WORKFLOWS], /^\S+ can't be read: E.*\n$/],
  ['a file that is no workflow', ['--file', 'action.yml'], /^action\.yml can't be read: It has no `on:`\n$/],
  ['a payload that is missing', ['--file', TOKEN, '--payload', 'no.json'], /^no\.json can't be read: ENOENT.*\n$/],
  [
    'a payload that is not JSON',
    ['--file', TOKEN, '--payload', 'action.yml'],
    /^action\.yml can't be read: .*JSON.*\n$/,
  ],
  [
    'an event that the file does not have',
    ['--file', join(WORKFLOWS, 'pull-request.yml')],
    /^workflow_dispatch doesn't start \S+pull-request\.yml\. Set `--event` to one of its events: pull_request\.\n$/,
  ],
] as const) {
  test(`${title} is refused by a sentence`, () => refuses(options, sentence));
}

test('a payload that is not an object, and a file that is not YAML, are refused by a sentence', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'icr-own-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'list.yml');
  writeFileSync(file, '[1]');
  refuses(['--file', TOKEN, '--payload', file], /can't be read: It must be a JSON object\n$/);
  writeFileSync(file, 'on: [');
  refuses(['--file', file], /^\S+ can't be read: .*\n$/);
});

function refuses(options: readonly string[], sentence: RegExp): void {
  // Without a path, neither Go nor git is found, so that nothing can start.
  const run = spawnSync(process.execPath, [join(WORKFLOWS, 'run.ts'), ...options], {
    cwd: join(WORKFLOWS, '../..'),
    encoding: 'utf8',
    env: { ...process.env, PATH: '' },
  });
  assert.match(run.stderr, sentence);
  assert.deepEqual([run.status, run.stdout], [1, '']);
}
