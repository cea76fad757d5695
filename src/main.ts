/** The main step: chooses the installation, mints a token, checks it, and hands it to the steps that follow. */
import { startBudget } from './http/client.ts';
import { createIcrApi } from './icr/api.ts';
import { connectToIcr } from './icr/connection.ts';
import { revokeToken } from './icr/revocation.ts';
import { isRepositoryPrivate, readEvent } from './inputs/event.ts';
import { readInputs } from './inputs/inputs.ts';
import { describeMissingCredentials } from './inputs/missing-credentials.ts';
import { assertFileCommands } from './runner/file-commands.ts';
import { fail, info, messageOf, notice } from './runner/log.ts';
import { runAction, watchCancellation } from './runner/process.ts';
import { writeSummary } from './runner/summary.ts';
import { checkToken } from './token/checks.ts';
import { chooseInstallation } from './token/choose-installation.ts';
import { writeDetails, writeToken } from './token/outputs.ts';
import { describeToken, summaryRows } from './token/report.ts';
import { revokeAfterFailure } from './token/revoke-after-failure.ts';
import { clearSavedToken, saveToken } from './token/saved-token.ts';

const BUDGET_SECONDS = 90;
const REVOCATION_SECONDS = 15;
/** What the mint's grace leaves until the runner kills. */
const CANCELLED_REVOCATION_SECONDS = 4;

async function main(): Promise<void> {
  const cancelled = watchCancellation();
  const inputs = readInputs();
  const event = readEvent();
  if (inputs.credential === undefined) {
    const { isSkipped, message } = describeMissingCredentials(event, inputs.onMissingCredentials);
    if (isSkipped) return notice(message);
    throw new Error(message);
  }
  assertFileCommands();

  const send = connectToIcr(inputs.apiUrl, inputs.apiVersion);
  const api = createIcrApi(send, inputs.credential, startBudget(BUDGET_SECONDS, cancelled));
  const installation =
    inputs.tokenType === 'app' ? undefined : await chooseInstallation(api, inputs, isRepositoryPrivate(event));

  const minted = await api.mintToken(installation);
  const { token, expiresAt } = minted;
  const { tokenType: kind, apiUrl, apiVersion, jobSummary } = inputs;
  const saved = { token, kind, expiresAt, apiUrl, apiVersion, jobSummary };
  try {
    saveToken(saved);
    cancelled.throwIfAborted();
    const checked = checkToken(minted, { ...inputs, installation });
    writeDetails(checked, apiUrl);
    if (inputs.skipTokenRevoke) clearSavedToken();
    writeToken(token);

    info(describeToken(checked, installation));
    if (jobSummary) await writeSummary(summaryRows(checked, installation, new URL(apiUrl).host));
  } catch (error) {
    // A cancelled step has no time for a request; post revokes what is in the state.
    if (error === cancelled.reason) throw new Error(`${messageOf(error)} The post step revokes the token.`);
    const budget = cancelled.aborted
      ? startBudget(CANCELLED_REVOCATION_SECONDS)
      : startBudget(REVOCATION_SECONDS, cancelled);
    throw await revokeAfterFailure(saved, error, (it) => revokeToken(send, it, budget));
  }
}

runAction(main, (error) => fail(messageOf(error)));
