/** Checks that a command that fails in a script of .github/workflows fails its step. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';

const FOLDER = join(import.meta.dirname, '../../.github/workflows');

interface Workflow {
  jobs: Record<string, { steps: { id?: string; run?: string; shell?: string }[] }>;
}

const steps = readdirSync(FOLDER).flatMap((file) => {
  const { jobs }: Workflow = parse(readFileSync(join(FOLDER, file), 'utf8'));
  return Object.values(jobs).flatMap((job) => job.steps.map(({ run = '', ...step }) => ({ file, run, ...step })));
});

// bash -e sees what a command substitution ends with only if nothing but an assignment is around it.
test('a command substitution in a workflow is assigned to a variable and nothing else', () => {
  for (const { file, run } of steps) {
    for (const line of run.split('\n')) assert.doesNotMatch(line, /^(?!\s*\w+="?\$\([^)]*\)"?$).*(?:\$\(|`)/, file);
  }
});

// Without `shell: bash`, GitHub starts bash without `pipefail`.
test('a pipe in a workflow is run with pipefail', () => {
  for (const { file, run, shell } of steps) {
    if (/(?<!\|)\|(?!\|)/.test(run)) assert.equal(shell, 'bash', `${file}: ${run}`);
  }
});

test('the release ends if its SBOM can’t be made', { skip: process.platform === 'win32' }, (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'icr-workflows-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'node'), '#!/bin/sh\nexit 3\n', { mode: 0o755 });
  const run = steps.find(({ file, id }) => file === 'release.yml' && id === 'sbom')?.run ?? 'exit 0';
  const env = { PATH: [folder, process.env['PATH']].join(delimiter), GITHUB_OUTPUT: join(folder, 'output') };
  assert.equal(spawnSync('bash', ['-e', '-c', run], { env }).status, 3);
});
