/**
 * Runs workflows by a real workflow runner, act, against simulators of ICR and its sandbox:
 *   node test/workflows/run.ts [--log] [beginning of a title …]            the examples, until one fails
 *   node test/workflows/run.ts --file PATH [--event NAME] [--payload FILE] [--granted PERMISSIONS]   one of yours
 * README.md says what a workflow of yours finds.
 */
import { readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { parse } from 'yaml';
import type { Run } from './act.ts';
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
/** Its text is encoded, which act leaves so. */
const COMMAND = /::(?:error|warning|notice)\b.*/;
/** All that the simulator's installations hold, for a workflow that names no permissions. */
const GRANTED = 'organization_info: read, organization_inventory: request, organization_warehouse: write';

// First, so that what can't be read is refused before anything starts.
const own = options.file === undefined ? undefined : readOwn(options.file);
await using scene = await createScene();
if (own === undefined) await runExamples(scene);
else await runFile(scene, own);

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

interface Own extends Pick<Run, 'workflow' | 'event' | 'payload' | 'folder'> {
  granted: string;
  isOfSandbox: boolean;
}

function readOwn(file: string): Own {
  const { event, payload, granted } = options;
  const { text, events, permissions } = read(file, readWorkflow);
  if (!events.includes(event)) {
    refuse(`${event} doesn't start ${file}. Set \`--event\` to one of its events: ${events.join(', ')}.`);
  }
  return {
    workflow: basename(file),
    folder: dirname(file),
    event,
    ...(payload === undefined ? {} : { payload: read(payload, readObject) }),
    granted: granted ?? permissions,
    isOfSandbox: text.includes('sandbox-api.carbonregistry.com'),
  };
}

function readWorkflow(text: string) {
  const inputs = new Map<unknown, string>();
  const workflow = parse(text, (key, value) => {
    if (typeof value === 'string') inputs.set(key, value);
    return value;
  });
  const on = workflow?.on ?? [];
  const events = typeof on === 'string' ? [on] : Array.isArray(on) ? on : Object.keys(on);
  if (events.length === 0) throw new Error('It has no `on:`');
  const named = ['allowed-permissions', 'required-permissions'].map((name) => inputs.get(name));
  // Every installation has organization_info.
  const permissions = named.find((list) => list?.includes(':') && !list.includes('${{'));
  return { text, events, permissions: permissions === undefined ? GRANTED : `organization_info: read, ${permissions}` };
}

function readObject(text: string): object {
  const payload = JSON.parse(text);
  if (payload?.constructor !== Object) throw new Error('It must be a JSON object');
  return payload;
}

function read<T>(path: string, parseText: (text: string) => T): T {
  try {
    return parseText(readFileSync(path, 'utf8'));
  } catch (error) {
    const [reason] = (error as Error).message.split('\n');
    return refuse(`${path} can't be read: ${reason}`);
  }
}

function refuse(sentence: string): never {
  console.error(sentence);
  process.exit(1);
}

async function runFile(scene: Scene, { workflow, granted, isOfSandbox, ...run }: Own): Promise<void> {
  const entries = granted.split(/[,\n]/).map((entry) => entry.split(':').map((word) => word.trim()));
  const permissions = Object.fromEntries(
    entries
      .filter(([name]) => name !== '')
      .map(([name = '', level = '']) => [name, level.toUpperCase().replace('READ', 'VIEW')]),
  );
  const { forest, meadow, moor, sandbox, requester } = scene;
  for (const installation of [forest, meadow, moor, sandbox, requester]) installation.permissions = permissions;
  const { exitCode, log, tokens, sandboxTokens } = await scene.run(workflow, {
    ...run,
    ...(isOfSandbox ? scene.ofSandbox : {}),
  });
  console.log(abridge(log));
  for (const { installation, state } of [...tokens, ...sandboxTokens]) {
    console.log(`Token for ${installation?.organization.fullName ?? 'the app'}: ${state}.`);
  }
  // act 0.2.89 goes on without it, and ends well.
  const isWhole = !log.includes('Unable to interpolate expression');
  if (!isWhole) console.log("act could not evaluate an expression. If GitHub can't either, the job fails there.");
  const succeeded = exitCode === 0 && isWhole;
  console.log(succeeded ? 'The workflow succeeded.' : 'The workflow failed.');
  process.exitCode = succeeded ? 0 : 1;
}

function isWanted(title: string): boolean {
  return titles.length === 0 || titles.some((beginning) => title.startsWith(beginning));
}

function abridge(log = ''): string {
  const lines = log.split('\n').filter((line) => line !== '' && !NOISE.test(line));
  return lines.map((line) => `     ${line.replace(COMMAND, (text) => text.replaceAll('%25', '%'))}`).join('\n');
}
