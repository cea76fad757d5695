/** Runs a command as a step with `shell: bash` does, within limits. */
import { fstatSync } from 'node:fs';
import { endCommand } from './end-command.ts';

export const MAX_STDOUT_BYTES = 64 * 1024;
/** Only its end is read. The limit keeps the command from filling the disk. */
export const MAX_STDERR_BYTES = 16 * 1024 * 1024;
const POLL_MS = 50;

/** The exit code, the signal that ended the command, or the limit that it reached. */
export type End = number | NodeJS.Signals | 'timeout' | 'long stdout' | 'long stderr';

/** A group of its own, to be ended as one. Windows has none, and `detached` opens a window there. */
export function bashProcess(command: string, platform: NodeJS.Platform) {
  return { args: ['--noprofile', '--norc', '-eo', 'pipefail', '-c', command], detached: platform !== 'win32' };
}

/**
 * @param stdio descriptors of files
 * @param mark a text in `env` that no other process has
 * @param cancelled its reason is thrown
 * @throws Error of Node if bash can't be started
 */
export async function runInBash(
  command: string,
  stdio: [stdin: number, stdout: number, stderr: number],
  env: NodeJS.ProcessEnv,
  mark: string,
  timeLimitMs: number,
  cancelled?: AbortSignal,
): Promise<End> {
  cancelled?.throwIfAborted();
  const { args, detached } = bashProcess(command, process.platform);
  // An import would load it in a step with a key as well.
  const { spawn } = process.getBuiltinModule('node:child_process');
  const child = spawn('bash', args, { env, detached, stdio, windowsHide: true });

  const { promise, resolve, reject } = Promise.withResolvers<End>();
  const [, stdout, stderr] = stdio;
  const deadline = performance.now() + timeLimitMs;
  const checkLimits = () => {
    if (fstatSync(stdout).size > MAX_STDOUT_BYTES) resolve('long stdout');
    if (fstatSync(stderr).size > MAX_STDERR_BYTES) resolve('long stderr');
    if (performance.now() > deadline) resolve('timeout');
  };
  const poll = setInterval(checkLimits, POLL_MS);
  cancelled?.addEventListener('abort', () => reject(cancelled.reason));
  const settle = (exitCode: number | null, signal: NodeJS.Signals | null) => {
    checkLimits();
    resolve(signal ?? exitCode ?? 0);
  };
  child.once('error', reject);
  child.once('exit', settle);

  try {
    return await promise;
  } finally {
    clearInterval(poll);
    child.off('exit', settle);
    await endCommand(child, mark);
  }
}
