/**
 * Runs workflows by a real workflow runner, act, against simulators of ICR and its sandbox:
 *   node test/workflows/run.ts [--log] [beginning of a title …]            the examples, until one fails
 *   node test/workflows/run.ts --file PATH [--event NAME] [--payload FILE] [--granted PERMISSIONS]   one of yours
 * README.md says what a workflow of yours finds.
 */
import { readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { CASES } from './cases.ts';
import { createScene, type Result, type Scene } from './scene.ts';

const { values: options, positionals: titles } = parseArgs({
  allowPositionals: true,
  options: {
    log: { type: 'boolean', default: false },
    file: { type: 'string' },
    event: { type: 'string', default: 'workflow_dispatch' },
    payload: { type: 'string' },
    granted: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (options.help) {
  console.log(
    'Usage: npm run workflows -- [--log] [beginning of a title …], or with a workflow of yours: --file PATH [--event NAME] [--payload FILE] [--granted PERMISSIONS]',
  );
  process.exit();
}
/** act's own steps, and a line for each mask. */
const NOISE = /level=|⭐ Run (?:Set up|Complete)|Set up job|Complete job|Cleaning up|LocalRepositoryCache|⚙ {2}\*\*\*/;

await using scene = await createScene();
if (options.file === undefined) await runExamples(scene);
else await runFile(scene, options.file);

async function runExamples(scene: Scene): Promise<void> {
  const wanted = CASES.filter(({ title }) => isWanted(title));
  if (wanted.length === 0) {
    console.error(`No example's file name begins with ${titles.join(' or ')}.`);
    process.exitCode = 1;
  }
  for (const { title, check } of wanted) {
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
      if (options.log) console.log(abridge(seen?.log));
    } catch (error) {
      console.log(`FAIL ${title}\n${abridge(seen?.log)}`);
      console.log(error instanceof Error ? error.message : String(error));
      process.exitCode = 1;
      break;
    }
  }
}

async function runFile(scene: Scene, file: string): Promise<void> {
  const { event, payload, granted } = options;
  if (granted !== undefined) {
    const entries = granted.split(',').map((part) => part.split(':').map((word) => word.trim()));
    const permissions = Object.fromEntries(
      entries.map(([name = '', level = '']) => [name, level.toUpperCase().replace('READ', 'VIEW')]),
    );
    const { forest, meadow, moor, sandbox, requester } = scene;
    for (const installation of [forest, meadow, moor, sandbox, requester]) installation.permissions = permissions;
  }
  const { exitCode, log, tokens, sandboxTokens } = await scene.run(basename(file), {
    folder: dirname(file),
    event,
    ...(payload === undefined ? {} : { payload: JSON.parse(readFileSync(payload, 'utf8')) }),
    ...(readFileSync(file, 'utf8').includes('sandbox-api.carbonregistry.com') ? scene.ofSandbox : {}),
  });
  console.log(abridge(log));
  for (const { installation, state } of [...tokens, ...sandboxTokens]) {
    console.log(`Token for ${installation?.organization.fullName ?? 'the app'}: ${state}.`);
  }
  console.log(exitCode === 0 ? 'The workflow succeeded.' : 'The workflow failed.');
  process.exitCode = exitCode ?? 1;
}

function isWanted(title: string): boolean {
  return titles.length === 0 || titles.some((beginning) => title.startsWith(beginning));
}

function abridge(log = ''): string {
  const lines = log.split('\n').filter((line) => line !== '' && !NOISE.test(line));
  return lines.map((line) => `     ${line}`).join('\n');
}
