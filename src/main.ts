/** Owns the order of events of the main step: read, find, mint, check, hand on. */
import { openAppAuth } from './app-auth.ts';
import { watchCancellation } from './cancellation.ts';
import { run } from './door.ts';
import { whyNoSecrets } from './event.ts';
import { openHttp, startBudget } from './http.ts';
import { openIcrApi, versionHeader } from './icr-api.ts';
import { type Inputs, readInputs } from './inputs.ts';
import { chooseInstallation } from './installation.ts';
import { fail, info, messageOf, notice } from './log.ts';
import { checkMinted, mint, withdraw } from './minting.ts';
import { writeDescription, writeToken } from './outputs.ts';
import { describeGrant, summaryRows } from './report.ts';
import { revoke } from './revocation.ts';
import { demandRunnerFiles } from './runner-files.ts';
import { forgetToken, leaveToken } from './state.ts';
import { writeSummary } from './summary.ts';

const BUDGET_SECONDS = 90;
const WITHDRAWAL_SECONDS = 15;
/** The runner kills ten seconds after the first signal, and the mint may have taken five of them. */
const CANCELLED_WITHDRAWAL_SECONDS = 4;

async function main(): Promise<void> {
  const cancelled = watchCancellation();
  const inputs = readInputs();
  if (inputs.credential === undefined) return endWithoutCredential(inputs);
  demandRunnerFiles();

  const send = openHttp(inputs.apiUrl, versionHeader(inputs.apiVersion));
  const auth = openAppAuth(inputs.credential);
  const api = openIcrApi(send, auth, startBudget(BUDGET_SECONDS, cancelled));
  const installation = inputs.tokenType === 'app' ? undefined : await chooseInstallation(api, inputs);

  const minted = await mint(api, auth, installation?.id, inputs);
  try {
    leaveToken(minted.left);
    cancelled.throwIfAborted();
    const grant = checkMinted(minted, { ...inputs, installationId: installation?.id });
    writeDescription(grant, inputs.apiUrl);
    if (inputs.skipTokenRevoke) forgetToken();
    writeToken(minted.token);

    info(describeGrant(grant, installation));
    if (inputs.jobSummary) await writeSummary(summaryRows(grant, installation, new URL(inputs.apiUrl).host));
  } catch (error) {
    // A cancelled step has no time for a request; post revokes what is in the state.
    if (error === cancelled.reason) throw error;
    const budget = cancelled.aborted
      ? startBudget(CANCELLED_WITHDRAWAL_SECONDS)
      : startBudget(WITHDRAWAL_SECONDS, cancelled);
    throw await withdraw(minted, error, (token) => revoke(send, token, budget));
  }
}

async function endWithoutCredential({ onMissingCredentials }: Inputs): Promise<void> {
  const why = `Neither \`private-key\` nor \`jwt\` is given. ${await whyNoSecrets()}`;
  if (onMissingCredentials === 'error')
    throw new Error(`${why} Give one of the two, or set \`on-missing-credentials: skip\`.`);
  notice(`${why} No token was minted, as \`on-missing-credentials: skip\` asks.`);
}

run(main, (error) => fail(messageOf(error)));
