/** Simulates the retry policy in virtual time: jobs that start together against a rate limit, and outages. */
import { MIN_ATTEMPT_SECONDS, nextWaitMs, type RetryPolicy, SECOND_MS } from '../../src/http/retry.ts';

/** From sending a request to having its response. */
const ROUND_TRIP_MS = 100;
/** Of main, which sends two requests, one after the other. */
const BUDGET_MS = 90 * SECOND_MS;
const REQUESTS = 2;

export interface Limit {
  perSecond: number;
  /** `window`: so many in each second of the clock; `bucket`: as many at once, then so many a second. */
  kind: 'window' | 'bucket';
  /** What a 429 asks for, in seconds; undefined if it does not say. */
  retryAfter: number | undefined;
}

export interface HerdResult {
  gaveUp: number;
  /** When the last job that succeeded was done, in seconds. */
  lastSeconds: number;
  served: number;
  /** Answered 429. */
  refused: number;
}

interface Job {
  startedMs: number;
  step: number;
  attempts: number;
  failures: number;
}

/** All jobs start in the first second. */
export function simulateHerd(jobs: number, limit: Limit, policy: RetryPolicy): HerdResult {
  const random = seededRandom(42);
  const admit = limiter(limit);
  const queue = new Queue<Job>();
  let [gaveUp, lastSeconds, served, refused] = [0, 0, 0, 0];
  for (let job = 0; job < jobs; job += 1) {
    const startedMs = random() * SECOND_MS;
    queue.push(startedMs, { startedMs, step: 0, attempts: 0, failures: 0 });
  }
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    const { atMs, item: job } = next;
    const nowMs = atMs + ROUND_TRIP_MS;
    job.attempts += 1;
    if (admit(atMs)) {
      served += 1;
      Object.assign(job, { step: job.step + 1, attempts: 0, failures: 0 });
      if (job.step < REQUESTS) queue.push(nowMs, job);
      else lastSeconds = nowMs / SECOND_MS;
      continue;
    }
    refused += 1;
    if (limit.retryAfter === undefined) job.failures += 1;
    const againMs = nextAttemptMs(job, nowMs, limit.retryAfter, policy, random);
    if (againMs === undefined) gaveUp += 1;
    else queue.push(againMs, job);
  }
  return { gaveUp, lastSeconds, served, refused };
}

export interface OutageResult {
  gaveUpShare: number;
  attempts: number;
  /** From the end of the outage to the response, on average; NaN if all gave up. */
  lateSeconds: number;
}

/** Jobs that start in an outage's first second; each is alone, and its requests fail at once. */
export function simulateOutage(seconds: number, policy: RetryPolicy): OutageResult {
  const random = seededRandom(7);
  const jobs = 4000;
  let [gaveUp, attempts, lateMs] = [0, 0, 0];
  for (let index = 0; index < jobs; index += 1) {
    const startedMs = random() * SECOND_MS;
    const job: Job = { startedMs, step: 0, attempts: 0, failures: 0 };
    for (let atMs: number | undefined = startedMs; ; ) {
      job.attempts += 1;
      attempts += 1;
      if (atMs >= seconds * SECOND_MS) {
        lateMs += atMs - seconds * SECOND_MS;
        break;
      }
      job.failures += 1;
      atMs = nextAttemptMs(job, atMs + ROUND_TRIP_MS, undefined, policy, random);
      if (atMs === undefined) {
        gaveUp += 1;
        break;
      }
    }
  }
  return { gaveUpShare: gaveUp / jobs, attempts: attempts / jobs, lateSeconds: lateMs / SECOND_MS / (jobs - gaveUp) };
}

function nextAttemptMs(
  job: Job,
  nowMs: number,
  retryAfter: number | undefined,
  policy: RetryPolicy,
  random: () => number,
): number | undefined {
  const remainingMs = job.startedMs + BUDGET_MS - nowMs;
  const requestedMs = retryAfter === undefined ? undefined : retryAfter * SECOND_MS;
  const waitMs = nextWaitMs(job, requestedMs, remainingMs, random(), policy);
  if (waitMs === undefined || remainingMs - waitMs < MIN_ATTEMPT_SECONDS * SECOND_MS) return undefined;
  return nowMs + waitMs;
}

function limiter({ perSecond, kind }: Limit): (atMs: number) => boolean {
  let [second, used, tokens, lastMs] = [-1, 0, perSecond, 0];
  return (atMs) => {
    if (kind === 'window') {
      const current = Math.floor(atMs / SECOND_MS);
      if (current !== second) [second, used] = [current, 0];
      used += 1;
      return used <= perSecond;
    }
    tokens = Math.min(perSecond, tokens + ((atMs - lastMs) / SECOND_MS) * perSecond);
    lastMs = atMs;
    if (tokens < 1) return false;
    tokens -= 1;
    return true;
  };
}

/** Mulberry32: the same numbers in every run. */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A binary heap of what happens next. */
class Queue<Item> {
  readonly #heap: { atMs: number; item: Item }[] = [];

  push(atMs: number, item: Item): void {
    const heap = this.#heap;
    let index = heap.push({ atMs, item }) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (this.#at(parent) <= this.#at(index)) break;
      this.#swap(parent, index);
      index = parent;
    }
  }

  pop(): { atMs: number; item: Item } | undefined {
    const heap = this.#heap;
    const last = heap.length - 1;
    if (last > 0) this.#swap(0, last);
    const first = heap.pop();
    for (let index = 0; ; ) {
      const left = 2 * index + 1;
      const child = this.#at(left + 1) < this.#at(left) ? left + 1 : left;
      if (this.#at(index) <= this.#at(child)) return first;
      this.#swap(index, child);
      index = child;
    }
  }

  #at(index: number): number {
    return this.#heap[index]?.atMs ?? Number.POSITIVE_INFINITY;
  }

  #swap(one: number, other: number): void {
    const [first, second] = [this.#heap[one], this.#heap[other]];
    if (first !== undefined && second !== undefined) [this.#heap[one], this.#heap[other]] = [second, first];
  }
}
