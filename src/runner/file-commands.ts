/** Owns the files by which the runner takes outputs and state: that they are there, and that writing them succeeds. */
import { existsSync } from 'node:fs';
import { messageOf } from './log.ts';

/**
 * Without these files the toolkit prints outputs and state, the token among them, to the log.
 *
 * @throws Error that names the variable that is not set, or whose file is missing
 */
export function assertFileCommands(): void {
  for (const name of ['GITHUB_STATE', 'GITHUB_OUTPUT']) {
    if (!existsSync(process.env[name] ?? '')) {
      throw new Error(
        `The environment variable ${name} does not name a file, so a token could not be handed on without printing it. Likely cause: the action was not started by a GitHub Actions runner, or by one that is too old. Run it as a step of a workflow.`,
      );
    }
  }
}

/** @throws Error that says what could not be written and why */
export function writeFileCommand(what: 'outputs' | 'state', write: () => void): void {
  try {
    write();
  } catch (error) {
    throw new Error(
      `The step’s ${what} could not be written (${messageOf(error)}). Likely cause: the runner’s disk is full or its folder is read-only. Check the runner.`,
      { cause: error },
    );
  }
}
