/** Owns a token from the moment it exists: masked, left for post, and withdrawn where the step then fails. */
import { type Grant, parseExpiry, parseGrant, parseToken } from './answers.ts';
import type { AppAuth } from './app-auth.ts';
import { checkGrant, checkToken, type Demands } from './checks.ts';
import { type IcrApi, type Reading, read } from './icr-api.ts';
import { messageOf } from './log.ts';
import type { Verdict } from './revocation.ts';
import { maskSecret } from './secrets.ts';
import { forgetToken, type LeftToken, leaveToken } from './state.ts';

/** A token that exists, is masked, and of which nothing else has been looked at. */
export interface Minted {
  token: string;
  reading: Reading;
  left: LeftToken;
}

/** @throws Error where the API mints none, or answers without one */
export async function mint(
  api: IcrApi,
  auth: AppAuth,
  installationId: string | undefined,
  { apiUrl, apiVersion }: Pick<LeftToken, 'apiUrl' | 'apiVersion'>,
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
export function checkMinted({ token, reading }: Minted, demands: Demands): Grant {
  checkToken(token);
  const grant = read(reading, (text) => parseGrant(text, demands.installationId !== undefined));
  checkGrant(grant, demands);
  return grant;
}

/**
 * Takes a token back after a failure. Where that succeeds post has nothing left to do; where not, it tries again,
 * also where the token was to outlive the job.
 *
 * @returns the failure, with a sentence on what became of the token
 */
export async function withdraw(
  minted: Minted,
  failure: unknown,
  revoke: (token: string) => Promise<Verdict>,
): Promise<Error> {
  const { outcome, words } = await revoke(minted.token);
  const isDead = outcome !== 'unknown';
  let fate = isDead
    ? 'The token was revoked.'
    : `The token could not be revoked yet (${words}); the post step tries again.`;
  try {
    if (isDead) forgetToken();
    else leaveToken(minted.left);
  } catch {
    // The file for the state is what failed in the first place: then post knows of no token at all.
    if (!isDead) fate = `The token could not be revoked (${words}) and lives until ${minted.left.expiresAt}.`;
  }
  return new Error(`${messageOf(failure)} ${fate}`, { cause: failure });
}
