/** Checks the files in which the runner takes outputs and state, and reports a write that fails. */
import { closeSync, openSync } from 'node:fs';
import { messageOf } from './log.ts';

/**
 * Without these files the toolkit prints outputs and state to the log, and the token with them.
 *
 * @throws Error with the name of the variable that is not set, or whose file can't be written
 */
export function assertFileCommands(): void {
  for (const name of ['GITHUB_STATE', 'GITHUB_OUTPUT']) {
    const file = process.env[name] ?? '';
    if (file === '') {
      throw new Error(
        `${name} is not set, so the token would be printed in the log. Run the action as a step of a workflow, on a current GitHub Actions runner.`,
      );
    }
    try {
      // Not 'a', which would create a file that is missing.
      closeSync(openSync(file, 'r+'));
    } catch (error) {
      throw new Error(`The file of ${name} can’t be written. ${fixOf(error)} No token was minted.`, { cause: error });
    }
  }
}

function fixOf(error: unknown): string {
  const words = messageOf(error);
  return words.startsWith('EACCES')
    ? `Let the container run as the user that owns it (\`options: --user\`): this process is user ${process.getuid?.()}. The system says: ${words}.`
    : `Run the action as a step of a workflow, on a current GitHub Actions runner. The system says: ${words}.`;
}

/** @throws Error with what could not be written, and why */
export function writeFileCommand(what: 'outputs' | 'state', write: () => void): void {
  try {
    write();
  } catch (error) {
    throw new Error(
      `The step’s ${what} could not be written. Check the runner’s disk and the permissions of its folder. The system says: ${messageOf(error)}.`,
      { cause: error },
    );
  }
}
