/** Owns the signals by which the runner cancels a step. */

/** Aborts at the first SIGINT or SIGTERM; from then on the process ends by its own decision, not by the signal. */
export function watchCancellation(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () =>
      controller.abort(
        new Error(`The step was cancelled (${name}). The post step revokes the token, if one was minted.`),
      ),
    );
  }
  return controller.signal;
}
