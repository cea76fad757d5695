/** Revokes a token after a failure, so that no failed step leaves one alive. */
import type { Revocation } from '../icr/revocation.ts';
import { messageOf } from '../runner/log.ts';
import { clearSavedToken, type SavedToken, saveToken } from './saved-token.ts';

/**
 * Only ICR's word that the token was revoked counts: it may say of a token that was minted a moment ago that it does
 * not know it. Otherwise post tries again, even if the token was to outlive the job.
 *
 * @returns the failure, with a sentence on what became of the token
 */
export async function revokeAfterFailure(
  saved: SavedToken,
  failure: unknown,
  revoke: (token: SavedToken) => Promise<Revocation>,
): Promise<Error> {
  const { outcome, detail } = await revoke(saved);
  return new Error(`${messageOf(failure)} ${settle(saved, outcome === 'revoked', detail)}`, { cause: failure });
}

function settle(saved: SavedToken, isRevoked: boolean, detail: string): string {
  try {
    if (isRevoked) clearSavedToken();
    else saveToken(saved);
  } catch {
    // The state file is what failed in the first place: post then knows of no token.
    if (!isRevoked) return `The token could not be revoked, and may be valid until ${saved.expiresAt} (${detail}).`;
  }
  return isRevoked
    ? 'The token was revoked.'
    : `The token could not be revoked yet; the post step tries again (${detail}).`;
}
