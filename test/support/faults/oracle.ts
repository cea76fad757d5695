/** Says what must follow from a fault, as the README has it and not as the code does it. */
import { ABSURD_SECONDS, type FaultKind, type Seen } from './fault-kinds.ts';
import type { RequestName } from './request-kinds.ts';

const ATTEMPT_SECONDS = 15;
const MINT_ATTEMPT_SECONDS = 30;
/** A mint that was sent and got no answer is repeated twice: each may have minted a token that nobody has seen. */
const MAX_UNANSWERED_MINTS = 3;
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

  if (!isRevocation && seen.as === 'answer' && seen.isClockOff === true) return healed(request, seen, times);
  if (request === 'list' && seen.as === 'answer' && [400, 422].includes(seen.status))
    return askedOtherwise(seen, times);
  const isPassed = isRetried(seen) && passes(request, seen, times);
  const attempts = attemptsOf(request, seen, times, isPassed);

  if (isRevocation) return revocation(fault, times, isPassed, attempts);
  const outcome = isPassed ? 'success' : endOf(request, seen);
  return { outcome, attempts, isTokenDead: true, ...(outcome === 'failure' ? namedBy(request, seen) : {}) };
}

export function attemptSeconds(request: RequestName): number {
  return isMint(request) ? MINT_ATTEMPT_SECONDS : ATTEMPT_SECONDS;
}

export function budgetSeconds(request: RequestName): number {
  return { 'organization look-up': 25, revoke: 45, 'revoke by main': 15 }[request as string] ?? 90;
}

function isMint(request: RequestName): boolean {
  return request === 'mint' || request === 'app token';
}

function isRetried(seen: Seen): boolean {
  if (seen.as !== 'answer') return true;
  const { status, retryAfterSeconds } = seen;
  if (status === 501 || status === 505) return false;
  return status === 408 || status === 429 || status >= 500 || (status === 403 && retryAfterSeconds !== undefined);
}

/** Whether the fault ends before the attempts or the time do. */
function passes(request: RequestName, seen: Seen, times: number): boolean {
  const budget = budgetSeconds(request);
  if (isMint(request) && seen.as !== 'answer' && times >= MAX_UNANSWERED_MINTS) return false;
  if (seen.as === 'timeout') return times * attemptSeconds(request) + longestBackoff(times) < budget;
  const asked = seen.as === 'answer' ? (seen.retryAfterSeconds ?? 0) : 0;
  return times < MAX_ATTEMPTS && times * asked + longestBackoff(times) < budget;
}

function attemptsOf(request: RequestName, seen: Seen, times: number, isPassed: boolean): Expected['attempts'] {
  const budget = budgetSeconds(request);
  if (isPassed) return exactly(times + 1);
  if (!isRetried(seen)) return exactly(1);
  if (isMint(request) && seen.as !== 'answer') return exactly(MAX_UNANSWERED_MINTS);
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
  if (budget === 45) return { min: 6, max: MAX_ATTEMPTS };
  return budget === 25 ? { min: 4, max: 9 } : { min: 3, max: 8 };
}

/** What follows of the last answer, once no attempt is left or none would better it. */
function endOf(request: RequestName, seen: Seen): 'success' | 'list' | 'failure' {
  if (seen.as === 'answer' && seen.status === 200 && seen.body === 'normal') return 'success';
  // It is a hint: whatever else comes leads to the list.
  return request === 'organization look-up' ? 'list' : 'failure';
}

/** "Post": what follows of the answers to a revocation. */
function revocation(fault: FaultKind, times: number, isPassed: boolean, attempts: Expected['attempts']): Expected {
  const { seen, isProcessed } = fault;
  if (isPassed) {
    // A processed revocation whose answer was lost finds the token dead, and then asks once more.
    const isLost = isProcessed && seen.as !== 'answer';
    return {
      outcome: isLost ? 'already invalid' : 'revoked',
      attempts: exactly(times + (isLost ? 2 : 1)),
      isTokenDead: true,
    };
  }
  if (seen.as !== 'answer' || seen.retryAfterSeconds !== undefined) {
    return { outcome: 'unknown', attempts, isTokenDead: isProcessed };
  }
  const { status, body } = seen;
  if (status >= 200 && status < 300) {
    const isRevoked = body !== 'html' && body !== 'huge';
    return { outcome: isRevoked ? 'revoked' : 'unknown', attempts, isTokenDead: isProcessed };
  }
  if (body === 'refusal' && [401, 403, 404].includes(status)) {
    // Asked once more, since a replica may not know the token yet.
    return times === 1
      ? { outcome: 'revoked', attempts: exactly(2), isTokenDead: true }
      : { outcome: 'already invalid', attempts: exactly(2), isTokenDead: false };
  }
  return { outcome: 'unknown', attempts, isTokenDead: isProcessed };
}

/** A 400, or NestJS's 422, says that the query is not taken: then with `limit=10`, then with none. */
function askedOtherwise(seen: Seen, times: number): Expected {
  const isTaken = times < 3;
  return {
    outcome: isTaken ? 'success' : 'failure',
    attempts: exactly(isTaken ? times + 1 : 3),
    isTokenDead: true,
    ...(isTaken ? {} : namedBy('list', seen)),
  };
}

/** The JWT is signed again by the server's clock, once; the Date is little enough off for the API to take that one. */
function healed(request: RequestName, seen: Seen & { as: 'answer' }, times: number): Expected {
  const outcome = times === 1 ? 'success' : endOf(request, seen);
  return { outcome, attempts: exactly(2), isTokenDead: true, ...(outcome === 'failure' ? namedBy(request, seen) : {}) };
}

const PROBLEMS = {
  timeout: 'ICR did not respond within \\d+ s',
  'cut-short': 'ICR’s response was cut short',
  'network-error': '(?:The connection to ICR was lost before its response|The server’s response is not HTTP)',
} as const;

function namedBy(request: RequestName, seen: Seen): { named: RegExp } {
  if (seen.as !== 'answer') {
    const unseen = isMint(request) ? '.* ICR may have minted up to 3 tokens' : '';
    return { named: new RegExp(`^${PROBLEMS[seen.as]} \\(\\d+ attempts in \\d+ s\\)\\.${unseen}`) };
  }
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
