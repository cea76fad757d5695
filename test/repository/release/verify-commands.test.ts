/** Checks that SECURITY.md verifies what release.yml attests, and as strictly as it can be verified. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, test } from 'node:test';
import { parse } from 'yaml';

const ROOT = join(import.meta.dirname, '../../..');

interface Step {
  uses?: string;
  with?: Readonly<Record<string, string>>;
}

describe('The commands of SECURITY.md', () => {
  const security = readFileSync(join(ROOT, 'SECURITY.md'), 'utf8');
  const loops = [...security.matchAll(/for file in ([^;]+); do\n([\s\S]*?)\ndone/g)].map(
    ([, files = '', body = '']) => ({
      files: files.split(' '),
      body,
    }),
  );
  const workflow = parse(readFileSync(join(ROOT, '.github/workflows/release.yml'), 'utf8'));
  const attested = (workflow.jobs.release.steps as Step[]).flatMap(({ uses, with: inputs }) =>
    uses?.startsWith('actions/attest@') === true ? [inputs ?? {}] : [],
  );

  test('name each file that the release attests, and no other', () => {
    assert.equal(loops.length, attested.length);
    for (const [index, inputs] of attested.entries()) {
      const subjects = (inputs['subject-path'] ?? '').trim().split('\n');
      // The SBOM is made during the release; the user downloads it beside the others.
      const files = subjects.map((path) => path.replace(/^\$\{\{ runner\.temp \}\}\//, ''));
      assert.deepEqual(loops[index]?.files, files);
    }
  });

  test('say which predicate they verify, if it is not the provenance', () => {
    for (const [index, inputs] of attested.entries()) {
      const type = /--predicate-type (\S+)/.exec(loops[index]?.body ?? '')?.[1];
      assert.equal(type, inputs['predicate-type']);
    }
  });

  test('demand this workflow, a protected branch, the commit, and a runner of GitHub’s', () => {
    for (const { body } of loops) {
      const signer = /--signer-workflow OWNER\/create-icr-app-token\/(\S+)/.exec(body)?.[1] ?? '';
      assert.equal(basename(signer), 'release.yml');
      assert.ok(existsSync(join(ROOT, signer)), signer);
      assert.match(body, /--repo OWNER\/create-icr-app-token\b/);
      assert.match(body, /--source-ref refs\/heads\/main\b/);
      assert.match(body, /--source-digest "\$SHA"/);
      assert.match(body, /--deny-self-hosted-runners/);
    }
  });

  test('download assets that the release has', () => {
    const publish = readFileSync(join(ROOT, '.ci/release/publish.cjs'), 'utf8');
    const patterns = [...security.matchAll(/--pattern (\S+)/g)].map(([, pattern = '']) => pattern);
    assert.equal(patterns.length, 2);
    for (const pattern of patterns) assert.ok(publish.includes(`'${pattern}'`), pattern);
  });
});
