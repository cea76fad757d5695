/**
 * Measures the action, and prints tables and charts in Markdown:
 *   npm run bench -- [--rounds N] [--before FOLDER] [--peer FOLDER] [--tls]
 *                                                        against a bare script, an earlier build, another action
 *   npm run bench -- --growth                               many installations, many jobs
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { barChart } from './chart.ts';
import { bareScript, type Contestant, emptyScript, kilobytes, peer, thisAction } from './contestants.ts';
import { printGrowth } from './growth.ts';
import { startServer } from './remote.ts';
import { type Round, runRounds } from './rounds.ts';
import { spreadOf } from './spread.ts';
import { table } from './table.ts';

const LATENCIES_MS = [0, 50];

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '15' },
    before: { type: 'string' },
    peer: { type: 'string' },
    growth: { type: 'boolean', default: false },
    tls: { type: 'boolean', default: false },
  },
});

console.log(`Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}; ${load()} at the start.\n`);
if (values.growth) await printGrowth();
else await printSpeed(Number(values.rounds));
console.log(`\n${load()} at the end.`);

async function printSpeed(rounds: number): Promise<void> {
  const certificatesIn = await mkdtemp(join(tmpdir(), 'icr-bench-ca-'));
  using server = await startServer({
    installations: 2,
    hasOrganizationRoute: true,
    ...(values.tls ? { certificatesIn } : {}),
  });
  const contestants = [
    bareScript(server),
    thisAction(server),
    ...(values.before === undefined ? [] : [thisAction(server, values.before)]),
    ...(values.peer === undefined ? [] : [peer(values.peer, server)]),
    emptyScript(),
  ];
  for (const latencyMs of LATENCIES_MS) {
    await server.tell({ latencyMs });
    const results = await runRounds(contestants, server, rounds);
    const conditions = `${latencyMs} ms latency${values.tls ? ', TLS' : ''}`;
    console.log(speedTable(contestants, results, `${conditions}, ${rounds} rounds`));
    console.log(speedChart(contestants, results, conditions));
  }
  console.log(sizeTable(contestants));
  await rm(certificatesIn, { recursive: true });
}

/** A ratio compares two processes of the same round, so that a change of the machine's load is in both. */
function speedTable(contestants: readonly Contestant[], results: readonly Round[][], title: string): string {
  const bare = results[0] ?? [];
  const rows = contestants.map(({ name }, index) => {
    const own = results[index] ?? [];
    const middle = (of: (round: Round) => number) => spreadOf(own.map(of)).median;
    const ratio = (of: (round: Round) => number) => {
      const ratios = own.map((round, at) => of(round) / of(bare[at] ?? round));
      const { lowerQuartile, median, upperQuartile } = spreadOf(ratios);
      return index === 0
        ? '1'
        : `**${median.toFixed(2)}** (${lowerQuartile.toFixed(2)} to ${upperQuartile.toFixed(2)})`;
    };
    return [
      name,
      middle(({ main }) => main.milliseconds).toFixed(0),
      middle(({ post }) => post.milliseconds).toFixed(0),
      middle(milliseconds).toFixed(0),
      ratio(milliseconds),
      middle(cpuMilliseconds).toFixed(0),
      ratio(cpuMilliseconds),
      (middle(maxRssKilobytes) / 1000).toFixed(1),
      ratio(maxRssKilobytes),
      `${middle(({ asked }) => asked.requests)} / ${middle(({ asked }) => asked.connections)}`,
    ];
  });
  const head = [title, 'main, ms', 'post, ms', 'both, ms', '× bare', 'CPU, ms', '× bare', 'peak memory, MB', '× bare'];
  return table([...head, 'requests / connections'], rows);
}

function speedChart(contestants: readonly Contestant[], results: readonly Round[][], conditions: string): string {
  const bars = contestants.map(
    ({ name }, index) => [name, spreadOf((results[index] ?? []).map(milliseconds)).median] as const,
  );
  return barChart(`main and post together, ${conditions}`, 'ms', bars);
}

function sizeTable(contestants: readonly Contestant[]): string {
  const rows = contestants.map(({ name, files }) => {
    return [name, kilobytes(files.main).toFixed(1), kilobytes(files.post).toFixed(1)];
  });
  return table(['bundle', 'main, kB', 'post, kB'], rows);
}

function milliseconds({ main, post }: Round): number {
  return main.milliseconds + post.milliseconds;
}

function cpuMilliseconds({ main, post }: Round): number {
  return main.cpuMilliseconds + post.cpuMilliseconds;
}

function maxRssKilobytes({ main, post }: Round): number {
  return Math.max(main.maxRssKilobytes, post.maxRssKilobytes);
}

function load(): string {
  return `load average ${loadavg()[0]?.toFixed(2)}`;
}
