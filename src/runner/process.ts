/** Runs a step: catches every error once, writes all output before the exit, and answers the runner's signals. */

/** What `action.yml` names. */
const MIN_NODE_MAJOR = 24;

/**
 * The runner cancels a step with SIGINT, after 7.5 s with SIGTERM, and kills it 2.5 s later. On Windows it sends
 * Ctrl+C (SIGINT) and Ctrl+Break (SIGBREAK, which ends Node if nobody listens; elsewhere it never comes).
 */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGBREAK'] as const;

/** Aborts at the first signal. From then on no signal ends the process, so that it can end what it has begun. */
export function watchCancellation(): AbortSignal {
  const controller = new AbortController();
  for (const name of SIGNALS) {
    process.on(name, () => controller.abort(new Error(`The step was cancelled (${name}).`)));
  }
  return controller.signal;
}

/** From then on no signal ends the process, so that a revocation under way can end, or say what became of it. */
export function outliveCancellation(): void {
  for (const name of SIGNALS) process.on(name, () => undefined);
}

/**
 * Shortens glibc's look-ups of names, which hold up the exit, unless the runner sets their time itself: by default they end
 * after up to 80 s. For a process that starts no other, since a command would inherit it.
 */
export function shortenDnsLookups(): void {
  process.env['RES_OPTIONS'] ??= 'timeout:2 attempts:2';
}

/**
 * Runs a step and exits, because a connection that hangs or a DNS look-up would keep the process alive.
 *
 * @param step `main` or `post`
 * @param onError gets whatever was thrown, also outside of the promise that the step returns; sets the exit code
 */
export function runAction(step: () => Promise<void>, onError: (error: unknown) => void): void {
  process.on('uncaughtException', (error) => {
    onError(error);
    exit();
  });
  runOnNode(step).catch(onError).finally(exit);
}

async function runOnNode(step: () => Promise<void>): Promise<void> {
  const { node } = process.versions;
  if (Number.parseInt(node, 10) < MIN_NODE_MAJOR) {
    throw new Error(
      `The action needs Node ${MIN_NODE_MAJOR}, and Node ${node} runs it. Use a current GitHub Actions runner; act takes the Node of its image.`,
    );
  }
  await step();
}

/** If standard output is a pipe, it may hold lines that are not written yet. */
function exit(): void {
  process.stdout.write('', () => process.exit());
}
