/** Owns how a process of this action starts and ends: one catch, all output written, nothing left running. */

/**
 * Runs the story and exits, since a hung tunnel or a look-up of a name would keep the process alive.
 *
 * @param onError is given whatever was thrown, also outside of the story's own chain; sets the exit code
 */
export function run(story: () => Promise<void>, onError: (error: unknown) => void): void {
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
