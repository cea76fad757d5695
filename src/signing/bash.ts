/** Runs a command as a step with `shell: bash` does, within limits, and ends every process of it that can be found. */
import type { ChildProcess } from 'node:child_process';
import { fstatSync, readdirSync, readFileSync } from 'node:fs';

export const MAX_STDOUT_BYTES = 64 * 1024;
/** Only its end is read. The limit keeps the command from filling the disk. */
export const MAX_STDERR_BYTES = 16 * 1024 * 1024;
/** From SIGTERM to SIGKILL. The runner kills 10 s after its own first signal. */
const GRACE_MS = 2_000;
const POLL_MS = 50;
/** A process that was killed may have started another while the list was read. */
const MAX_KILL_ROUNDS = 5;

export type Outcome =
  | { end: 'exit'; exitCode: number }
  | { end: 'signal'; signal: string }
  | { end: 'timeout' | 'long stdout' | 'long stderr' };

/** Descriptors of files for standard input, output and error. */
export type Stdio = readonly [stdin: number, stdout: number, stderr: number];

interface BashProcess {
  args: string[];
  /** Whether the command is a process group of its own, to be ended as one. */
  detached: boolean;
}

/** Windows has no process groups, and `detached` opens a window there. */
export function bashProcess(command: string, platform: NodeJS.Platform): BashProcess {
  return { args: ['--noprofile', '--norc', '-eo', 'pipefail', '-c', command], detached: platform !== 'win32' };
}

/**
 * @param mark a text in `env` that no other process has, to find those that left the process group
 * @param cancelled its reason is thrown
 * @throws Error of Node if bash can't be started
 */
export async function runInBash(
  command: string,
  stdio: Stdio,
  env: NodeJS.ProcessEnv,
  mark: string,
  timeLimitMs: number,
  cancelled?: AbortSignal,
): Promise<Outcome> {
  cancelled?.throwIfAborted();
  const { args, detached } = bashProcess(command, process.platform);
  const child = childProcess().spawn('bash', args, { env, detached, stdio: [...stdio], windowsHide: true });
  const kill = () => signalAll(child, mark, 'SIGKILL');
  process.once('exit', kill);

  const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
  const [, stdout, stderr] = stdio;
  const checkSizes = () => {
    if (fstatSync(stdout).size > MAX_STDOUT_BYTES) resolve({ end: 'long stdout' });
    if (fstatSync(stderr).size > MAX_STDERR_BYTES) resolve({ end: 'long stderr' });
  };
  const poll = setInterval(checkSizes, POLL_MS);
  const limit = setTimeout(() => resolve({ end: 'timeout' }), timeLimitMs);
  const cancel = () => reject(cancelled?.reason);
  cancelled?.addEventListener('abort', cancel);
  const settle = (exitCode: number | null, signal: NodeJS.Signals | null) => {
    checkSizes();
    resolve(signal === null ? { end: 'exit', exitCode: exitCode ?? 0 } : { end: 'signal', signal });
  };
  child.once('error', reject);
  child.once('exit', settle);

  try {
    return await promise;
  } finally {
    clearInterval(poll);
    clearTimeout(limit);
    cancelled?.removeEventListener('abort', cancel);
    child.off('exit', settle);
    await endAll(child, mark);
    process.off('exit', kill);
  }
}

/** Loaded here and not by an import, which would load it in a step with a key as well. */
function childProcess() {
  return process.getBuiltinModule('node:child_process');
}

/** With time for a `trap … EXIT` that logs out. */
async function endAll(child: ChildProcess, mark: string): Promise<void> {
  if (!signalAll(child, mark, 'SIGTERM')) return;
  const deadline = performance.now() + GRACE_MS;
  while (performance.now() < deadline && signalAll(child, mark, 0)) await sleep(POLL_MS);
  for (let round = 0; round < MAX_KILL_ROUNDS && signalAll(child, mark, 'SIGKILL'); round += 1) await sleep(POLL_MS);
}

/** Whether there was a process to signal. 0 only looks. */
function signalAll(child: ChildProcess, mark: string, signal: NodeJS.Signals | 0): boolean {
  if (child.pid === undefined) return false;
  if (process.platform === 'win32') return signal !== 0 && endTree(child);
  const ids = process.platform === 'linux' ? processesOf(child.pid, mark) : [-child.pid];
  return ids.map((id) => signalOne(id, signal)).includes(true);
}

function signalOne(id: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(id, signal);
  } catch {
    // It has ended, or it runs as another user.
    return false;
  }
}

/**
 * The processes of the group, and those that left it, as `timeout`, `set -m` and `setsid` do, but keep the environment
 * that they were started with. Each gets one SIGTERM: bash runs no trap if it gets two at once.
 */
function processesOf(group: number, mark: string): number[] {
  const ids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return ids.filter((id) => isIn(group, readProc(id, 'stat')) || readProc(id, 'environ').includes(mark)).map(Number);
}

/** A zombie has ended, and stays in its group until its parent asks for it. */
function isIn(group: number, stat: string): boolean {
  const [state, , processGroup] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return state !== 'Z' && processGroup === String(group);
}

function readProc(id: string, name: 'stat' | 'environ'): string {
  try {
    return readFileSync(`/proc/${id}/${name}`, 'utf8');
  } catch {
    // It has ended, or it runs as another user.
    return '';
  }
}

/** Windows finds no children of a process that has ended, and may have given its number to another. */
function endTree({ pid, exitCode, signalCode }: ChildProcess): boolean {
  if (exitCode !== null || signalCode !== null) return false;
  childProcess().spawnSync('taskkill', ['/pid', String(pid), '/t', '/f'], { stdio: 'ignore', windowsHide: true });
  return true;
}

/** That of `node:timers/promises` costs a millisecond of every start. */
function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}
