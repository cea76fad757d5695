/**
 * Measures main and post against a bare script, over TLS first, and prints the table of README.md in this folder:
 *   npm run bench -- [--rounds N] [--before CHECKOUT] [--peer FOLDER]
 */
import { readFileSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readAction, readEntries } from '../support/yaml.ts';
import { type Contestant, type Phase, type Round, runRounds } from './rounds.ts';
import { type Server, startServer } from './server.ts';
import { table } from './table.ts';

const ROOT = join(import.meta.dirname, '../..');
const BARE = join(import.meta.dirname, 'bare');
const LATENCIES_MS = [0, 50];

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '15' },
    /** An earlier checkout of this action, with its `dist`. */
    before: { type: 'string' },
    /** The built actions/create-github-app-token, with its action.yml. */
    peer: { type: 'string' },
  },
});

console.log(
  `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}, ${values.rounds} rounds; ${load()} at the start.\n`,
);
const rows: string[][] = [];
const certificates = await mkdtemp(join(tmpdir(), 'icr-bench-ca-'));
for (const [protocol, folder] of [['TLS', certificates], ['plain']] as const) {
  using server = await startServer(folder);
  const contestants = contestantsFor(server);
  for (const latencyMs of LATENCIES_MS) {
    await server.tell(latencyMs);
    const results = await runRounds(contestants, server, Number(values.rounds));
    rows.push(...contestants.map((one, index) => [`${protocol}, ${latencyMs} ms`, ...cells(one, results, index)]));
  }
}
await rm(certificates, { recursive: true });
const head = ['latency', '(main + post, kB)', 'main, ms', 'post, ms', '× bare', 'CPU × bare', 'peak memory × bare'];
console.log(table([...head, 'requests / connections'], rows));
console.log(`${load()} at the end.`);

/** The first is whom the others are measured against. */
function contestantsFor(server: Server): Contestant[] {
  const inputs = {
    ...Object.fromEntries(
      readEntries(readFileSync(join(ROOT, 'action.yml'), 'utf8'), 'inputs').map((input) => [input.name, input.default]),
    ),
    'app-id': server.appId,
    'private-key': server.privateKey,
    'organization-id': server.organizationId,
    'api-url': server.url,
  };
  const action = (name: string, folder: string): Contestant => ({
    name,
    files: { main: join(folder, 'dist/main/index.js'), post: join(folder, 'dist/post/index.js') },
    inputs,
  });
  const empty = join(BARE, 'empty.cjs');
  return [
    { name: 'bare script', files: { main: join(BARE, 'main.cjs'), post: join(BARE, 'post.cjs') }, inputs },
    action('this action', ROOT),
    ...(values.before === undefined ? [] : [action('this action before', values.before)]),
    ...(values.peer === undefined ? [] : [peer(values.peer, server)]),
    // What Node costs before a script does anything.
    { name: 'empty script', files: { main: empty, post: empty }, inputs: {} },
  ];
}

function peer(folder: string, server: Server): Contestant {
  const { name, runs } = readAction(readFileSync(join(folder, 'action.yml'), 'utf8'));
  const file = (phase: Phase) => join(folder, runs[phase]);
  const inputs = {
    'app-id': '123456',
    'private-key': server.privateKey,
    'github-api-url': server.url,
    'skip-token-revoke': 'false',
  };
  return { name, files: { main: file('main'), post: file('post') }, inputs };
}

/** A ratio compares two processes of the same round, so that a change of the machine's load is in both. */
function cells({ name, files }: Contestant, results: readonly Round[][], index: number): string[] {
  const [bare = [], own = []] = [results[0], results[index]];
  const middle = (of: (round: Round) => number) => quartiles(own.map(of)).median;
  const ratio = (of: (round: Round) => number) => quartiles(own.map((round, at) => of(round) / of(bare[at] ?? round)));
  const { lower, median, upper } = ratio(({ main, post }) => main.milliseconds + post.milliseconds);
  return [
    `${name} (${kilobytes(files.main)} + ${kilobytes(files.post)})`,
    middle(({ main }) => main.milliseconds).toFixed(0),
    middle(({ post }) => post.milliseconds).toFixed(0),
    index === 0 ? '1' : `**${median.toFixed(2)}** (${lower.toFixed(2)} to ${upper.toFixed(2)})`,
    ratio(({ main, post }) => main.cpuMilliseconds + post.cpuMilliseconds).median.toFixed(2),
    ratio(({ main, post }) => Math.max(main.maxRssKilobytes, post.maxRssKilobytes)).median.toFixed(2),
    `${middle(({ asked }) => asked.requests)} / ${middle(({ asked }) => asked.connections)}`,
  ];
}

function quartiles(values: readonly number[]): Record<'lower' | 'median' | 'upper', number> {
  const sorted = values.toSorted((one, other) => one - other);
  const at = (share: number) => {
    const position = (sorted.length - 1) * share;
    const [below = Number.NaN, above = below] = sorted.slice(Math.floor(position), Math.floor(position) + 2);
    return below + (above - below) * (position % 1);
  };
  return { lower: at(0.25), median: at(0.5), upper: at(0.75) };
}

function kilobytes(file: string): string {
  return (statSync(file).size / 1000).toFixed(0);
}

function load(): string {
  return `load average ${loadavg()[0]?.toFixed(2)}`;
}
