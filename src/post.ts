/** The post step: revokes the token that main saved, and never fails the job. */
import { createHttpClient, startBudget } from './http/client.ts';
import { shortenLookups } from './http/connection.ts';
import { versionHeader } from './icr/api-version.ts';
import { revokeToken } from './icr/revoke.ts';
import { isSummaryWanted } from './inputs/fields.ts';
import { info, messageOf, warning } from './runner/log.ts';
import { outliveCancellation, runAction } from './runner/process.ts';
import { maskSecret } from './runner/secrets.ts';
import { writeSummary } from './runner/summary.ts';
import { hasExpired, readSavedToken } from './token/saved-token.ts';

const BUDGET_SECONDS = 45;

async function post(): Promise<void> {
  outliveCancellation();
  const saved = readSavedToken();
  if (saved === undefined) return;
  maskSecret(saved.token);

  if (hasExpired(saved)) {
    info(`The access token expired at ${saved.expiresAt}, before this job ended: there is nothing to revoke.`);
    return;
  }
  shortenLookups();
  const send = createHttpClient(saved.apiUrl, versionHeader(saved.apiVersion));
  const { outcome, detail } = await revokeToken(send, saved.token, startBudget(BUDGET_SECONDS));
  if (outcome === 'unknown') throw new Error(detail);

  info(outcome === 'revoked' ? 'Revoked the access token.' : `The access token was already invalid: ${detail}.`);
  if (isSummaryWanted()) await writeSummary([['Token', `${outcome} at ${new Date().toISOString()}`]]);
}

function warn(error: unknown): void {
  const expiry = readSavedToken()?.expiresAt ?? 'two hours after it was minted';
  const reason = messageOf(error).replace(/\.$/, '');
  warning(
    `The token could not be revoked, and is valid until ${expiry}. You don’t have to do anything unless it leaked: then an admin of the organization can suspend the installation. ${reason}.`,
  );
}

runAction(post, warn);
