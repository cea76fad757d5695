/**
 * Shortens the action's second for tests: a copy of the built action, or in a coverage run its source, with its one literal changed.
 * A preload that makes timers and `process.uptime()` run faster would be less code, but then the clock under test is a mock:
 * dates, Node's own socket timers and the test's server would disagree with it.
 */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { IS_COVERAGE_RUN } from '../runner.ts';

const ROOT = new URL('../../../', import.meta.url);
const LITERAL = /^(?:export )?const SECOND_MS = 1000;$/gm;

export interface ShortDist extends AsyncDisposable {
  /** For `StepOptions.dist`. */
  dist: string;
}

/** Production has no input for this: what runs is the built action but for one number, found exactly once a bundle. */
export async function shortenSecond(secondMs: number, from = fileURLToPath(new URL('dist', ROOT))): Promise<ShortDist> {
  const dist = await mkdtemp(join(tmpdir(), 'icr-dist-'));
  for (const phase of ['main', 'post']) {
    await mkdir(join(dist, phase));
    await writeFile(
      join(dist, phase, 'index.js'),
      IS_COVERAGE_RUN
        ? await shortSource(phase, secondMs)
        : shorten(await readFile(join(from, phase, 'index.js'), 'utf8'), secondMs),
    );
  }
  return { dist, [Symbol.asyncDispose]: () => rm(dist, { recursive: true, force: true }) };
}

/** Runs the source under its own name, with every character in its place, so that its coverage counts. */
async function shortSource(phase: string, secondMs: number): Promise<string> {
  const file = new URL('src/http/retry.ts', ROOT);
  const source = JSON.stringify(shorten(await readFile(file, 'utf8'), secondMs));
  return `
    require('node:module').registerHooks({
      load: (url, context, next) => ({ ...next(url, context), ...(url === '${file}' ? { source: ${source} } : {}) }),
    });
    require(${JSON.stringify(fileURLToPath(new URL(`src/${phase}.ts`, ROOT)))});
  `;
}

function shorten(code: string, secondMs: number): string {
  assert.equal(code.match(LITERAL)?.length, 1, 'there is exactly one literal for a second');
  return code.replace(LITERAL, (literal) => literal.replace('1000;', `${secondMs};`.padEnd('1000;'.length)));
}
