/** What main saves for post: the names of the state, each written and read here alone. Never a key or a JWT. */
import * as core from '@actions/core';
import { steadyMs } from '../icr/clock-skew.ts';
import { writeFileCommand } from '../runner/file-commands.ts';

const TOKEN = 'token';
const EXPIRES_AT = 'expires-at';
const CLOCK_OFFSET_MS = 'clock-offset-ms';
const API_URL = 'api-url';
const API_VERSION = 'api-version';

export interface SavedToken {
  token: string;
  /** ISO 8601; undefined if ICR didn't say. */
  expiresAt: string | undefined;
  /** Milliseconds to add to `steadyMs()` to have ICR's time, in Unix milliseconds. */
  clockOffsetMs: number;
  apiUrl: string;
  apiVersion: string;
}

export function saveToken(saved: SavedToken): void {
  writeFileCommand('state', () => {
    core.saveState(EXPIRES_AT, saved.expiresAt ?? '');
    core.saveState(CLOCK_OFFSET_MS, saved.clockOffsetMs);
    core.saveState(API_URL, saved.apiUrl);
    core.saveState(API_VERSION, saved.apiVersion);
    core.saveState(TOKEN, saved.token);
  });
}

/** Leaves nothing to revoke: of a name that is saved twice, the runner takes the later. */
export function clearSavedToken(): void {
  writeFileCommand('state', () => core.saveState(TOKEN, ''));
}

/** By ICR's clock, and not by the runner's, which may have been set since main ran. */
export function hasExpired({ expiresAt, clockOffsetMs }: SavedToken): boolean {
  return expiresAt !== undefined && Date.parse(expiresAt) <= steadyMs() + clockOffsetMs;
}

/** What main saved, or undefined if there is nothing to revoke. */
export function readSavedToken(): SavedToken | undefined {
  const token = core.getState(TOKEN);
  if (token === '') return undefined;
  return {
    token,
    expiresAt: core.getState(EXPIRES_AT) || undefined,
    clockOffsetMs: Number(core.getState(CLOCK_OFFSET_MS)),
    apiUrl: core.getState(API_URL),
    apiVersion: core.getState(API_VERSION),
  };
}
