/** Owns the order of events of the post step: revoke what main left, and never fail the job. */
import { run } from './door.ts';
import { openHttp, startBudget } from './http.ts';
import { versionHeader } from './icr-api.ts';
import { info, warning } from './log.ts';
import { revoke } from './revocation.ts';
import { maskSecret } from './secrets.ts';
import { takeLeftToken } from './state.ts';
import { isSummaryWanted, writeSummary } from './summary.ts';

const BUDGET_SECONDS = 45;

async function post(): Promise<void> {
  const left = takeLeftToken();
  if (left === undefined) return;
  maskSecret(left.token);

  if (Date.parse(left.expiresAt) <= Date.now() + left.clockOffsetMs) {
    info(`The access token expired at ${left.expiresAt}, before this job ended: there is nothing to revoke.`);
    return;
  }
  const send = openHttp(left.apiUrl, versionHeader(left.apiVersion));
  const { outcome, words } = await revoke(send, left.token, startBudget(BUDGET_SECONDS));

  if (outcome === 'unknown') {
    warning(
      `The access token could not be revoked: ${words} It lives until ${left.expiresAt || 'two hours after it was minted'}.`,
    );
  } else {
    info(outcome === 'revoked' ? 'Revoked the access token.' : `The access token was dead already: ${words}.`);
    if (isSummaryWanted()) await writeSummary([['Token', `${outcome} at ${new Date().toISOString()}`]]);
  }
}

run(post, (error) =>
  warning(`The access token may not have been revoked: ${error instanceof Error ? error.message : String(error)}`),
);
