/** Prints how retry policies fare against rate limits and outages, as the tables of README.md in this folder. */
import { RETRY_POLICY, type RetryPolicy } from '../../src/http/retry.ts';
import { type HerdResult, type Limit, MAIN, POST, type Step, simulateHerd, simulateOutage } from './herd-simulation.ts';

/** The first version's; its constants were 5, 8 and full jitter. */
const BEFORE: RetryPolicy = { maxAttempts: 5, maxBackoffSeconds: 8, fixedShare: 0 };
const POLICIES: readonly [name: string, policy: RetryPolicy][] = [
  ['before: 5 attempts, up to 8 s, all chance', BEFORE],
  ['12 attempts, up to 8 s, all chance', { ...RETRY_POLICY, maxBackoffSeconds: 8, fixedShare: 0 }],
  ['12, up to 8 s, half fixed', { ...RETRY_POLICY, maxBackoffSeconds: 8 }],
  ['12, up to 10 s, half fixed', { ...RETRY_POLICY, maxBackoffSeconds: 10 }],
  ['**now: 12, up to 12 s, half fixed**', RETRY_POLICY],
  ['12, up to 16 s, half fixed', { ...RETRY_POLICY, maxBackoffSeconds: 16 }],
  ['12, up to 32 s, half fixed', { ...RETRY_POLICY, maxBackoffSeconds: 32 }],
];
const LIMITS = (['window', 'bucket'] as const).flatMap((kind) =>
  [undefined, 1].map((retryAfter) => ({ kind, retryAfter })),
);
const JOBS = [200, 2000, 10_000];
const RATES = [20, 100, 500];

function printTable(headings: readonly string[], rows: readonly (readonly string[])[]): void {
  console.log(`\n| ${headings.join(' | ')} |\n|${' --- |'.repeat(headings.length)}`);
  for (const row of rows) console.log(`| ${row.join(' | ')} |`);
}

/** Jobs that could be done within the budget at best, and the time that takes. */
function best(jobs: number, { perSecond }: Limit, { requests, budgetSeconds }: Step) {
  const possible = Math.min(jobs, Math.floor((budgetSeconds * perSecond) / requests));
  return { possible, seconds: Math.max(1, (possible * requests) / perSecond) };
}

function describe(jobs: number, { gaveUp, lastSeconds, served, refused }: HerdResult): string {
  const done = gaveUp === 0 ? 'all' : `${jobs - gaveUp}`;
  return `${done}, ${lastSeconds.toFixed(0)} s, ${(refused / served).toFixed(1)}`;
}

