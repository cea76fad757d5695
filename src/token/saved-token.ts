/** What main saves for post: the names of the state, each written and read here alone. Never a key or a JWT. */
import * as core from '@actions/core';
import type { RevocableToken } from '../icr/revocation.ts';
import { writeFileCommand } from '../runner/file-commands.ts';

const TOKEN = 'token';
const KIND = 'kind';
const EXPIRES_AT = 'expires-at';
const API_URL = 'api-url';
const API_VERSION = 'api-version';
const JOB_SUMMARY = 'job-summary';

export interface SavedToken extends RevocableToken {
  apiUrl: string;
  apiVersion: string;
  /** Whether a summary is wanted. Post's own inputs may be empty, for instance in a nested composite action. */
  jobSummary: boolean;
}

export function saveToken(saved: SavedToken): void {
  writeFileCommand('state', () => {
    core.saveState(KIND, saved.kind);
    core.saveState(EXPIRES_AT, saved.expiresAt);
    core.saveState(API_URL, saved.apiUrl);
    core.saveState(API_VERSION, saved.apiVersion);
    core.saveState(JOB_SUMMARY, saved.jobSummary);
    core.saveState(TOKEN, saved.token);
  });
}

/** Leaves nothing to revoke: of a name that is saved twice, the runner takes the later. */
export function clearSavedToken(): void {
  writeFileCommand('state', () => core.saveState(TOKEN, ''));
}

/** What main saved, or undefined if there is nothing to revoke. */
export function readSavedToken(): SavedToken | undefined {
  const token = core.getState(TOKEN);
  if (token === '') return undefined;
  return {
    token,
    kind: core.getState(KIND) === 'app' ? 'app' : 'installation',
    expiresAt: core.getState(EXPIRES_AT),
    apiUrl: core.getState(API_URL),
    apiVersion: core.getState(API_VERSION),
    jobSummary: core.getState(JOB_SUMMARY) === 'true',
  };
}
