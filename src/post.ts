/** The post step: revokes the token that main saved, and never fails the job. */
import { startBudget } from './http/client.ts';
import { connectToIcr } from './icr/connection.ts';
import { type Revocation, revokeToken } from './icr/revocation.ts';
import { info, messageOf, warning } from './runner/log.ts';
import { outliveCancellation, runAction, shortenDnsLookups } from './runner/process.ts';
import { maskSecret } from './runner/secrets.ts';
import { writeSummary } from './runner/summary.ts';
import { readSavedToken, type SavedToken } from './token/saved-token.ts';

const BUDGET_SECONDS = 45;

async function post(): Promise<void> {
  outliveCancellation();
  const saved = readSavedToken();
  if (saved === undefined) return;
  maskSecret(saved.token);

  shortenDnsLookups();
  const send = connectToIcr(saved.apiUrl, saved.apiVersion);
  const revocation = await revokeToken(send, saved, startBudget(BUDGET_SECONDS));
  if (revocation.outcome === 'unknown') throw new Error(revocation.detail);

  info(describe(revocation, saved));
  const at = revocation.outcome === 'expired' ? saved.expiresAt : new Date().toISOString();
  if (saved.jobSummary) await writeSummary([['Token', `${revocation.outcome} at ${at}`]]);
}

function describe({ outcome, detail }: Revocation, { expiresAt }: SavedToken): string {
  if (outcome === 'revoked') return 'Revoked the access token.';
  return outcome === 'expired'
    ? `The access token expired at ${expiresAt}, before this job ended. ${detail}.`
    : `ICR refused the access token twice, so it is likely already invalid: ${detail}.`;
}

function warn(error: unknown): void {
  const saved = readSavedToken();
  const reason = `${messageOf(error).replace(/\.$/, '')}.`;
  warning(saved === undefined ? reason : `${describeLife(saved)} ${reason}`);
}

function describeLife({ expiresAt, kind }: SavedToken): string {
  const life = `The token could not be revoked, and may be valid until ${expiresAt}.`;
  return kind === 'app'
    ? life
    : `${life} You don’t have to do anything unless it leaked: then an admin of the organization can suspend the installation, which likely ends it.`;
}

runAction(post, warn);
