/** What a person is told of a token, in the log and in the job's summary. Never the token. */
import { CHOSEN_BY, type ChosenInstallation } from '../icr/installation.ts';
import { describePermissions } from '../icr/permissions.ts';
import { quote } from '../runner/quote.ts';
import type { CheckedToken } from './checks.ts';
import { describeOrganization } from './installation-names.ts';

export function describeToken(token: CheckedToken, installation: ChosenInstallation | undefined): string {
  const target =
    installation === undefined
      ? 'an app access token'
      : `an access token for organization ${organization(token, installation)}, installation ${installation.id}, ${CHOSEN_BY[installation.rule]}`;
  return `Minted ${target}; permissions: ${permissions(token)}; expires at ${expiry(token)}.`;
}

export function summaryRows(
  token: CheckedToken,
  installation: ChosenInstallation | undefined,
  host: string,
): [string, string][] {
  const target: [string, string][] =
    installation === undefined
      ? [['For', 'the app itself']]
      : [
          ['Organization', organization(token, installation)],
          ['Installation', installation.id],
        ];
  return [['Host', host], ...target, ['Permissions', permissions(token)], ['Expires at', expiry(token)]];
}

function organization({ organizationId: id }: CheckedToken, { organization }: ChosenInstallation): string {
  return id === undefined ? '(ICR gave no ID)' : describeOrganization({ id, name: organization?.name });
}

function permissions(token: CheckedToken): string {
  return token.permissions === undefined ? 'not named by ICR' : quote(describePermissions(token.permissions), 1000);
}

function expiry({ expiresAt, isExpiryAssumed }: CheckedToken): string {
  return isExpiryAssumed ? `${expiresAt} (assumed: ICR doesn’t say)` : expiresAt;
}
