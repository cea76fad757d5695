/** Measures what grows with the work: installations to look through, and jobs that run at once. */
import { icrInputs, thisAction } from './contestants.ts';
import { type Server, startServer } from './remote.ts';
import { type Round, runRounds, runStep } from './rounds.ts';
import { spreadOf } from './spread.ts';
import { table } from './table.ts';

const INSTALLATIONS = [10, 1_000, 100_000];
const JOBS = [1, 50, 200];
const ROUNDS = 3;

export async function printGrowth(): Promise<void> {
  const lookUps = [];
  for (const installations of INSTALLATIONS) lookUps.push(...(await lookUpRows(installations)));
  const usage = ['main, ms', 'its CPU, ms', 'its peak memory, MB'];
  console.log(table(['look-up through the list', 'the match is', 'requests of main', ...usage], lookUps));

  const jobs = [];
  for (const count of JOBS) jobs.push(await jobsRow(count));
  const head = ['all, s', 'one job, ms (quartiles)', 'CPU of one, ms', 'requests', 'connections', 'tokens left alive'];
  console.log(table(['jobs at once', ...head], jobs));
}

/** The server has no look-up by organization, so main must read the list. */
async function lookUpRows(installations: number): Promise<string[][]> {
  using server = await startServer({ installations, hasOrganizationRoute: false });
  const rows = [];
  for (const [place, organizationId] of [
    ['first', server.firstOrganizationId],
    ['last', server.lastOrganizationId],
  ] as const) {
    const contestant = { ...thisAction(server), inputs: icrInputs(server, organizationId) };
    const [rounds = []] = await runRounds([contestant], server, ROUNDS);
    const middle = (of: (round: Round) => number) => spreadOf(rounds.map(of)).median;
    rows.push([
      `${installations.toLocaleString('en')} installations`,
      place,
      `${middle(({ asked }) => asked.requests) - 1}`,
      middle(({ main }) => main.milliseconds).toFixed(0),
      middle(({ main }) => main.cpuMilliseconds).toFixed(0),
      (middle(({ main }) => main.maxRssKilobytes) / 1000).toFixed(1),
    ]);
  }
  return rows;
}

async function jobsRow(count: number): Promise<string[]> {
  using server = await startServer({ installations: 2, hasOrganizationRoute: true });
  const started = performance.now();
  const steps = await Promise.all(Array.from({ length: count }, () => timedStep(server)));
  const seconds = (performance.now() - started) / 1000;
  const { requests, connections, liveTokens } = await server.tell();
  const { lowerQuartile, median, upperQuartile } = spreadOf(steps.map(({ milliseconds }) => milliseconds));
  return [
    `${count}`,
    seconds.toFixed(1),
    `${median.toFixed(0)} (${lowerQuartile.toFixed(0)} to ${upperQuartile.toFixed(0)})`,
    spreadOf(steps.map(({ cpuMilliseconds }) => cpuMilliseconds)).median.toFixed(0),
    `${requests}`,
    `${connections}`,
    `${liveTokens}`,
  ];
}

async function timedStep(server: Server) {
  const { main, post } = await runStep(thisAction(server), server);
  return {
    milliseconds: main.milliseconds + post.milliseconds,
    cpuMilliseconds: main.cpuMilliseconds + post.cpuMilliseconds,
  };
}
