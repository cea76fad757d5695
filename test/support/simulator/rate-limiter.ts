/** Limits the requests a second if a test wants it. docs: Best practices announces limits without numbers. */
import type { Clock } from './clock.ts';
import { ApiError } from './reply.ts';
import type { RateLimit } from './settings.ts';

export class RateLimiter {
  /** When each request of the last second was let through, by the monotonic clock. */
  #passed: number[] = [];

  check(limit: RateLimit | undefined, clock: Clock): void {
    if (limit === undefined) return;
    const now = performance.now();
    this.#passed = this.#passed.filter((at) => at > now - 1000);
    if (this.#passed.length >= limit.perSecond) {
      const wait = limit.retryAfterSeconds;
      const retryAfter = limit.retryAfterAs === 'seconds' ? String(wait) : clock.httpDate(wait);
      throw new ApiError(429, 'ThrottlerException: Too Many Requests', { 'Retry-After': retryAfter });
    }
    this.#passed.push(now);
  }
}
