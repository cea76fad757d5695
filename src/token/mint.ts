/** Owns a token from the moment it exists: masked, left for post, and withdrawn where the step then fails. */

import { type IcrApi, type Reading, read } from '../icr/api.ts';
import type { AppAuth } from '../icr/app-auth.ts';
import { parseExpiry, parseToken, parseTokenDetails, type TokenDetails } from '../icr/responses.ts';
import type { RevocationResult } from '../icr/revocation.ts';
import { messageOf } from '../runner/log.ts';
import { maskSecret } from '../runner/secrets.ts';
import { checkToken, checkTokenDetails, type TokenRequirements } from './checks.ts';
import { clearSavedToken, type SavedToken, saveToken } from './state.ts';

/** A token that exists, is masked, and of which nothing else has been looked at. */
export interface Minted {
  token: string;
  reading: Reading;
  left: SavedToken;
}

/** @throws Error where the API mints none, or answers without one */
export async function mint(
  api: IcrApi,
  auth: AppAuth,
  installationId: string | undefined,
  { apiUrl, apiVersion }: Pick<SavedToken, 'apiUrl' | 'apiVersion'>,
): Promise<Minted> {
  const reading = await api.mint(installationId);
  const token = read(reading, parseToken);
  maskSecret(token);
  const left = {
    apiUrl,
    apiVersion,
    token,
    expiresAt: read(reading, parseExpiry) ?? '',
    clockOffsetMs: auth.clockOffsetMs(reading.answer),
  };
  return { token, reading, left };
}

/** @throws Error for the first demand that the token does not meet, or the first field that is not as documented */
export function checkMinted({ token, reading }: Minted, demands: TokenRequirements): TokenDetails {
  checkToken(token);
  const grant = read(reading, (text) => parseTokenDetails(text, demands.installationId !== undefined));
  checkTokenDetails(grant, demands);
  return grant;
}

/**
 * Takes a token back after a failure. Where that succeeds post has nothing left to do; where not, it tries again,
 * also where the token was to outlive the job.
 *
 * @returns the failure, with a sentence on what became of the token
 */
export async function revokeAfterFailure(
  minted: Minted,
  failure: unknown,
  revoke: (token: string) => Promise<RevocationResult>,
): Promise<Error> {
  const { outcome, words } = await revoke(minted.token);
  const isDead = outcome !== 'unknown';
  let fate = isDead
    ? 'The token was revoked.'
    : `The token could not be revoked yet (${words}); the post step tries again.`;
  try {
    if (isDead) clearSavedToken();
    else saveToken(minted.left);
  } catch {
    // The file for the state is what failed in the first place: then post knows of no token at all.
    if (!isDead) fate = `The token could not be revoked (${words}) and lives until ${minted.left.expiresAt}.`;
  }
  return new Error(`${messageOf(failure)} ${fate}`, { cause: failure });
}
