/** Says what is wrong and what to do when `private-key`, `sign-command` and `jwt` are all empty. */
import { explainMissingSecrets, isDependabot, type RunEvent } from './event.ts';

/**
 * @returns the notice of a run that is skipped
 * @throws Error if the step is to fail, under `skip` too unless GitHub gives such a run no secrets
 */
export function missingCredentials(event: RunEvent, onMissing: 'error' | 'skip'): { notice: string } {
  const { isExpected, cause } = explainMissingSecrets(event);
  if (!isExpected) throw new Error(`${EMPTY}${onMissing === 'skip' ? ` ${NOT_SKIPPED}` : ''}`);
  const reason = `This run has no secrets: ${cause}.`;
  if (onMissing === 'error') throw new Error(`${reason} ${isDependabot(event) ? DEPENDABOT_SECRETS : SKIP}`);
  return { notice: `${reason} No token was minted, because \`on-missing-credentials\` is \`skip\`.` };
}

const SKIP = 'To pass without a token, set `on-missing-credentials: skip`.';
const DEPENDABOT_SECRETS = `Add the credential to the Dependabot secrets. ${SKIP}`;
const EMPTY =
  '`private-key`, `sign-command` and `jwt` are all empty. Set one of them. Likely causes: a misspelled secret, an environment that the job does not name, a reusable workflow without `secrets: inherit`.';
const NOT_SKIPPED =
  '`on-missing-credentials: skip` does not apply: it is for pull requests from a fork, runs that Dependabot started, and repositories that are forks, and this run’s event shows none of these.';
