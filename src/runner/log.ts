/** Owns the lines that a person reads in the step's log: each leaves as one line without secrets or commands. */
import * as core from '@actions/core';
import { sanitize } from './sanitize.ts';

/** The runner cuts an annotation at 4,096 characters. */
const MAX_LINE_CHARACTERS = 4000;

export function info(line: string): void {
  core.info(sanitize(line, MAX_LINE_CHARACTERS));
}

export function notice(line: string): void {
  core.notice(sanitize(line, MAX_LINE_CHARACTERS));
}

export function warning(line: string): void {
  core.warning(sanitize(line, MAX_LINE_CHARACTERS));
}

/** The one annotation of a failed step; also makes the exit code 1. */
export function fail(line: string): void {
  core.setFailed(sanitize(line, MAX_LINE_CHARACTERS));
}

/** The words of whatever was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
