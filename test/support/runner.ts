/** Owns running the built action as GitHub's runner does: a process, its environment and its command files. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const WITHOUT_NOISE = '--disable-warning=MODULE_TYPELESS_PACKAGE_JSON';
/** The coverage run measures the source itself, which Node 24 runs as it is. */
const ENTRIES =
  process.env['NODE_V8_COVERAGE'] === undefined
    ? { main: ['dist/main/index.js'], post: ['dist/post/index.js'] }
    : { main: [WITHOUT_NOISE, 'src/main.ts'], post: [WITHOUT_NOISE, 'src/post.ts'] };

export interface StepOptions {
  inputs: Readonly<Record<string, string>>;
  /** On top of, or with undefined instead of, what the runner sets. */
  env?: Readonly<Record<string, string | undefined>>;
  event?: { name: string; payload: unknown };
  /** A folder with `main/index.js` and `post/index.js` in place of the built action's. */
  dist?: string;
}

export interface Result {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
  /** What a person sees: lines that are no commands. */
  log: string[];
  masks: string[];
  errors: string[];
  warnings: string[];
  notices: string[];
  outputs: Map<string, string>;
  state: Map<string, string>;
  summary: string;
  milliseconds: number;
}

export interface Step extends AsyncDisposable {
  main(during?: (child: ChildProcess) => void): Promise<Result>;
  /** With the state that main left. */
  post(env?: Readonly<Record<string, string | undefined>>, during?: (child: ChildProcess) => void): Promise<Result>;
}

type Phase = 'main' | 'post';

export async function startStep(options: StepOptions): Promise<Step> {
  const folder = await mkdtemp(join(tmpdir(), 'icr-step-'));
  const state = new Map<string, string>();

  async function run(phase: Phase, env: StepOptions['env'], during?: (child: ChildProcess) => void): Promise<Result> {
    const files = { GITHUB_OUTPUT: '', GITHUB_STATE: '', GITHUB_STEP_SUMMARY: '', GITHUB_ENV: '', GITHUB_PATH: '' };
    for (const name of Object.keys(files) as (keyof typeof files)[]) {
      files[name] = join(folder, `${phase}-${name.toLowerCase()}`);
      await writeFile(files[name], '');
    }
    const eventPath = join(folder, 'event.json');
    await writeFile(eventPath, JSON.stringify(options.event === undefined ? {} : options.event.payload));
    const environment = definedOnly({
      PATH: process.env['PATH'],
      NODE_V8_COVERAGE: process.env['NODE_V8_COVERAGE'],
      CI: 'true',
      GITHUB_ACTIONS: 'true',
      GITHUB_REPOSITORY: 'octo-org/octo-repo',
      GITHUB_ACTOR: 'octocat',
      GITHUB_EVENT_NAME: options.event?.name ?? 'push',
      GITHUB_EVENT_PATH: eventPath,
      RUNNER_TEMP: folder,
      RUNNER_OS: 'Linux',
      ...files,
      ...Object.fromEntries(
        Object.entries(options.inputs).map(([name, text]) => [`INPUT_${name.toUpperCase()}`, text]),
      ),
      ...Object.fromEntries(phase === 'post' ? [...state].map(([name, text]) => [`STATE_${name}`, text]) : []),
      ...options.env,
      ...env,
    });
    const started = performance.now();
    const command = options.dist === undefined ? ENTRIES[phase] : [join(options.dist, phase, 'index.js')];
    const child = spawn(process.execPath, command, { cwd: ROOT, env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
    const ended = collect(child);
    during?.(child);
    const { exitCode, signal, ...printed } = await ended;
    const [stdout, stderr] = [unixLines(printed.stdout), unixLines(printed.stderr)];
    const commands = [...stdout.matchAll(/^::([a-z-]+)(?: [^:]*)?::(.*)$/gm)];
    const named = (name: string) =>
      commands.filter((command) => command[1] === name).map((command) => decodeCommand(command[2]));
    const result: Result = {
      exitCode,
      signal,
      stdout,
      stderr,
      log: stdout.split('\n').filter((line) => line !== '' && !line.startsWith('::')),
      masks: named('add-mask'),
      errors: named('error'),
      warnings: named('warning'),
      notices: named('notice'),
      outputs: parseCommandFile(await readText(files.GITHUB_OUTPUT)),
      state: parseCommandFile(await readText(files.GITHUB_STATE)),
      summary: await readText(files.GITHUB_STEP_SUMMARY),
      milliseconds: performance.now() - started,
    };
    if (phase === 'main') for (const [name, text] of result.state) state.set(name, text);
    return result;
  }

  return {
    main: (during) => run('main', {}, during),
    post: (env = {}, during) => run('post', env, during),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** For tests that send signals, which Windows does not have. */
export const WITH_SIGNALS = { skip: process.platform === 'win32' };

/** What the runner shows and writes of a run where a person may look, as one text: all but masks, token and state. */
export function visibleText(result: Result): string {
  const lines = result.stdout.split('\n').filter((line) => !line.startsWith('::add-mask::'));
  const outputs = [...result.outputs].filter(([name]) => name !== 'token').flat();
  return [...lines, result.stderr, ...outputs, result.summary].join('\n');
}

/** Every failed step: exit code 1, one annotation that ends in a full stop, no stack trace, no token. */
export function assertFailed(result: Result, sentence: RegExp): void {
  const told = `${result.stdout}${result.stderr}`;
  assert.equal(result.exitCode, 1, told);
  assert.equal(result.errors.length, 1, told);
  assert.match(result.errors[0] ?? '', sentence);
  assert.equal(result.warnings.length + result.notices.length, 0, told);
  assert.equal(result.stderr, '');
  assert.doesNotMatch(told, /^\s+at .*:\d+/m);
  assert.ok((result.errors[0] ?? '').length <= 4096);
  assert.equal(result.outputs.get('token'), undefined);
}

export function assertSucceeded(result: Result): void {
  const told = `${result.stdout}${result.stderr}`;
  assert.equal(result.exitCode, 0, told);
  assert.deepEqual(result.errors, []);
  assert.equal(result.stderr, '');
}

async function collect(child: ChildProcess) {
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return new Promise<Pick<Result, 'exitCode' | 'signal' | 'stdout' | 'stderr'>>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode, signal) => resolve({ exitCode, signal, stdout, stderr }));
  });
}

/** The runner's reading of a command file: `name<<delimiter`, lines, delimiter; of a name given twice the later. */
function parseCommandFile(text: string): Map<string, string> {
  const entries = [...text.matchAll(/^(.+?)<<(ghadelimiter_[\w-]+)\n(.*?)\n\2$/gms)];
  return new Map(entries.map(([, name = '', , value = '']) => [name, value]));
}

/** The toolkit ends lines as the system does, and the runner reads both. */
function unixLines(text: string): string {
  return process.platform === 'win32' ? text.replaceAll('\r\n', '\n') : text;
}

function decodeCommand(text = ''): string {
  return text.replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%25', '%');
}

async function readText(path: string): Promise<string> {
  return unixLines(await readFile(path, 'utf8').catch(() => ''));
}

function definedOnly(environment: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
