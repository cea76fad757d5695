/** Checks the files in which the runner takes outputs and state, and reports a write that fails. */
import { existsSync } from 'node:fs';
import { messageOf } from './log.ts';

/**
 * Without these files the toolkit prints outputs and state to the log, and the token with them.
 *
 * @throws Error with the name of the variable that is not set, or whose file is missing
 */
export function assertFileCommands(): void {
  for (const name of ['GITHUB_STATE', 'GITHUB_OUTPUT']) {
    if (!existsSync(process.env[name] ?? '')) {
      throw new Error(
        `${name} does not name a file, so the token would be printed in the log. Run the action as a step of a workflow, on a current GitHub Actions runner.`,
      );
    }
  }
}

/** @throws Error with what could not be written, and why */
export function writeFileCommand(what: 'outputs' | 'state', write: () => void): void {
  try {
    write();
  } catch (error) {
    throw new Error(
      `The step’s ${what} could not be written. Check the runner: its disk is full, or its folder is read-only (${messageOf(error)}).`,
      { cause: error },
    );
  }
}
