/** Runs the built action as GitHub's runner does: a process with its environment and its command files. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readEntries } from './yaml.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** The action itself ends within 105 s: main's requests in 90 s, then the revocation in 15 s. */
const LIMIT_SECONDS = 120;
/** The coverage run measures the source itself, which Node 24 runs without a build. */
export const IS_COVERAGE_RUN = process.env['NODE_V8_COVERAGE'] !== undefined;
/** Those that `test/run.ts` gives, so that a step from source prints no warning either. */
const NODE_OPTIONS = IS_COVERAGE_RUN
  ? process.execArgv.filter((option) => option.startsWith('--disable-warning='))
  : [];
const ENTRIES = IS_COVERAGE_RUN
  ? { main: 'src/main.ts', post: 'src/post.ts' }
  : { main: 'dist/main/index.js', post: 'dist/post/index.js' };

const INPUTS = readEntries(readFileSync(join(ROOT, 'action.yml'), 'utf8'), 'inputs');

export interface StepOptions {
  /** The others have their defaults, as GitHub's runner sets them. */
  inputs: Readonly<Record<string, string>>;
  /** Inputs that get lost on the way: their variables are not set. */
  absentInputs?: readonly string[];
  /** Added to what the runner sets; undefined removes a variable. */
  env?: Readonly<Record<string, string | undefined>>;
  event?: { name: string; payload: unknown };
  /** A folder with `main/index.js` and `post/index.js`, to run instead of the built action. */
  dist?: string;
  /** After this time the step is killed and the test fails. Default: 120. */
  limitSeconds?: number;
}

export interface Result {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
  /** The lines of the log that are not workflow commands. */
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
  /** Gets the state that main saved. */
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
      ...inputVariables(options),
      ...Object.fromEntries(phase === 'post' ? [...state].map(([name, text]) => [`STATE_${name}`, text]) : []),
      ...options.env,
      ...env,
    });
    const started = performance.now();
    const entry = options.dist === undefined ? ENTRIES[phase] : join(options.dist, phase, 'index.js');
    const child = spawn(process.execPath, [...NODE_OPTIONS, entry], {
      cwd: ROOT,
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const ended = collect(child, options.limitSeconds ?? LIMIT_SECONDS);
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
    recordMessages(phase, result);
    if (phase === 'main') for (const [name, text] of result.state) state.set(name, text);
    return result;
  }

  return {
    main: (during) => run('main', {}, during),
    post: (env = {}, during) => run('post', env, during),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

function inputVariables({ inputs, absentInputs = [] }: StepOptions): Record<string, string> {
  const defaults = Object.fromEntries(INPUTS.map((input) => [input.name, input.default]));
  const set = Object.entries({ ...defaults, ...inputs }).filter(([name]) => !absentInputs.includes(name));
  return Object.fromEntries(set.map(([name, text]) => [`INPUT_${name.toUpperCase()}`, text]));
}

/** For tests that send signals. Windows has none. */
export const WITH_SIGNALS = { skip: process.platform === 'win32' };

/** Sends the signal when the moment comes. A step that ends before it gets none. */
export function signalWhen(child: ChildProcess, signal: NodeJS.Signals, hasCome: () => boolean): void {
  const timer = setInterval(() => {
    if (!hasCome()) return;
    clearInterval(timer);
    child.kill(signal);
  }, 5);
  child.once('close', () => clearInterval(timer));
}

/** Everything that people can read of a run, as one text: the log, the outputs except `token`, and the summary. */
export function visibleText(result: Result): string {
  const lines = result.stdout.split('\n').filter((line) => !line.startsWith('::add-mask::'));
  const outputs = [...result.outputs].filter(([name]) => name !== 'token').flat();
  return [...lines, result.stderr, ...outputs, result.summary].join('\n');
}

/** Checks what is true of every failed step: exit code 1, one annotation, no stack trace, no `token` output. */
export function assertFailed(result: Result, sentence: RegExp): void {
  const told = `${result.stdout}${result.stderr}`;
  assert.equal(result.exitCode, 1, told);
  assert.equal(result.errors.length, 1, told);
  assert.match(result.errors[0] ?? '', sentence);
  assert.match(result.stdout, /^::error title=Create ICR App Token::/m);
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

/** @throws Error if the step has not ended, and closed its output, within the limit */
async function collect(child: ChildProcess, limitSeconds: number) {
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return new Promise<Pick<Result, 'exitCode' | 'signal' | 'stdout' | 'stderr'>>((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error(`The step did not end within ${limitSeconds} s. It printed:\n${stdout}${stderr}`));
      child.kill('SIGKILL');
      // A process that the step started may still hold them open.
      child.stdout?.destroy();
      child.stderr?.destroy();
    }, limitSeconds * 1000);
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.once('close', (exitCode, signal) => {
      clearTimeout(timer);
      resolve({ exitCode, signal, stdout, stderr });
    });
  });
}

/** For `npm run messages`, which lists what all tests made the action say. */
function recordMessages(phase: Phase, { errors, warnings, notices }: Result): void {
  const file = process.env['ICR_MESSAGES_FILE'];
  if (file === undefined) return;
  const test = relative(ROOT, process.argv[1] ?? '').replaceAll('\\', '/');
  for (const [kind, texts] of Object.entries({ error: errors, warning: warnings, notice: notices }))
    for (const text of texts) appendFileSync(file, `${JSON.stringify({ kind, phase, test, text })}\n`);
}

/** Reads a command file as the runner does: `name<<delimiter`, lines, delimiter. The last entry of a name counts. */
function parseCommandFile(text: string): Map<string, string> {
  const entries = [...text.matchAll(/^(.+?)<<(ghadelimiter_[\w-]+)\n(.*?)\n\2$/gms)];
  return new Map(entries.map(([, name = '', , value = '']) => [name, value]));
}

/** The toolkit ends lines as the system does, and the runner takes either. */
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
