/** Runs one process of a step as the runner does, with its command files, and measures it. */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PROBE = join(import.meta.dirname, 'probe.cjs');

export type Phase = 'main' | 'post';

export interface Usage {
  /** From before the process starts until it has ended and its output was read. */
  milliseconds: number;
  /** User and system time of all its threads. The load of other processes hardly changes it. */
  cpuMilliseconds: number;
  /** The peak of its resident memory. */
  maxRssKilobytes: number;
}

export interface StepProcess {
  usage: Usage;
  exitCode: number | null;
  output: string;
  state: ReadonlyMap<string, string>;
}

/** @throws Error if the process was killed: it writes what it used when it exits */
export async function runStepProcess(file: string, env: Readonly<Record<string, string>>): Promise<StepProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'icr-bench-'));
  const files = {
    GITHUB_OUTPUT: join(folder, 'output'),
    GITHUB_STATE: join(folder, 'state'),
    GITHUB_EVENT_PATH: join(folder, 'event.json'),
    BENCH_USAGE_FILE: join(folder, 'usage.json'),
  };
  try {
    await writeFile(files.GITHUB_OUTPUT, '');
    await writeFile(files.GITHUB_STATE, '');
    await writeFile(files.GITHUB_EVENT_PATH, '{}');
    const started = performance.now();
    const child = spawn(process.execPath, ['--require', PROBE, file], {
      env: { PATH: process.env['PATH'] ?? '', CI: 'true', GITHUB_EVENT_NAME: 'push', ...files, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    const { promise, resolve, reject } = Promise.withResolvers<number | null>();
    child.once('error', reject).once('close', resolve);
    const exitCode = await promise;
    const milliseconds = performance.now() - started;
    const used = JSON.parse(await readFile(files.BENCH_USAGE_FILE, 'utf8'));
    return {
      usage: { milliseconds, ...used },
      exitCode,
      output,
      state: parseState(await readFile(files.GITHUB_STATE, 'utf8')),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function parseState(text: string): ReadonlyMap<string, string> {
  const entries = [...text.matchAll(/^(.+?)<<(ghadelimiter_[\w-]+)\n(.*?)\n\2$/gms)];
  return new Map(entries.map(([, name = '', , value = '']) => [name, value]));
}
