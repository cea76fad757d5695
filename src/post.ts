/** Owns the order of events of the post step: revoke what main left, and never fail the job. */

import { createHttpClient, startBudget } from './http/client.ts';
import { versionHeader } from './icr/api.ts';
import { revoke } from './icr/revocation.ts';
import { isSummaryWanted } from './inputs/fields.ts';
import { info, messageOf, warning } from './runner/log.ts';
import { outliveCancellation, runAction } from './runner/process.ts';
import { maskSecret } from './runner/secrets.ts';
import { writeSummary } from './runner/summary.ts';
import { readSavedToken } from './token/state.ts';

const BUDGET_SECONDS = 45;

async function post(): Promise<void> {
  outliveCancellation();
  const left = readSavedToken();
  if (left === undefined) return;
  maskSecret(left.token);

  if (Date.parse(left.expiresAt) <= Date.now() + left.clockOffsetMs) {
    info(`The access token expired at ${left.expiresAt}, before this job ended: there is nothing to revoke.`);
    return;
  }
  const send = createHttpClient(left.apiUrl, versionHeader(left.apiVersion));
  const { outcome, words } = await revoke(send, left.token, startBudget(BUDGET_SECONDS));
  if (outcome === 'unknown') throw new Error(words);

  info(outcome === 'revoked' ? 'Revoked the access token.' : `The access token was dead already: ${words}.`);
  const fate = outcome === 'revoked' ? 'revoked' : 'found dead';
  if (isSummaryWanted()) await writeSummary([['Token', `${fate} at ${new Date().toISOString()}`]]);
}

function warn(error: unknown): void {
  const expiry = readSavedToken()?.expiresAt || 'two hours after it was minted';
  const reason = messageOf(error).replace(/\.$/, '');
  warning(`The access token could not be revoked: ${reason}. It lives until ${expiry}.`);
}

runAction(post, warn);
