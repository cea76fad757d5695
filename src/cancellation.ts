/** Owns the signals by which the runner cancels a step. */

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** Aborts at the first SIGINT or SIGTERM; from then on the process ends by its own decision, not by the signal. */
export function watchCancellation(): AbortSignal {
  const controller = new AbortController();
  for (const name of SIGNALS) {
    process.on(name, () =>
      controller.abort(
        new Error(`The step was cancelled (${name}). The post step revokes the token, if one was minted.`),
      ),
    );
  }
  return controller.signal;
}

/** Lets a revocation under way end, or say what became of it; the runner waits ten seconds before it kills. */
export function outliveCancellation(): void {
  for (const name of SIGNALS) process.on(name, () => undefined);
}
