/** Ends a signing command: each of its processes that can be found, with time to log out. */
import type { ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { orUndefined } from '../runner/or-undefined.ts';

/** From SIGTERM to SIGKILL, for a `trap … EXIT` that logs out. */
const GRACE_MS = 2_000;
const POLL_MS = 50;
/** A process that was killed may have started another while the list was read. */
const MAX_KILL_ROUNDS = 5;
/** That of `node:timers/promises` costs a millisecond of every start. */
const pause = () => new Promise<void>((resolve) => void setTimeout(resolve, POLL_MS));

/** @param mark a text in the command's environment alone, by which a process is found that left its group */
export async function endCommand(bash: ChildProcess, mark: string): Promise<void> {
  if (!signalCommand(bash, mark, 'SIGTERM')) return;
  const deadline = performance.now() + GRACE_MS;
  while (performance.now() < deadline && signalCommand(bash, mark, 0)) await pause();
  for (let round = 0; round < MAX_KILL_ROUNDS && signalCommand(bash, mark, 'SIGKILL'); round += 1) await pause();
}

/** Whether there was a process to signal. 0 only looks. */
function signalCommand(bash: ChildProcess, mark: string, signal: NodeJS.Signals | 0): boolean {
  if (bash.pid === undefined) return false;
  if (process.platform === 'win32') return signal !== 0 && endTree(bash);
  const ids = process.platform === 'linux' ? processesOf(bash.pid, mark) : [-bash.pid];
  return ids.map((id) => orUndefined(() => process.kill(id, signal))).includes(true);
}

/** Windows finds no children of a process that has ended, and may have given its number to another. */
function endTree({ pid, exitCode, signalCode }: ChildProcess): boolean {
  if (exitCode !== null || signalCode !== null) return false;
  const { spawnSync } = process.getBuiltinModule('node:child_process');
  spawnSync('taskkill', ['/pid', String(pid), '/t', '/f'], { stdio: 'ignore', windowsHide: true });
  return true;
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

/** Empty if the process has ended, or runs as another user. */
function readProc(id: string, name: 'stat' | 'environ'): string {
  return orUndefined(() => readFileSync(`/proc/${id}/${name}`, 'utf8')) ?? '';
}
