/** Sends requests by one policy: attempts, waits, and a budget of time that a group of requests shares. */
import manifest from '../../package.json' with { type: 'json' };
import { info, joined, messageOf } from '../runner/log.ts';
import { budgetUsedUp, RequestError, waitDoesNotFit } from './request-error.ts';
import {
  isTransient,
  MIN_ATTEMPT_SECONDS,
  nextWaitMs,
  RESERVED_SECONDS,
  RETRY_POLICY,
  SECOND_MS,
  UNKNOWN_HOST_POLICY,
} from './retry.ts';
import { type AttemptOutcome, createTransport, type HttpRequest, type HttpResponse, isHtml } from './transport.ts';

const ATTEMPT_SECONDS = 15;

/** The time that a group of requests has together. */
export interface Budget {
  totalSeconds: number;
  /** By `clockMs`. */
  deadlineMs: number;
  /** Ends waits at once, and attempts after their grace; its reason is what the request then fails with. */
  cancelled: AbortSignal | undefined;
}

export function startBudget(totalSeconds: number, cancelled?: AbortSignal): Budget {
  return { totalSeconds, deadlineMs: clockMs() + totalSeconds * SECOND_MS, cancelled };
}

/** A part of a budget: at most so many seconds of it. */
export function partOf(budget: Budget, seconds: number): Budget {
  const part = startBudget(seconds, budget.cancelled);
  return { ...part, deadlineMs: Math.min(part.deadlineMs, budget.deadlineMs) };
}

/**
 * Waits, and ends early if the step is cancelled.
 *
 * @returns false if the budget has no room for the wait and an attempt after it; then it does not wait
 */
export async function waitWithin(budget: Budget, seconds: number): Promise<boolean> {
  if ((seconds + RESERVED_SECONDS) * SECOND_MS > remainingMs(budget)) return false;
  await sleep(seconds * SECOND_MS, budget.cancelled);
  return true;
}

/**
 * Sends a request until it has a response that a further attempt would not better, and returns the last one
 * whatever its status.
 *
 * @throws RequestError that says why there is none: the network, a wait or a budget that is too long, or the step was
 * cancelled (then its cause is the reason of `budget.cancelled`); an error of the program itself as it is
 */
export type Send = (request: HttpRequest, budget: Budget) => Promise<HttpResponse>;

/**
 * @param baseUrl without a trailing slash
 * @param headers sent with every request
 * @param isDefaultHost whether nobody set the host: then no message says to correct it
 * @throws RequestError if the environment names a proxy that can't be used
 */
export function createHttpClient(baseUrl: string, headers: Record<string, string>, isDefaultHost: boolean): Send {
  const userAgent = { 'user-agent': `create-icr-app-token/${manifest.version}` };
  const attempt = createTransport(baseUrl, { ...userAgent, ...headers }, isDefaultHost);
  const { host } = new URL(baseUrl);
  /** Once a name was found, not to find it is an outage. */
  let isHostKnown = false;

  return async (request, budget) => {
    const name = `${request.method} ${request.path} on ${host}`;
    const { attemptSeconds = ATTEMPT_SECONDS, maxUnansweredRetries = Number.POSITIVE_INFINITY } = request;
    const startedMs = clockMs();
    let [attempts, failures, lost, unanswered] = [0, 0, 0, 0];
    let last: AttemptOutcome | undefined;

    for (;;) {
      throwIfCancelled();
      const timeoutMs = Math.min(attemptSeconds * SECOND_MS, remainingMs(budget));
      if (timeoutMs < MIN_ATTEMPT_SECONDS * SECOND_MS) {
        if (last !== undefined) return end(last);
        throw new RequestError(budgetUsedUp(budget.totalSeconds), `${name} was not sent.`);
      }
      attempts += 1;
      const outcome = await attempt(request, timeoutMs, budget.cancelled);
      const { isTimeLimit, isUnknownHost, wasSent, detail } = outcome.response === undefined ? outcome.failure : {};
      if (wasSent === true) lost += 1;
      if (wasSent === true || isAnsweredOnTheWay(outcome)) unanswered += 1;
      // An attempt that the budget cut short says less than the one before it.
      if (last === undefined || !isTimeLimit || timeoutMs === attemptSeconds * SECOND_MS) last = outcome;
      isHostKnown ||= !isUnknownHost;
      if (!isWorthRepeating(outcome)) return end(outcome);
      throwIfCancelled();

      const requestedMs = outcome.response?.retryAfterMs;
      if (requestedMs === undefined) failures += 1;
      const policy = isHostKnown ? RETRY_POLICY : UNKNOWN_HOST_POLICY;
      const waitMs = nextWaitMs({ attempts, failures }, requestedMs, remainingMs(budget), Math.random(), policy);
      if (waitMs === undefined && outcome.response?.retryAfterMs !== undefined) {
        const { status, retryAfterMs } = outcome.response;
        throw new RequestError(waitDoesNotFit(status, retryAfterMs, remainingMs(budget)), `${name}.`, unanswered);
      }
      if (waitMs === undefined || lost > maxUnansweredRetries) return end(last);
      const next = `${describe(outcome)}; trying again in ${(waitMs / SECOND_MS).toFixed(1)} s.`;
      info(joined(next, detail, `${name}.`));
      await sleep(waitMs, budget.cancelled);
    }

    function throwIfCancelled(): void {
      const { cancelled } = budget;
      if (!cancelled?.aborted) return;
      const problem = messageOf(cancelled.reason).replace(/\.$/, '');
      throw new RequestError({ problem, fix: '', isFinal: true, cause: cancelled.reason }, '', unanswered);
    }

    function end(outcome: AttemptOutcome): HttpResponse {
      const { response, failure } = outcome;
      const elapsedSeconds = (clockMs() - startedMs) / SECOND_MS;
      if (response === undefined) {
        const tried = attempts === 1 ? '' : ` (${attempts} attempts in ${Math.round(elapsedSeconds)} s)`;
        throw new RequestError({ ...failure, problem: `${failure.problem}${tried}` }, `${name}.`, unanswered);
      }
      const asked = { request: name, host, url: baseUrl + request.path };
      return { ...response, ...asked, attempts, elapsedSeconds, unanswered };
    }
  };
}

function isWorthRepeating({ response, failure }: AttemptOutcome): boolean {
  const isTransientStatus = response && isTransient(response.status, response.retryAfterMs !== undefined);
  return isTransientStatus === true || (failure !== undefined && failure.isFinal !== true);
}

/** A page of HTML is of something on the way, and tells nothing of what the server did behind it. */
function isAnsweredOnTheWay({ response }: AttemptOutcome): boolean {
  return response !== undefined && isHtml(response) && (response.status === 403 || response.status >= 500);
}

function describe({ response, failure }: AttemptOutcome): string {
  if (response === undefined) return failure.problem;
  const { status, retryAfterMs } = response;
  const wait = retryAfterMs === undefined ? '' : `, with ${Math.ceil(retryAfterMs / SECOND_MS)} s to wait`;
  return `The answer was ${status}${wait}${failure === undefined ? '' : ', and it was cut short'}`;
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
    if (cancelled?.aborted) return resolve();
    const end = () => {
      clearTimeout(timer);
      cancelled?.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    cancelled?.addEventListener('abort', end, { once: true });
  });
}
