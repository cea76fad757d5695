/** Writes the lines that a person reads: each is one line, without secrets and without commands to the runner. */
import * as core from '@actions/core';
import { oneLine } from './quote.ts';

/** The runner cuts an annotation's message at 4,096 characters. */
const MAX_LINE_CHARACTERS = 4000;
/** The action's name in `action.yml`: annotations of a run are listed together, whatever step they come from. */
const ANNOTATION = { title: 'Create ICR App Token' };

export function info(line: string): void {
  core.info(printable(line));
}

export function notice(line: string): void {
  core.notice(printable(line), ANNOTATION);
}

export function warning(line: string): void {
  core.warning(printable(line), ANNOTATION);
}

/** The one annotation of a failed step; also makes the exit code 1. The toolkit's `setFailed` takes no title. */
export function fail(line: string): void {
  process.exitCode = core.ExitCode.Failure;
  core.error(printable(line), ANNOTATION);
}

function printable(line: string): string {
  return oneLine(line).slice(0, MAX_LINE_CHARACTERS);
}

/** Those of the sentences that there are. */
export function joined(...sentences: (string | undefined)[]): string {
  return sentences.filter(Boolean).join(' ');
}

/** The words of whatever was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
