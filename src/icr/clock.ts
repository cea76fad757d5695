/** Corrects the runner's clock by ICR's, for the times in the app's JWT. */
import type { HttpResponse } from '../http/transport.ts';
import { info } from '../runner/log.ts';

/** More than this is worth signing again: a JWT is made for a clock that is 60 s off at most. */
export const MAX_CLOCK_SKEW_MS = 30_000;
/** A Date header is up to a second behind, and the response takes its time. */
const MEASURABLE_CLOCK_SKEW_MS = 2_000;
/** ICR does not document with which of them it refuses a JWT. */
const MAY_BE_REFUSAL = [400, 401, 403];
/** A 400 may also be about the request. */
const IS_REFUSAL = [401, 403];

export interface Clock {
  /** Milliseconds to add to the runner's clock to have ICR's, as far as it is known. */
  offsetMs(): number;
  /**
   * Takes ICR's time from an answer that may have refused the JWT for its times, once in a step; or goes back to the
   * runner's, if a JWT by that time is refused as well. For answers until ICR takes a JWT: from then on its time stays.
   *
   * @returns whether the request is worth repeating
   */
  adjustBy(response: HttpResponse): boolean;
}

export function createClock(): Clock {
  let offsetMs = 0;
  let wasCorrected = false;
  return {
    offsetMs: () => offsetMs,
    adjustBy: (response) => {
      const { status } = response;
      if (offsetMs !== 0 && IS_REFUSAL.includes(status)) {
        offsetMs = 0;
        return true;
      }
      const skewMs = clockSkewMs(response);
      const isOff = Math.abs(skewMs) > MAX_CLOCK_SKEW_MS;
      if (wasCorrected || !isOff || !MAY_BE_REFUSAL.includes(status)) return false;
      wasCorrected = true;
      offsetMs = -skewMs;
      info(
        `The runner’s clock is ${describeClockSkew(skewMs)} the server’s, and the answer was ${status}: signing again by the server’s clock.`,
      );
      return true;
    },
  };
}

/** Milliseconds by which the runner's clock is ahead of ICR's; 0 if the response has no time. */
export function clockSkewMs({ dateMs, receivedMs }: HttpResponse): number {
  return dateMs === undefined ? 0 : receivedMs - dateMs;
}

/** As in "90 s ahead of", or undefined if it is too little to measure. */
export function describeClockSkew(skewMs: number): string | undefined {
  if (Math.abs(skewMs) <= MEASURABLE_CLOCK_SKEW_MS) return undefined;
  return `${Math.round(Math.abs(skewMs) / 1000)} s ${skewMs > 0 ? 'ahead of' : 'behind'}`;
}
