/** Shortens the action's second for tests: a copy of the built action with its one literal changed. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const DIST = new URL('../../../dist/', import.meta.url);
const LITERAL = /^const SECOND_MS = 1000;$/gm;

export interface ShortDist extends AsyncDisposable {
  /** For `StepOptions.dist`. */
  dist: string;
}

/** Production has no input for this: what runs is the built action but for one number, found exactly once a bundle. */
export async function shortenSecond(secondMs: number): Promise<ShortDist> {
  const dist = await mkdtemp(join(tmpdir(), 'icr-dist-'));
  for (const phase of ['main', 'post']) {
    const bundle = await readFile(new URL(`${phase}/index.js`, DIST), 'utf8');
    assert.equal(bundle.match(LITERAL)?.length, 1, `dist/${phase} has exactly one literal for a second`);
    await mkdir(join(dist, phase));
    await writeFile(join(dist, phase, 'index.js'), bundle.replace(LITERAL, `const SECOND_MS = ${secondMs};`));
  }
  return { dist, [Symbol.asyncDispose]: () => rm(dist, { recursive: true, force: true }) };
}
