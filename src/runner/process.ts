/** Starts and ends a process of this action: one catch, all output written, the runner's signals answered. */

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

/**
 * Runs the story and exits, since a hung tunnel or a look-up of a name would keep the process alive.
 *
 * @param onError is given whatever was thrown, also outside of the story's own chain; sets the exit code
 */
export function runAction(story: () => Promise<void>, onError: (error: unknown) => void): void {
  process.on('uncaughtException', (error) => {
    onError(error);
    exit();
  });
  story().catch(onError).finally(exit);
}

/** Where standard output is a pipe, it may hold lines that are not written yet. */
function exit(): void {
  process.stdout.write('', () => process.exit());
}
