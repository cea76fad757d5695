/** Checks that a release gets the changelog's words, and that none is made without them. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';

const ROOT = join(import.meta.dirname, '../../..');
const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
const CHANGELOG = readFileSync(join(ROOT, 'CHANGELOG.md'), 'utf8');

function notes(tag: string, changelog: string) {
  const script = join(ROOT, '.ci/release/notes.cjs');
  return spawnSync(process.execPath, [script, tag], { cwd: ROOT, input: changelog, encoding: 'utf8' });
}

describe('Release notes', () => {
  test('are the section of the version, without its heading and the links below', () => {
    const next = '## [9.9.9] - 2026-01-01\n\nNext.\n\n';
    const links = '\n[9.9.9]: https://github.com/x\n';
    const { status, stdout } = notes(
      `v${version}`,
      `# C\n\n${next}## [${version}] - 2026-01-02\n\n### Added\n\n- One\n${links}`,
    );
    assert.equal(status, 0);
    assert.equal(stdout, '### Added\n\n- One\n');
  });

  test('are refused for a version without a section, without a date, or that package.json does not have', () => {
    assert.match(notes('v0.0.1', CHANGELOG).stderr, /no section for 0\.0\.1/);
    assert.match(notes(`v${version}`, `## [${version}] - unreleased\n\n- One\n`).stderr, /gives .* no date/);
    assert.match(notes('v9.9.9', '## [9.9.9] - 2026-01-01\n\n- One\n').stderr, /package\.json has/);
  });

  test('exist for the version in package.json', () => {
    assert.ok(CHANGELOG.includes(`\n## [${version}] - `));
  });
});
