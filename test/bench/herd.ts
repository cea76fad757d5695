/** Prints how retry policies fare against rate limits and outages: the table of README.md in this folder. */
import { RETRY_POLICY, type RetryPolicy } from '../../src/http/retry.ts';
import { type Limit, simulateHerd, simulateOutage } from './herd-simulation.ts';
import { table } from './table.ts';

const POLICIES: readonly [name: string, policy: RetryPolicy][] = [
  ['5 attempts, up to 8 s, all chance', { maxAttempts: 5, maxBackoffSeconds: 8, fixedShare: 0 }],
  ['12 attempts, up to 8 s, all chance', { ...RETRY_POLICY, maxBackoffSeconds: 8, fixedShare: 0 }],
  ['12, up to 8 s, half fixed', { ...RETRY_POLICY, maxBackoffSeconds: 8 }],
  ['12, up to 10 s, half fixed', { ...RETRY_POLICY, maxBackoffSeconds: 10 }],
  ['**chosen: 12, up to 12 s, half fixed**', RETRY_POLICY],
  ['12, up to 16 s, half fixed', { ...RETRY_POLICY, maxBackoffSeconds: 16 }],
  ['12, up to 32 s, half fixed', { ...RETRY_POLICY, maxBackoffSeconds: 32 }],
];
const HERDS: readonly [jobs: number, limit: Limit][] = [
  [200, { perSecond: 20, kind: 'window', retryAfter: undefined }],
  [10_000, { perSecond: 500, kind: 'window', retryAfter: undefined }],
  [10_000, { perSecond: 100, kind: 'window', retryAfter: undefined }],
  [10_000, { perSecond: 100, kind: 'bucket', retryAfter: undefined }],
  [10_000, { perSecond: 100, kind: 'window', retryAfter: 1 }],
];
const OUTAGES_SECONDS = [30, 60];

console.log(
  table(
    [
      'policy',
      ...HERDS.map(([jobs, limit]) => `${jobs} at ${limit.perSecond}/s, ${nameOf(limit)}`),
      'jobs at once for each request a second, none red',
      ...OUTAGES_SECONDS.map((seconds) => `${seconds} s down`),
    ],
    POLICIES.map(([name, policy]) => [
      name,
      ...HERDS.map(([jobs, limit]) => describeHerd(jobs, limit, policy)),
      capacity(policy).toFixed(0),
      ...OUTAGES_SECONDS.map((seconds) => describeOutage(seconds, policy)),
    ]),
  ),
);

function describeHerd(jobs: number, limit: Limit, policy: RetryPolicy): string {
  const { gaveUp, lastSeconds, served, refused } = simulateHerd(jobs, limit, policy);
  return `${gaveUp === 0 ? 'all' : jobs - gaveUp}, ${lastSeconds.toFixed(0)} s, ${(refused / served).toFixed(1)}`;
}

function nameOf({ kind, retryAfter }: Limit): string {
  return `${kind}${retryAfter === undefined ? '' : `, \`Retry-After: ${retryAfter}\``}`;
}

/** How many jobs can start at once, per request a second that a limit without `Retry-After` allows. */
function capacity(policy: RetryPolicy): number {
  const perSecond = 50;
  let [most, tooMany] = [0, 45 * perSecond];
  while (tooMany - most > perSecond / 10) {
    const jobs = Math.round((most + tooMany) / 2);
    const { gaveUp } = simulateHerd(jobs, { perSecond, kind: 'window', retryAfter: undefined }, policy);
    if (gaveUp === 0) most = jobs;
    else tooMany = jobs;
  }
  return most / perSecond;
}

function describeOutage(seconds: number, policy: RetryPolicy): string {
  const { gaveUpShare, lateSeconds, attempts } = simulateOutage(seconds, policy);
  if (gaveUpShare === 1) return 'red';
  const share = gaveUpShare < 0.001 ? '< 0.1' : (gaveUpShare * 100).toFixed(1);
  const red = gaveUpShare === 0 ? '' : `${share} % red, `;
  return `${red}+${lateSeconds.toFixed(1)} s, ${attempts.toFixed(0)} attempts`;
}
