/** Owns the order of events of the post step: revoke what main left, and never fail the job. */
import { outliveCancellation } from './cancellation.ts';
import { run } from './door.ts';
import { openHttp, startBudget } from './http.ts';
import { versionHeader } from './icr-api.ts';
import { info, messageOf, warning } from './log.ts';
import { revoke } from './revocation.ts';
import { maskSecret } from './secrets.ts';
import { takeLeftToken } from './state.ts';
import { isSummaryWanted, writeSummary } from './summary.ts';

const BUDGET_SECONDS = 45;

async function post(): Promise<void> {
  outliveCancellation();
  const left = takeLeftToken();
  if (left === undefined) return;
  maskSecret(left.token);

  if (Date.parse(left.expiresAt) <= Date.now() + left.clockOffsetMs) {
    info(`The access token expired at ${left.expiresAt}, before this job ended: there is nothing to revoke.`);
    return;
  }
  const send = openHttp(left.apiUrl, versionHeader(left.apiVersion));
  const { outcome, words } = await revoke(send, left.token, startBudget(BUDGET_SECONDS));
  if (outcome === 'unknown') throw new Error(words);

  info(outcome === 'revoked' ? 'Revoked the access token.' : `The access token was dead already: ${words}.`);
  const fate = outcome === 'revoked' ? 'revoked' : 'found dead';
  if (isSummaryWanted()) await writeSummary([['Token', `${fate} at ${new Date().toISOString()}`]]);
}

function warn(error: unknown): void {
  const expiry = takeLeftToken()?.expiresAt || 'two hours after it was minted';
  const reason = messageOf(error).replace(/\.$/, '');
  warning(`The access token could not be revoked: ${reason}. It lives until ${expiry}.`);
}

run(post, warn);
