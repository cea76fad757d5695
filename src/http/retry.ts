/** The arithmetic of trying again: which responses, how often, after how long. It waits for nothing itself. */

/** Written once, so that tests can run a bundle in which a second is shorter. */
export const SECOND_MS = 1000;

/** An attempt that is cut sooner is not worth its risk: a mint whose response is late leaves a token that nobody has. */
export const MIN_ATTEMPT_SECONDS = 0.5;

/** What a wait leaves of the budget for the attempt after it; a timer may end late. */
export const RESERVED_SECONDS = 1;

/** Longer than any budget; keeps absurd values printable. */
const MAX_RETRY_AFTER_SECONDS = 1e9;

export interface RetryPolicy {
  /** Attempts that end without a `Retry-After` to obey; the budget alone bounds the others. */
  maxAttempts: number;
  /** Waits double from one second up to this. */
  maxBackoffSeconds: number;
  /** The part of a wait that is not left to chance. */
  fixedShare: number;
}

/** Chosen by simulation: see test/bench/README.md, "Outages and rate limits". */
export const RETRY_POLICY: RetryPolicy = { maxAttempts: 12, maxBackoffSeconds: 12, fixedShare: 0.5 };

/** For a name that was never found: a misspelled host more often than an outage. */
export const UNKNOWN_HOST_POLICY: RetryPolicy = { ...RETRY_POLICY, maxAttempts: 3 };

/**
 * How long to wait before the next attempt: the backoff alone, or chance alone on top of what `Retry-After` asks for,
 * so that jobs that were sent away together do not come back together.
 *
 * @param failures attempts that ended without a `Retry-After` to obey
 * @param requestedMs what `Retry-After` asks for
 * @param remainingMs of the budget
 * @param random from 0 to 1, as Math.random gives it
 * @returns milliseconds, or undefined if there is no attempt or no time left
 */
export function nextWaitMs(
  { attempts, failures }: { attempts: number; failures: number },
  requestedMs: number | undefined,
  remainingMs: number,
  random: number,
  { maxAttempts, maxBackoffSeconds, fixedShare }: RetryPolicy = RETRY_POLICY,
): number | undefined {
  if (failures >= maxAttempts) return undefined;
  const longestMs = remainingMs - RESERVED_SECONDS * SECOND_MS;
  if (longestMs < (requestedMs ?? 0)) return undefined;
  const backoffMs = Math.min(2 ** (attempts - 1), maxBackoffSeconds) * SECOND_MS;
  const waitMs =
    requestedMs === undefined ? backoffMs * (fixedShare + (1 - fixedShare) * random) : requestedMs + backoffMs * random;
  return Math.min(waitMs, longestMs);
}

/** Whether another attempt may help. A 403 is a refusal, but with `Retry-After` a rate limit; 501 and 505 stay. */
export function isTransient(status: number, hasRetryAfter: boolean): boolean {
  if (status === 501 || status === 505) return false;
  return status === 408 || status === 429 || status >= 500 || (status === 403 && hasRetryAfter);
}

/**
 * The wait that a `Retry-After` header asks for (RFC 9110, section 10.2.3): seconds, or a date, which is read
 * against the time of the response.
 *
 * @param sentMs by the response's own `Date` if it has one, so that the runner's clock does not matter
 * @returns milliseconds, never below 0; undefined if the header is absent or neither
 */
export function retryAfterMs(retryAfter: string | undefined, sentMs: number): number | undefined {
  if (retryAfter === undefined) return undefined;
  const text = retryAfter.trim();
  if (/^\d+$/.test(text)) return Math.min(Number(text), MAX_RETRY_AFTER_SECONDS) * SECOND_MS;
  const until = httpDateMs(text);
  return until === undefined ? undefined : Math.max(0, until - sentMs);
}

/** The time of an HTTP date in Unix milliseconds; undefined for any other text, of which `Date.parse` takes a lot. */
export function httpDateMs(date: string): number | undefined {
  const time = Date.parse(date);
  return !Number.isNaN(time) && new Date(time).toUTCString() === date ? time : undefined;
}
