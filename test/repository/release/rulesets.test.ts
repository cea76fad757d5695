/** Checks that GitHub can import the rulesets, and that the checks that they require exist. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';

const ROOT = join(import.meta.dirname, '../../..');

describe('The rulesets', () => {
  const files = readdirSync(join(ROOT, '.github/rulesets'));
  const read = (file: string) => JSON.parse(readFileSync(join(ROOT, '.github/rulesets', file), 'utf8'));

  test('have what GitHub imports: a name, a target, conditions, rules and nothing of another repository', () => {
    assert.deepEqual(files, ['main.json', 'release-branches.json', 'tags.json', 'version-tags.json']);
    for (const file of files) {
      const ruleset = read(file);
      const keys = ['bypass_actors', 'conditions', 'enforcement', 'name', 'rules', 'target'];
      assert.deepEqual(new Set(Object.keys(ruleset)), new Set(keys), file);
      assert.equal(ruleset.enforcement, 'active');
      assert.match(ruleset.target, /^(?:branch|tag)$/);
      assert.deepEqual(new Set(Object.keys(ruleset.conditions.ref_name)), new Set(['exclude', 'include']));
    }
  });

  test('require checks that the workflows have, each from GitHub Actions', () => {
    const { parameters } = read('main.json').rules.find(
      ({ type }: { type: string }) => type === 'required_status_checks',
    );
    const workflows = ['ci', 'self-test', 'dependencies'].map((name) =>
      readFileSync(join(ROOT, `.github/workflows/${name}.yml`), 'utf8'),
    );
    const names = workflows.flatMap((text) => [...text.matchAll(/^ {4}name: (.*)$/gm)].map(([, name = '']) => name));
    const expanded = names.flatMap((name) =>
      name.includes('matrix.os')
        ? ['ubuntu-latest', 'windows-latest', 'macos-latest'].map((os) => name.replace(/\$\{\{.*\}\}/, os))
        : [name],
    );
    const required: { context: string; integration_id: number }[] = parameters.required_status_checks;
    assert.deepEqual(new Set(required.map(({ context }) => context)), new Set(expanded));
    assert.ok(required.every(({ integration_id }) => integration_id === 15368));
  });
});
