/** Runs the rounds of the benchmark: every contestant's main and post as processes, each round beginning with another one. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Counts, Server } from './server.ts';

const PROBE = join(import.meta.dirname, 'probe.cjs');

export type Phase = 'main' | 'post';

export interface Contestant {
  name: string;
  files: Record<Phase, string>;
  inputs: Readonly<Record<string, string>>;
}

export interface Usage {
  /** From before the process starts until it has ended and its output was read. */
  milliseconds: number;
  /** User and system time of all its threads. The load of other processes hardly changes it. */
  cpuMilliseconds: number;
  /** The peak of its resident memory. */
  maxRssKilobytes: number;
}

export interface Round extends Record<Phase, Usage> {
  asked: Pick<Counts, 'requests' | 'connections'>;
}

/** The rounds of each contestant, in their order, without a first one that only warms caches. */
export async function runRounds(
  contestants: readonly Contestant[],
  server: Server,
  rounds: number,
): Promise<Round[][]> {
  const results: Round[][] = contestants.map(() => []);
  for (let round = 0; round <= rounds; round += 1) {
    for (let turn = 0; turn < contestants.length; turn += 1) {
      const index = (round + turn) % contestants.length;
      const contestant = contestants[index];
      if (contestant === undefined) continue;
      const result = await runOnce(contestant, server);
      if (round > 0) results[index]?.push(result);
    }
  }
  return results;
}

/** Main, then post with the state that main saved. */
async function runOnce({ name, files, inputs }: Contestant, server: Server): Promise<Round> {
  const before = await server.tell();
  const env: Record<string, string> = {
    ...server.env,
    GITHUB_REPOSITORY: 'octo-org/octo-repo',
    GITHUB_REPOSITORY_OWNER: 'octo-org',
    ...Object.fromEntries(Object.entries(inputs).map(([name, text]) => [`INPUT_${name.toUpperCase()}`, text])),
  };
  const main = await runProcess(files.main, env);
  for (const [key, value] of main.state) env[`STATE_${key}`] = value;
  const post = await runProcess(files.post, env);
  for (const { exitCode, output } of [main, post])
    if (exitCode !== 0) throw new Error(`${name} ended with ${exitCode}\n${output}`);
  const after = await server.tell();
  if (after.liveTokens > 0) throw new Error(`${name} left a token alive`);
  const asked = { requests: after.requests - before.requests, connections: after.connections - before.connections };
  return { main: main.usage, post: post.usage, asked };
}

/** @throws Error if the process was killed: it writes what it used when it exits */
async function runProcess(file: string, env: Readonly<Record<string, string>>) {
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
      env: {
        PATH: process.env['PATH'] ?? '',
        CI: 'true',
        GITHUB_EVENT_NAME: 'push',
        RUNNER_TEMP: folder,
        ...files,
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    const [exitCode] = await once(child, 'close');
    const milliseconds = performance.now() - started;
    const usage: Usage = { milliseconds, ...JSON.parse(await readFile(files.BENCH_USAGE_FILE, 'utf8')) };
    return { usage, exitCode, output, state: parseState(await readFile(files.GITHUB_STATE, 'utf8')) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function parseState(text: string): [name: string, value: string][] {
  const entries = [...text.matchAll(/^(.+?)<<(ghadelimiter_[\w-]+)\n(.*?)\n\2$/gms)];
  return entries.map(([, name = '', , value = '']) => [name, value]);
}
