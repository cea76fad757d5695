/** Says what is wrong and what to do when `private-key`, `sign-command` and `jwt` are all empty. */
import { explainMissingSecrets, isDependabot, type RunEvent } from './event.ts';

const SKIP = 'To pass without a token, set `on-missing-credentials: skip`.';
const SKIP_OR_STORE = 'Set `on-missing-credentials: skip`, or add a key of the sandbox to the Dependabot secrets.';
const EMPTY =
  '`private-key`, `sign-command` and `jwt` are all empty. Set one of them. Likely causes: a misspelled secret, an environment that the job does not name, a reusable workflow without `secrets: inherit`.';
const NOT_SKIPPED =
  '`on-missing-credentials: skip` does not apply: it is for pull requests from a fork, runs that Dependabot started, and repositories that are forks, and this run’s event shows none of these.';

/** The notice of a run that is skipped, or the error of one that is not. */
export function describeMissingCredentials(
  event: RunEvent,
  onMissing: 'error' | 'skip',
): { isSkipped: boolean; message: string } {
  const cause = explainMissingSecrets(event);
  if (cause === undefined) {
    return { isSkipped: false, message: `${EMPTY}${onMissing === 'skip' ? ` ${NOT_SKIPPED}` : ''}` };
  }
  const reason = `The credential is empty, likely because GitHub gives this run no secrets: ${cause}.`;
  return onMissing === 'skip'
    ? { isSkipped: true, message: `${reason} No token was minted, because \`on-missing-credentials\` is \`skip\`.` }
    : { isSkipped: false, message: `${reason} ${isDependabot(event) ? SKIP_OR_STORE : SKIP}` };
}
