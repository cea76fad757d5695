/** The main step: chooses the installation, mints a token, checks it, and hands it to the steps that follow. */
import { createHttpClient, startBudget } from './http/client.ts';
import { createIcrApi } from './icr/api.ts';
import { versionHeader } from './icr/api-version.ts';
import { createAppAuth } from './icr/app-auth.ts';
import { isSameId } from './icr/id.ts';
import { revokeToken } from './icr/revoke.ts';
import {
  findRelayedInstallationId,
  isRepositoryPrivate,
  type RunEvent,
  readEvent,
  relayedInstallation,
} from './inputs/event.ts';
import { readInputs } from './inputs/inputs.ts';
import { missingCredentials } from './inputs/missing-credentials.ts';
import { assertFileCommands } from './runner/file-commands.ts';
import { fail, info, messageOf, notice } from './runner/log.ts';
import { runAction, watchCancellation } from './runner/process.ts';
import { writeSummary } from './runner/summary.ts';
import { checkToken } from './token/checks.ts';
import { type ChosenInstallation, chooseInstallation } from './token/choose-installation.ts';
import { writeDetails, writeToken } from './token/outputs.ts';
import { describeOtherWebhook, describeToken, summaryRows } from './token/report.ts';
import { revokeAfterFailure } from './token/revoke-after-failure.ts';
import { clearSavedToken, saveToken } from './token/saved-token.ts';

const BUDGET_SECONDS = 90;
const REVOCATION_SECONDS = 15;
/** The runner kills ten seconds after the first signal, and the mint may have taken five of them. */
const CANCELLED_REVOCATION_SECONDS = 4;

async function main(): Promise<void> {
  const cancelled = watchCancellation();
  const inputs = readInputs();
  const event = readEvent();
  if (inputs.credential === undefined) {
    return notice(missingCredentials(event, inputs.onMissingCredentials).notice);
  }
  assertFileCommands();

  const send = createHttpClient(inputs.apiUrl, versionHeader(inputs.apiVersion));
  const auth = createAppAuth(inputs.credential, cancelled);
  const api = createIcrApi(send, auth, startBudget(BUDGET_SECONDS, cancelled));
  const installation =
    inputs.tokenType === 'app'
      ? undefined
      : await chooseInstallation(api, inputs, () => relayedInstallation(event), isRepositoryPrivate(event));

  const minted = await api.mintToken(installation);
  const saved = { ...minted, apiUrl: inputs.apiUrl, apiVersion: inputs.apiVersion };
  try {
    saveToken(saved);
    cancelled.throwIfAborted();
    const details = checkToken(minted, { ...inputs, installation });
    writeDetails(details, inputs.apiUrl);
    if (inputs.skipTokenRevoke) clearSavedToken();
    writeToken(minted.token);

    info(describeToken(details, installation));
    if (installation !== undefined) noticeOtherWebhook(event, installation);
    if (inputs.jobSummary) await writeSummary(summaryRows(details, installation, new URL(inputs.apiUrl).host));
  } catch (error) {
    // A cancelled step has no time for a request; post revokes what is in the state.
    if (error === cancelled.reason) throw error;
    const budget = cancelled.aborted
      ? startBudget(CANCELLED_REVOCATION_SECONDS)
      : startBudget(REVOCATION_SECONDS, cancelled);
    throw await revokeAfterFailure(saved, error, (token) => revokeToken(send, token, budget));
  }
}

/** A job that acts on the webhook would otherwise act on one organization with a token for another. */
function noticeOtherWebhook(event: RunEvent, installation: ChosenInstallation): void {
  const relayedId = findRelayedInstallationId(event);
  if (relayedId !== undefined && !isSameId(relayedId, installation.id)) {
    notice(describeOtherWebhook(relayedId, installation));
  }
}

runAction(main, (error) => fail(messageOf(error)));
