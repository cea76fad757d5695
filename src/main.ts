/** Owns the order of events of the main step: read, find, mint, check, hand on. */

import { createHttpClient, startBudget } from './http/client.ts';
import { createIcrApi, versionHeader } from './icr/api.ts';
import { createAppAuth } from './icr/app-auth.ts';
import { revoke } from './icr/revocation.ts';
import { type RunEvent, readEvent, relayedInstallationId, whyNoSecrets } from './inputs/event.ts';
import { type Inputs, readInputs } from './inputs/inputs.ts';
import { assertFileCommands } from './runner/file-commands.ts';
import { fail, info, messageOf, notice } from './runner/log.ts';
import { runAction, watchCancellation } from './runner/process.ts';
import { writeSummary } from './runner/summary.ts';
import { chooseInstallation } from './token/installation.ts';
import { checkMinted, mint, revokeAfterFailure } from './token/mint.ts';
import { writeDescription, writeToken } from './token/outputs.ts';
import { describeToken, summaryRows } from './token/report.ts';
import { clearSavedToken, saveToken } from './token/state.ts';

const BUDGET_SECONDS = 90;
const WITHDRAWAL_SECONDS = 15;
/** The runner kills ten seconds after the first signal, and the mint may have taken five of them. */
const CANCELLED_WITHDRAWAL_SECONDS = 4;

async function main(): Promise<void> {
  const cancelled = watchCancellation();
  const inputs = readInputs();
  const event = readEvent();
  if (inputs.credential === undefined) return endWithoutCredential(inputs, event);
  assertFileCommands();

  const send = createHttpClient(inputs.apiUrl, versionHeader(inputs.apiVersion));
  const auth = createAppAuth(inputs.credential);
  const api = createIcrApi(send, auth, startBudget(BUDGET_SECONDS, cancelled));
  const installation =
    inputs.tokenType === 'app' ? undefined : await chooseInstallation(api, inputs, () => relayedInstallationId(event));

  const minted = await mint(api, auth, installation?.id, inputs);
  try {
    saveToken(minted.left);
    cancelled.throwIfAborted();
    const grant = checkMinted(minted, { ...inputs, installationId: installation?.id });
    writeDescription(grant, inputs.apiUrl);
    if (inputs.skipTokenRevoke) clearSavedToken();
    writeToken(minted.token);

    info(describeToken(grant, installation));
    if (inputs.jobSummary) await writeSummary(summaryRows(grant, installation, new URL(inputs.apiUrl).host));
  } catch (error) {
    // A cancelled step has no time for a request; post revokes what is in the state.
    if (error === cancelled.reason) throw error;
    const budget = cancelled.aborted
      ? startBudget(CANCELLED_WITHDRAWAL_SECONDS)
      : startBudget(WITHDRAWAL_SECONDS, cancelled);
    throw await revokeAfterFailure(minted, error, (token) => revoke(send, token, budget));
  }
}

function endWithoutCredential({ onMissingCredentials }: Inputs, event: RunEvent): void {
  const why = `Neither \`private-key\` nor \`jwt\` is given. ${whyNoSecrets(event)}`;
  if (onMissingCredentials === 'error')
    throw new Error(`${why} Give one of the two, or set \`on-missing-credentials: skip\`.`);
  notice(`${why} No token was minted, as \`on-missing-credentials: skip\` asks.`);
}

runAction(main, (error) => fail(messageOf(error)));
