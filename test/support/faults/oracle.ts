/** Says what must follow from a fault, as the README has it and not as the code does it. */
import { ABSURD_SECONDS, type FaultKind, type Seen } from './fault-kinds.ts';
import type { RequestName } from './request-kinds.ts';

export const ATTEMPT_SECONDS = 15;
export const MAX_BACKOFF_SECONDS = 12;
const MAX_ATTEMPTS = 12;

export interface Expected {
  /**
   * `success`; `list`, which is success by way of the list of installations; `failure`; of a revocation: `revoked`,
   * `already invalid`, or `unknown`, which is a warning.
   */
  outcome: 'success' | 'list' | 'failure' | 'revoked' | 'already invalid' | 'unknown';
  /** How often the request was sent. */
  attempts: { min: number; max: number };
  /** What the annotation has to name. */
  named?: RegExp;
  /** False where the server said that the token was dead and left it alive, or never did as it was told. */
  isTokenDead: boolean;
}

/** @param times how many requests are hit */
export function expect(request: RequestName, fault: FaultKind, times: number): Expected {
  const { seen } = fault;
  const isRevocation = request === 'revoke' || request === 'revoke by main';
  const budget = budgetSeconds(request);

  if (!isRevocation && seen.as === 'answer' && seen.isClockOff === true) return healed(request, seen, times);
  const isPassed = isRetried(seen) && passes(seen, times, budget);
  const attempts = attemptsOf(seen, times, budget, isPassed);

  if (isRevocation) {
    // A processed revocation whose answer was lost finds the token dead at the next attempt.
    const afterwards = fault.isProcessed && seen.as !== 'answer' ? 'already invalid' : 'revoked';
    const outcome = isPassed ? afterwards : interpret(seen);
    return { outcome, attempts, isTokenDead: isPassed || fault.isProcessed };
  }
  const outcome = isPassed ? 'success' : endOf(request, seen);
  return { outcome, attempts, isTokenDead: true, ...(outcome === 'failure' ? namedBy(seen) : {}) };
}

export function budgetSeconds(request: RequestName): number {
  if (request === 'revoke') return 45;
  return request === 'revoke by main' ? 15 : 90;
}

function isRetried(seen: Seen): boolean {
  if (seen.as !== 'answer') return true;
  const { status, retryAfterSeconds } = seen;
  return status === 408 || status === 429 || status >= 500 || (status === 403 && retryAfterSeconds !== undefined);
}

/** Whether the fault ends before the attempts or the time do. */
function passes(seen: Seen, times: number, budget: number): boolean {
  if (seen.as === 'timeout') return times * ATTEMPT_SECONDS + longestBackoff(times) < budget;
  const asked = seen.as === 'answer' ? (seen.retryAfterSeconds ?? 0) : 0;
  return times < MAX_ATTEMPTS && times * asked + longestBackoff(times) < budget;
}

function attemptsOf(seen: Seen, times: number, budget: number, isPassed: boolean): Expected['attempts'] {
  if (isPassed) return exactly(times + 1);
  if (!isRetried(seen)) return exactly(1);
  if (seen.as === 'timeout') {
    const most = Math.ceil(budget / ATTEMPT_SECONDS);
    return { min: Math.max(1, most - 2), max: Math.min(MAX_ATTEMPTS, most + 1) };
  }
  const asked = seen.as === 'answer' ? seen.retryAfterSeconds : undefined;
  if (asked !== undefined) {
    if (asked >= budget) return exactly(1);
    // Each wait is what was asked and up to 12 s on top, on a machine that may be slow; only time bounds them.
    return { min: 1 + Math.floor(budget / (asked + MAX_BACKOFF_SECONDS + 4)), max: 1 + Math.ceil(budget / asked) };
  }
  // Eleven waits are 50 to 99 s together. On a machine that may be slow, fewer fit.
  if (budget === 90) return { min: 8, max: MAX_ATTEMPTS };
  return budget === 45 ? { min: 6, max: MAX_ATTEMPTS } : { min: 3, max: 8 };
}

/** What follows of the last answer, once no attempt is left or none would better it. */
function endOf(request: RequestName, seen: Seen): 'success' | 'list' | 'failure' {
  if (seen.as !== 'answer') return 'failure';
  const { status, body, retryAfterSeconds } = seen;
  if (status === 200 && body === 'normal') return 'success';
  if (status === 101) return 'failure';
  if (request !== 'organization look-up' || (body === 'huge' && status === 200)) return 'failure';
  // Where `Retry-After` was obeyed until the time was used up, the step ends with an error that names it.
  if (retryAfterSeconds !== undefined) return 'failure';
  const isRefused = status >= 400 && status < 500 && status !== 401 && status !== 429;
  const isOfAnotherShape = status < 300;
  return isRefused || isOfAnotherShape ? 'list' : 'failure';
}

/** "Post": what an answer to a revocation means. */
function interpret(seen: Seen): 'revoked' | 'already invalid' | 'unknown' {
  if (seen.as !== 'answer' || seen.retryAfterSeconds !== undefined) return 'unknown';
  const { status, body } = seen;
  if (status >= 200 && status < 300) return body === 'normal' || body === 'empty' ? 'revoked' : 'unknown';
  if (status === 401 || status === 404) return 'already invalid';
  return status === 403 && body === 'refusal' ? 'already invalid' : 'unknown';
}

/** The JWT is signed again by the server's clock, once; the Date is little enough off for the API to take that one. */
function healed(request: RequestName, seen: Seen & { as: 'answer' }, times: number): Expected {
  const outcome = times === 1 ? 'success' : endOf(request, seen);
  return { outcome, attempts: exactly(2), isTokenDead: true, ...(outcome === 'failure' ? namedBy(seen) : {}) };
}

const PROBLEMS = {
  timeout: 'ICR did not respond within \\d+ s',
  'cut-short': 'ICR’s response was cut short',
  'network-error': '(?:ICR can’t be reached|The server’s response is not HTTP)',
} as const;

function namedBy(seen: Seen): { named: RegExp } {
  if (seen.as !== 'answer') return { named: new RegExp(`^${PROBLEMS[seen.as]} \\(\\d+ attempts in \\d+ s\\)\\.`) };
  if (seen.retryAfterSeconds === ABSURD_SECONDS) return { named: new RegExp(`${ABSURD_SECONDS}.*Retry-After`) };
  if (seen.retryAfterSeconds !== undefined) return { named: new RegExp(`${seen.status}.*Retry-After|used up`) };
  return { named: new RegExp(`\\b${seen.status}\\b`) };
}

function longestBackoff(waits: number): number {
  return [1, 2, 4, 8, 12].slice(0, waits).reduce((sum, most) => sum + most, 0);
}

function exactly(count: number): Expected['attempts'] {
  return { min: count, max: count };
}
