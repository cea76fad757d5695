/** Owns the one HTTP policy that every request follows: attempts, waits, budgets. */
import { setTimeout as sleep } from 'node:timers/promises';
import manifest from '../../package.json' with { type: 'json' };
import { info } from '../runner/log.ts';
import { NonRetryableError } from './errors.ts';
import { isTransient, MAX_ATTEMPTS, MIN_ATTEMPT_SECONDS, nextWaitMs, SECOND_MS } from './retry.ts';
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

export function startBudget(totalSeconds: number, cancelled?: AbortSignal): Budget {
  return { totalSeconds, deadlineMs: clockMs() + totalSeconds * SECOND_MS, cancelled };
}

/**
 * Sends a request until it has an answer that a further attempt would not better, and returns the last one
 * whatever its status.
 *
 * @throws Error that says why there is none: the network, a local mistake, a wait or a budget that is too long
 */
export type Send = (request: HttpRequest, budget: Budget) => Promise<HttpResponse>;

/**
 * @param baseUrl without a trailing slash
 * @param headers sent with every request
 * @throws NonRetryableError where the environment names a proxy that cannot be used
 */
export function createHttpClient(baseUrl: string, headers: Record<string, string>): Send {
  const attempt = createTransport(
    baseUrl,
    { 'user-agent': `create-icr-app-token/${manifest.version}`, ...headers },
    ATTEMPT_SECONDS * SECOND_MS,
  );
  const { host } = new URL(baseUrl);

  return async (request, budget) => {
    const name = `${request.method} ${request.path} on ${host}`;
    const startedMs = clockMs();
    let failures = 0;
    let before = '';
    const end = (outcome: AttemptResponse | Error, attempts: number): HttpResponse => ({
      ...responseOf(name, outcome, attempts, before),
      attempts,
      elapsedSeconds: (clockMs() - startedMs) / SECOND_MS,
    });
    for (let attempts = 1; ; attempts += 1) {
      budget.cancelled?.throwIfAborted();
      const timeoutMs = Math.min(ATTEMPT_SECONDS * SECOND_MS, remainingMs(budget));
      if (timeoutMs < MIN_ATTEMPT_SECONDS * SECOND_MS) {
        throw new Error(
          `${name} was not sent: the ${budget.totalSeconds} s that all requests have together are used up${before}. Run the job again later.`,
        );
      }
      const outcome = await attempt(request, timeoutMs, budget.cancelled).catch(asError);
      if (!isWorthRepeating(outcome)) return end(outcome, attempts);
      budget.cancelled?.throwIfAborted();

      const requestedMs = outcome instanceof Error ? undefined : outcome.retryAfterMs;
      if (requestedMs === undefined) failures += 1;
      const waitMs =
        failures < MAX_ATTEMPTS ? nextWaitMs(requestedMs, attempts - 1, remainingMs(budget), Math.random()) : undefined;
      const problem = problemOf(outcome, requestedMs);
      if (waitMs === undefined && requestedMs === undefined) return end(outcome, attempts);
      if (waitMs === undefined) {
        throw new Error(
          `${name} ${problem}, for which the ${seconds(remainingMs(budget))} s left of ${budget.totalSeconds} s are too short. Run the job again after that time.`,
        );
      }
      info(`${name} ${problem}; trying again in ${seconds(waitMs)} s.`);
      before = `; the attempt before ${problem}`;
      await sleep(waitMs, undefined, { signal: budget.cancelled }).catch(() => undefined);
    }
  };
}

function problemOf(outcome: AttemptResponse | Error, requestedMs: number | undefined): string {
  if (outcome instanceof Error) return `failed (${outcome.message})`;
  const request = requestedMs === undefined ? '' : ` with the request to wait ${seconds(requestedMs)} s (Retry-After)`;
  return `was answered ${outcome.status}${request}`;
}

function isWorthRepeating(outcome: AttemptResponse | Error): boolean {
  return outcome instanceof Error
    ? !(outcome instanceof NonRetryableError)
    : isTransient(outcome.status, outcome.retryAfterMs !== undefined);
}

/** The answer, or the error of the last attempt, with what came before where the budget cut that one short. */
function responseOf(name: string, outcome: AttemptResponse | Error, attempts: number, before: string): AttemptResponse {
  if (!(outcome instanceof Error)) return outcome;
  const news = before.includes(outcome.message) ? '' : before;
  const times = attempts === 1 ? '' : ` after ${attempts} attempts`;
  const advice =
    outcome instanceof NonRetryableError
      ? ''
      : ' Likely cause: the network between the runner and ICR, or the host of `api-url`. Check these, and run the job again.';
  throw new Error(`${name} failed${times}: ${outcome.message}${news}.${advice}`, { cause: outcome });
}

/** No change of the system's clock moves it, and unlike `performance` it is there without loading `node:perf_hooks`. */
function clockMs(): number {
  return process.uptime() * 1000;
}

function remainingMs(budget: Budget): number {
  return budget.deadlineMs - clockMs();
}

function seconds(milliseconds: number): string {
  return (milliseconds / SECOND_MS).toFixed(1);
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
