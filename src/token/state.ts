/** Owns what main leaves for post: the keys of the state, each written and read here alone. Never a key or a JWT. */
import * as core from '@actions/core';
import { writeFileCommand } from '../runner/file-commands.ts';

const TOKEN = 'token';
const EXPIRES_AT = 'expires-at';
const CLOCK_OFFSET_MS = 'clock-offset-ms';
const API_URL = 'api-url';
const API_VERSION = 'api-version';

export interface SavedToken {
  token: string;
  /** ISO 8601; empty where the API's answer did not say. */
  expiresAt: string;
  /** What to add to the runner's clock to have the API's. */
  clockOffsetMs: number;
  apiUrl: string;
  apiVersion: string;
}

export function saveToken(left: SavedToken): void {
  writeFileCommand('state', () => {
    core.saveState(EXPIRES_AT, left.expiresAt);
    core.saveState(CLOCK_OFFSET_MS, left.clockOffsetMs);
    core.saveState(API_URL, left.apiUrl);
    core.saveState(API_VERSION, left.apiVersion);
    core.saveState(TOKEN, left.token);
  });
}

/** Leaves nothing to revoke: of a key that is saved twice the runner takes the later. */
export function clearSavedToken(): void {
  writeFileCommand('state', () => core.saveState(TOKEN, ''));
}

/** What main left, or undefined where there is nothing to revoke. */
export function readSavedToken(): SavedToken | undefined {
  const token = core.getState(TOKEN);
  if (token === '') return undefined;
  return {
    token,
    expiresAt: core.getState(EXPIRES_AT),
    clockOffsetMs: Number(core.getState(CLOCK_OFFSET_MS)),
    apiUrl: core.getState(API_URL),
    apiVersion: core.getState(API_VERSION),
  };
}
