/** Owns the server's idea of the time, which tests can move away from the real one. */
export class Clock {
  /** Seconds the server's clock is ahead of real time (negative: behind). */
  offsetSeconds = 0;

  now(): number {
    return Date.now() + this.offsetSeconds * 1000;
  }

  /** Whole seconds, as JWT libraries compare them. */
  seconds(): number {
    return Math.floor(this.now() / 1000);
  }

  iso(): string {
    return new Date(this.now()).toISOString();
  }

  httpDate(aheadSeconds = 0): string {
    return new Date(this.now() + aheadSeconds * 1000).toUTCString();
  }
}
