/**
 * Starts many jobs at once against an API that allows few requests a second and answers 429 with Retry-After to the
 * rest. Not part of `npm test`, because it needs the whole machine: npm run load -- [JOBS [PER_SECOND [RETRY_AFTER]]]
 */
import assert from 'node:assert/strict';
import type { Result } from '../support/runner.ts';
import { assertNoSecrets, createScene } from '../support/scene.ts';
import type { RequestRecord } from '../support/simulator/simulator.ts';

const [jobs = 200, perSecond = 20, retryAfterSeconds = 1] = process.argv.slice(2).map(Number);

await using scene = await createScene({
  settings: { rateLimit: { perSecond, retryAfterSeconds, retryAfterAs: 'seconds' } },
});
const { simulator, nordic } = scene;
const inputs = { 'organization-id': nordic.organization.id };
const steps = await Promise.all(Array.from({ length: jobs }, () => scene.step(inputs)));

console.log(`${jobs} jobs at once; ${perSecond} requests a second are let through, Retry-After ${retryAfterSeconds}`);
const mains = await phase('main', () => Promise.all(steps.map((step) => step.main())));
const failed = mains.filter(({ exitCode }) => exitCode !== 0);
const ownWords = new Set(failed.flatMap(({ errors }) => errors.map((error) => error.replace(/[\da-f-]{36}/g, '…'))));
for (const words of ownWords) console.log(`  failed: ${words}`);
console.log(`  ${jobs - failed.length} handed a token on, ${failed.length} said why not`);

const posts = await phase('post', () => Promise.all(steps.map((step) => step.post())));
const warned = posts.filter(({ warnings }) => warnings.length > 0);
console.log(`  ${scene.liveTokens()} tokens are alive; ${warned.length} posts warned of one`);

for (const main of failed) assert.match(main.errors.join(), /Retry-After|429|used up/);
for (const result of [...mains, ...posts]) {
  assert.equal(result.errors.length, result.exitCode === 0 ? 0 : 1);
  assertNoSecrets(result, simulator);
}
assert.equal(scene.liveTokens(), warned.length, 'no token is left alive unsaid');

async function phase(name: string, run: () => Promise<Result[]>): Promise<Result[]> {
  const before = simulator.requests().length;
  const results = await run();
  const requests = simulator.requests().slice(before);
  const answered = requests.filter(({ status }) => status !== 429);
  const took = (results: readonly RequestRecord[]) => ((results.at(-1)?.at ?? 0) - (results[0]?.at ?? 0)) / 1000;
  const perJob = results.map(({ milliseconds }) => milliseconds / 1000).sort((one, other) => one - other);
  const least = answered.length / perSecond;
  console.log(
    [
      `${name}: ${requests.length} requests, ${requests.length - answered.length} of them answered 429`,
      `last answer after ${took(requests).toFixed(1)} s, least possible ${least.toFixed(1)} s (${(took(requests) / least).toFixed(2)} times)`,
      `a job took, its process’s start on this machine included, ${quantile(perJob, 0.5)} s in the middle, ${quantile(perJob, 0.95)} s at 95 %, ${quantile(perJob, 1)} s at most`,
    ].join('\n  '),
  );
  return results;
}

function quantile(sorted: readonly number[], share: number): string {
  return (sorted[Math.ceil(sorted.length * share) - 1] ?? 0).toFixed(1);
}
