/** How far the runner's clock is from ICR's, by the `Date` of a response. */
import type { HttpResponse } from '../http/transport.ts';

/**
 * Milliseconds since some moment before the job, the same in main and in post. Unlike the time of day it goes on evenly
 * if the runner's clock is set in between, as on a machine that was just resumed.
 */
export function steadyMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}

/** More than this is worth signing again: a JWT is made for a clock that is 60 s off at most. */
export const MAX_CLOCK_SKEW_MS = 30_000;
/** A Date header is up to a second behind, and the response takes its time. */
const MEASURABLE_CLOCK_SKEW_MS = 2_000;

/** Milliseconds by which the runner's clock is ahead of ICR's; 0 if the response has no time. */
export function clockSkewMs({ dateMs, receivedMs }: HttpResponse): number {
  return dateMs === undefined ? 0 : receivedMs - dateMs;
}

/** As in "90 s ahead of", or undefined if it is too little to measure. */
export function describeClockSkew(skewMs: number): string | undefined {
  if (Math.abs(skewMs) <= MEASURABLE_CLOCK_SKEW_MS) return undefined;
  return `${Math.round(Math.abs(skewMs) / 1000)} s ${skewMs > 0 ? 'ahead of' : 'behind'}`;
}
