/** Checks that dist is what the source builds. Runs before all other tests, because they run dist. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { build } from '../support/build.ts';

const DIST = join(import.meta.dirname, '../../dist');

test('dist is what the source builds, byte for byte, and has nothing else', async (t) => {
  const fresh = await mkdtemp(join(tmpdir(), 'icr-build-'));
  t.after(() => rm(fresh, { recursive: true, force: true }));
  await build(fresh);
  assert.deepEqual((await readdir(DIST)).sort(), ['main', 'post']);
  for (const name of ['main', 'post']) {
    const files = await readdir(join(DIST, name));
    assert.deepEqual(files.sort(), ['index.js', 'licenses.txt']);
    for (const file of files) {
      const [built, committed] = await Promise.all([
        readFile(join(fresh, name, file)),
        readFile(join(DIST, name, file)),
      ]);
      assert.ok(built.equals(committed), `dist/${name}/${file} is not what src builds. Run npm run build.`);
    }
  }
});
