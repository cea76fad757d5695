/** Runs a command as a step with `shell: bash` does, within limits, and ends every process of it. */
import type { Readable } from 'node:stream';

export const TIME_LIMIT_MS = 30_000;
export const MAX_STDOUT_BYTES = 64 * 1024;
const MAX_STDERR_CHARACTERS = 64 * 1024;
/** For what is still in a pipe when bash ends; a process that it left behind may hold the pipe for longer. */
const FLUSH_MS = 1_000;
/** If nothing came at all: on a busy runner `cat` may not even have started. */
const MORE_FLUSH_MS = 4_000;

const OPTIONS = ['--noprofile', '--norc', '-eo', 'pipefail', '-c'];
/**
 * Node's pipes are sockets on Linux, and a socket can't be opened by name as `/dev/stdout`: the pipes to `cat` can.
 * `exec` keeps bash's own exit code, and a process that holds a pipe does not keep bash.
 */
const WITH_REAL_PIPES = `exec > >(exec cat) 2> >(exec cat >&2); exec bash ${OPTIONS.join(' ')} "$1"`;

export type Outcome = { stdout: Buffer; stderr: string } & (
  | { end: 'exit'; exitCode: number }
  | { end: 'signal'; signal: string }
  | { end: 'timeout' | 'flood' }
);

export interface BashProcess {
  args: string[];
  /** Whether the command is a process group of its own, to be ended as one. */
  detached: boolean;
}

/** On Windows programs don't know `/dev/stdout`, there are no process groups, and `detached` opens a window. */
export function bashProcess(command: string, platform: NodeJS.Platform): BashProcess {
  if (platform === 'win32') return { args: [...OPTIONS, command], detached: false };
  return { args: [...OPTIONS, WITH_REAL_PIPES, 'bash', command], detached: true };
}

/**
 * @param stdin a file descriptor, so that the command can open `/dev/stdin` by name
 * @param cancelled its reason is thrown
 * @throws Error of Node if bash can't be started
 */
export async function runInBash(
  command: string,
  stdin: number,
  env: NodeJS.ProcessEnv,
  cancelled?: AbortSignal,
): Promise<Outcome> {
  cancelled?.throwIfAborted();
  const { args, detached } = bashProcess(command, process.platform);
  const child = childProcess().spawn('bash', args, {
    env,
    detached,
    stdio: [stdin, 'pipe', 'pipe'],
    windowsHide: true,
  });
  const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
  const stdoutChunks: Buffer[] = [];
  let stdoutBytes = 0;
  let stderr = '';
  const printed = () => ({ stdout: Buffer.concat(stdoutChunks), stderr });

  const [stdoutStream, stderrStream] = [child.stdout as Readable, child.stderr as Readable];
  stdoutStream.on('data', (chunk: Buffer) => {
    stdoutBytes += chunk.length;
    if (stdoutBytes > MAX_STDOUT_BYTES) resolve({ end: 'flood', ...printed() });
    else stdoutChunks.push(chunk);
  });
  stderrStream.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-MAX_STDERR_CHARACTERS);
  });

  const timers = [setTimeout(() => resolve({ end: 'timeout', ...printed() }), TIME_LIMIT_MS)];
  const settle = (exitCode: number | null, signal: NodeJS.Signals | null) =>
    resolve(
      signal === null
        ? { end: 'exit', exitCode: exitCode ?? 0, ...printed() }
        : { end: 'signal', signal, ...printed() },
    );
  child.once('error', reject);
  child.once('close', settle);
  child.once('exit', (exitCode, signal) => {
    const end = () => settle(exitCode, signal);
    const flush = () => (exitCode === 0 && stdoutBytes === 0 ? timers.push(setTimeout(end, MORE_FLUSH_MS)) : end());
    timers.push(setTimeout(flush, FLUSH_MS));
  });
  const cancel = () => reject(cancelled?.reason);
  cancelled?.addEventListener('abort', cancel);
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  const endAll = () => {
    if (detached) endGroup(child.pid);
    // Windows finds no children of a process that has ended, and may have given its number to another.
    else if (!hasEnded()) endTree(child.pid);
  };
  process.once('exit', endAll);

  try {
    return await promise;
  } finally {
    for (const timer of timers) clearTimeout(timer);
    cancelled?.removeEventListener('abort', cancel);
    process.off('exit', endAll);
    endAll();
    stdoutStream.destroy();
    stderrStream.destroy();
  }
}

/** Loaded here and not by an import, which would load it in a step with a key as well. */
function childProcess() {
  return process.getBuiltinModule('node:child_process');
}

function endTree(pid: number | undefined): void {
  if (pid === undefined) return;
  childProcess().spawnSync('taskkill', ['/pid', String(pid), '/t', '/f'], { stdio: 'ignore', windowsHide: true });
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // None of them is left, which is the usual case, or one runs as another user. Neither changes what was printed.
  }
}
