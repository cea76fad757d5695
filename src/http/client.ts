/** Sends requests by one policy: attempts, waits, and a budget of time that a group of requests shares. */
import manifest from '../../package.json' with { type: 'json' };
import { info } from '../runner/log.ts';
import {
  budgetUsedUp,
  describeNetworkError,
  NetworkError,
  NonRetryableError,
  NoResponseError,
  requestFailed,
  UnknownHostError,
  waitDoesNotFit,
} from './errors.ts';
import { isTransient, MIN_ATTEMPT_SECONDS, nextWaitMs, RETRY_POLICY, SECOND_MS, UNKNOWN_HOST_POLICY } from './retry.ts';
import { type AttemptResponse, createTransport, type HttpRequest, type HttpResponse } from './transport.ts';

const ATTEMPT_SECONDS = 15;

/** The time that a group of requests has together. */
export interface Budget {
  totalSeconds: number;
  /** By `clockMs`. */
  deadlineMs: number;
  /** Ends waits at once, and attempts after their grace; its reason is what the request then throws. */
  cancelled: AbortSignal | undefined;
}

export function partOf(budget: Budget, seconds: number): Budget {
  return { ...budget, totalSeconds: seconds, deadlineMs: Math.min(budget.deadlineMs, clockMs() + seconds * SECOND_MS) };
}

export async function waitWithin(budget: Budget, seconds: number): Promise<boolean> {
  if (remainingMs(budget) < (seconds + 1) * SECOND_MS) return false;
  await sleep(seconds * SECOND_MS, budget.cancelled);
  return true;
}

export { RequestError } from './errors.ts';

export function startBudget(totalSeconds: number, cancelled?: AbortSignal): Budget {
  return { totalSeconds, deadlineMs: clockMs() + totalSeconds * SECOND_MS, cancelled };
}

/**
 * Sends a request until it has a response that a further attempt would not better, and returns the last one
 * whatever its status.
 *
 * @throws Error that says why there is none: the network, a local mistake, a wait or a budget that is too long
 */
export type Send = (request: HttpRequest, budget: Budget) => Promise<HttpResponse>;

type Outcome = AttemptResponse | NetworkError;

/**
 * @param baseUrl without a trailing slash
 * @param headers sent with every request
 * @throws NonRetryableError if the environment names a proxy that can't be used
 */
export function createHttpClient(baseUrl: string, headers: Record<string, string>, _isDefaultHost = false): Send {
  const attempt = createTransport(
    baseUrl,
    { 'user-agent': `create-icr-app-token/${manifest.version}`, ...headers },
    ATTEMPT_SECONDS * SECOND_MS,
  );
  const { host } = new URL(baseUrl);
  /** Once a name was found, not to find it is an outage. */
  let isHostKnown = false;

  return async (request, budget) => {
    const name = `${request.method} ${request.path} on ${host}`;
    const startedMs = clockMs();
    let failures = 0;
    let last: Outcome | undefined;
    let before: Outcome | undefined;

    for (let attempts = 1; ; attempts += 1) {
      budget.cancelled?.throwIfAborted();
      const timeoutMs = Math.min(ATTEMPT_SECONDS * SECOND_MS, remainingMs(budget));
      if (timeoutMs < MIN_ATTEMPT_SECONDS * SECOND_MS) {
        if (last === undefined) throw budgetUsedUp(name, budget.totalSeconds);
        return end(last, attempts - 1);
      }
      const outcome: Outcome = await attempt(request, timeoutMs, budget.cancelled).catch(asNetworkError);
      // An attempt that the budget cut short says less than the one before it.
      const isCut = outcome instanceof NoResponseError && timeoutMs < ATTEMPT_SECONDS * SECOND_MS;
      if (isCut && last !== undefined) return end(last, attempts);
      [before, last] = [last, outcome];
      isHostKnown ||= !(outcome instanceof UnknownHostError);
      if (!isWorthRepeating(outcome)) return end(outcome, attempts);
      budget.cancelled?.throwIfAborted();

      const requestedMs = requestedWaitMs(outcome);
      if (requestedMs === undefined) failures += 1;
      const policy = isHostKnown ? RETRY_POLICY : UNKNOWN_HOST_POLICY;
      const waitMs = nextWaitMs({ attempts, failures }, requestedMs, remainingMs(budget), Math.random(), policy);
      if (waitMs === undefined) return end(outcome, attempts);
      const detail = outcome instanceof NetworkError && outcome.detail !== '' ? ` ${outcome.detail}` : '';
      info(`${describeOutcome(outcome)}; trying again in ${(waitMs / SECOND_MS).toFixed(1)} s.${detail} ${name}.`);
      await sleep(waitMs, budget.cancelled);
    }

    function end(outcome: Outcome, attempts: number): HttpResponse {
      const tries = { attempts, elapsedSeconds: (clockMs() - startedMs) / SECOND_MS };
      if (outcome instanceof NetworkError) {
        const isNews = before !== undefined && describeOutcome(before) !== describeOutcome(outcome);
        const previously = isNews && before !== undefined ? `Before: ${describeOutcome(before)}.` : '';
        throw requestFailed(name, outcome, tries, previously);
      }
      const requestedMs = isWorthRepeating(outcome) ? requestedWaitMs(outcome) : undefined;
      if (requestedMs !== undefined) {
        throw waitDoesNotFit(name, outcome.status, requestedMs, remainingMs(budget));
      }
      return { ...outcome, ...tries, unanswered: 0 };
    }
  };
}

function isWorthRepeating(outcome: Outcome): boolean {
  return outcome instanceof NetworkError
    ? !(outcome instanceof NonRetryableError)
    : isTransient(outcome.status, outcome.retryAfterMs !== undefined);
}

function requestedWaitMs(outcome: Outcome): number | undefined {
  return outcome instanceof NetworkError ? undefined : outcome.retryAfterMs;
}

function describeOutcome(outcome: Outcome): string {
  if (outcome instanceof NetworkError) return outcome.problem;
  const { status, retryAfterMs } = outcome;
  const wait = retryAfterMs === undefined ? '' : ` and asked to wait ${Math.ceil(retryAfterMs / SECOND_MS)} s`;
  return `ICR answered ${status}${wait}`;
}

/** No change of the system's clock moves it, and unlike `performance` it is there without loading `node:perf_hooks`. */
function clockMs(): number {
  return process.uptime() * 1000;
}

function remainingMs(budget: Budget): number {
  return budget.deadlineMs - clockMs();
}

/** Ends early if the step is cancelled. That of `node:timers/promises` costs a millisecond of every start. */
function sleep(milliseconds: number, cancelled: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      cancelled?.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    cancelled?.addEventListener('abort', end, { once: true });
  });
}

function asNetworkError(thrown: unknown): NetworkError {
  return describeNetworkError(thrown instanceof Error ? thrown : new Error(String(thrown)), undefined);
}
