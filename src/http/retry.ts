/** Owns the arithmetic of trying again: which answers, after how long. It waits for nothing itself. */

/** One second in milliseconds; every wait and limit of a request is a multiple of it. */
export const SECOND_MS = 1000;

/** Attempts that end without an answer to obey; answers with `Retry-After` are not counted among them. */
export const MAX_ATTEMPTS = 5;

/** An attempt that is cut sooner is not worth its risk: a mint whose answer is late leaves a token that nobody has. */
export const MIN_ATTEMPT_SECONDS = 0.5;

/** What a wait leaves of the budget for the attempt after it; a timer may end late. */
const RESERVED_SECONDS = 1;

const MAX_BACKOFF_SECONDS = 8;
/** Longer than any budget; keeps absurd values printable. */
const MAX_RETRY_AFTER_SECONDS = 1e9;

/**
 * Full jitter over 1, 2, 4, 8 s, after the first, second, … wait.
 *
 * @param wait 0 for the first
 * @param random from 0 to 1, as Math.random gives it
 * @returns milliseconds
 */
export function backoffMs(wait: number, random: number): number {
  return random * Math.min(2 ** wait, MAX_BACKOFF_SECONDS) * SECOND_MS;
}

/**
 * How long to wait before the next attempt: the backoff alone, or on top of what `Retry-After` asked for, so that
 * jobs that were sent away together do not come back together.
 *
 * @param requestedMs what `Retry-After` asked for
 * @param waits how many there were before
 * @param remainingMs of the budget
 * @returns milliseconds, or undefined where the wait does not leave time for an attempt
 */
export function nextWaitMs(
  requestedMs: number | undefined,
  waits: number,
  remainingMs: number,
  random: number,
): number | undefined {
  const longestMs = remainingMs - RESERVED_SECONDS * SECOND_MS;
  if (longestMs < (requestedMs ?? 0)) return undefined;
  return Math.min((requestedMs ?? 0) + backoffMs(waits, random), longestMs);
}

/** Whether another attempt may help. A 403 is a refusal, but with `Retry-After` a rate limit. */
export function isTransient(status: number, hasRetryAfter: boolean): boolean {
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
  const text = retryAfter?.trim() ?? '';
  if (/^\d+$/.test(text)) return Math.min(Number(text), MAX_RETRY_AFTER_SECONDS) * SECOND_MS;
  const until = httpDateMs(text);
  return until === undefined ? undefined : Math.max(0, until - sentMs);
}

/** The time of an HTTP date (RFC 9110, section 5.6.7) in Unix milliseconds. */
export function httpDateMs(date: string | undefined): number | undefined {
  const [, text] = /^([A-Z][a-z]{2,8},? .+?)(?: GMT)?$/.exec(date ?? '') ?? [];
  // The oldest of the three forms has no time zone, and would be read in the runner's.
  const time = text === undefined ? Number.NaN : Date.parse(`${text} GMT`);
  return Number.isNaN(time) ? undefined : time;
}
