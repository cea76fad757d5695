/**
 * Runs every example workflow by a real workflow runner: node test/workflows/run.ts [--log] [beginning of a title …]
 * Prints a line for each, and ends with exit code 1 at the first of which something else came than should.
 */
import { CASES } from './cases.ts';
import { createScene, type Result } from './scene.ts';

const isLogWanted = process.argv.includes('--log');
const titles = process.argv.slice(2).filter((argument) => argument !== '--log');
/** act's own steps, and a line for each mask. */
const NOISE = /level=|⭐ Run (?:Set up|Complete)|Set up job|Complete job|Cleaning up|LocalRepositoryCache|⚙ {2}\*\*\*/;

await using scene = await createScene();
for (const { title, check } of CASES.filter(({ title }) => isWanted(title))) {
  const started = performance.now();
  let seen: Result | undefined;
  const watched: typeof scene = {
    ...scene,
    run: async (...call) => {
      seen = await scene.run(...call);
      return seen;
    },
  };
  try {
    await check(watched);
    console.log(`ok   ${title} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
    if (isLogWanted) console.log(abridge(seen?.log));
  } catch (error) {
    console.log(`FAIL ${title}\n${abridge(seen?.log)}`);
    console.log(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
    break;
  }
}

function isWanted(title: string): boolean {
  return titles.length === 0 || titles.some((beginning) => title.startsWith(beginning));
}

function abridge(log = ''): string {
  const lines = log.split('\n').filter((line) => line !== '' && !NOISE.test(line));
  return lines.map((line) => `     ${line}`).join('\n');
}
