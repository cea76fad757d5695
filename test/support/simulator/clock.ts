/** The server's clock, which tests can move. */
export class Clock {
  /** How far the server's clock is ahead of the real time. Negative: behind. */
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