function nameOf({ kind, retryAfter }: Pick<Limit, 'kind' | 'retryAfter'>): string {
  return `${kind}${retryAfter === undefined ? '' : `, \`Retry-After: ${retryAfter}\``}`;
}

function printHerd(step: Step): void {
  const rows = LIMITS.flatMap((limit) =>
    JOBS.flatMap((jobs) =>
      RATES.map((perSecond) => {
        const whole = { ...limit, perSecond };
        const { possible, seconds } = best(jobs, whole, step);
        const now = simulateHerd(jobs, whole, step, RETRY_POLICY);
        if (now.refused === 0) return [];
        return [
          nameOf(limit),
          `${jobs} at ${perSecond}/s`,
          `${possible === jobs ? 'all' : possible}, ${seconds.toFixed(0)} s`,
          describe(jobs, simulateHerd(jobs, whole, step, BEFORE)),
          describe(jobs, now),
        ];
      }).filter((row) => row.length > 0),
    ),
  );
  printTable(['limit', 'jobs at once', 'best possible', 'before', 'now'], rows);
}

function printPolicies(): void {
  const cells = [
    { jobs: 200, perSecond: 20, kind: 'window', retryAfter: undefined },
    { jobs: 10_000, perSecond: 500, kind: 'window', retryAfter: undefined },
    { jobs: 10_000, perSecond: 100, kind: 'window', retryAfter: undefined },
    { jobs: 10_000, perSecond: 100, kind: 'bucket', retryAfter: undefined },
    { jobs: 10_000, perSecond: 100, kind: 'window', retryAfter: 1 },
  ] as const;
  printTable(
    [
      'policy',
      ...cells.map((cell) => `${cell.jobs} at ${cell.perSecond}/s, ${nameOf(cell)}`),
      '30 s down',
      '60 s down',
    ],
    POLICIES.map(([name, policy]) => [
      name,
      ...cells.map((cell) => describe(cell.jobs, simulateHerd(cell.jobs, cell, MAIN, policy))),
      describeOutage(30, false, MAIN, policy),
      describeOutage(60, false, MAIN, policy),
    ]),
  );
}

function describeOutage(seconds: number, isSilent: boolean, step: Step, policy: RetryPolicy): string {
  const { gaveUpShare, lateSeconds, attempts } = simulateOutage(seconds, isSilent, step, policy);
  if (gaveUpShare === 1) return 'red';
  const share = gaveUpShare < 0.001 ? '< 0.1' : (gaveUpShare * 100).toFixed(1);
  const red = gaveUpShare === 0 ? '' : `${share} % red, `;
  return `${red}+${lateSeconds.toFixed(1)} s, ${attempts.toFixed(0)} attempts`;
}

function printOutages(): void {
  const rows = [false, true].flatMap((isSilent) =>
    [5, 15, 30, 60].map((seconds) => [
      `${seconds} s, ${isSilent ? 'no response' : 'errors at once'}`,
      ...[MAIN, POST].flatMap((step) =>
        [BEFORE, RETRY_POLICY].map((policy) => describeOutage(seconds, isSilent, step, policy)),
      ),
    ]),
  );
  printTable(['outage', 'main before', 'main now', 'post before', 'post now'], rows);
}

/** How many jobs can start at once, per request a second that the limit allows, without one giving up. */
function printCapacity(): void {
  const rows = LIMITS.map((limit) => [
    nameOf(limit),
    ...[BEFORE, RETRY_POLICY].map((policy) => {
      const perSecond = 50;
      let [most, tooMany] = [0, 45 * perSecond];
      while (tooMany - most > perSecond / 10) {
        const jobs = Math.round((most + tooMany) / 2);
        if (simulateHerd(jobs, { ...limit, perSecond }, MAIN, policy).gaveUp === 0) most = jobs;
        else tooMany = jobs;
      }
      return (most / perSecond).toFixed(1);
    }),
  ]);
  printTable(['limit', 'before', 'now'], rows);
}

function printChart(): void {
  const [jobs, limit] = [2000, { perSecond: 100, kind: 'window', retryAfter: undefined }] as const;
  const seconds = Array.from({ length: 26 }, (_, index) => index * 2);
  const curve = ({ doneBySecond }: HerdResult) =>
    seconds.map((second) => doneBySecond.slice(0, second + 1).reduce((sum, done) => sum + (done ?? 0), 0));
  const lines = [
    seconds.map((second) => Math.min(jobs, (second * limit.perSecond) / MAIN.requests)),
    ...[BEFORE, RETRY_POLICY].map((policy) => curve(simulateHerd(jobs, limit, MAIN, policy))),
  ];
  console.log(`
\`\`\`mermaid
xychart-beta
  title "2,000 jobs at once, 100 requests a second: jobs done (best possible, before, now)"
  x-axis "seconds" 0 --> ${seconds.at(-1)}
  y-axis "jobs" 0 --> ${jobs}
${lines.map((line) => `  line [${line.join(', ')}]`).join('\n')}
\`\`\``);
}

console.log('## main: two requests in 90 s');
printHerd(MAIN);
console.log('\n## post: one request in 45 s');
printHerd(POST);
console.log('\n## Policies');
printPolicies();
console.log('\n## Outages');
printOutages();
console.log('\n## Jobs at once for each request a second, with none red');
printCapacity();
console.log('\n## Chart');
printChart();
