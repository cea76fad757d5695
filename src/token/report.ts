/** What a person is told of a token, in the log and in the job's summary. Never the token. */
import type { InstallationSource } from '../icr/installation-source.ts';
import { describePermissions } from '../icr/permissions.ts';
import type { TokenDetails } from '../icr/responses.ts';
import { quote } from '../runner/quote.ts';
import type { ChosenInstallation } from './choose-installation.ts';

const MAX_PERMISSIONS_CHARACTERS = 1000;
const MAX_NAME_CHARACTERS = 80;

const CHOSEN_BY: Record<InstallationSource, string> = {
  'installation-id': 'chosen by `installation-id`',
  'organization-id': 'chosen by `organization-id`',
  webhook: 'chosen by the relayed webhook',
  'only-installation': 'chosen as the app’s only installation, since `organization-id` is empty',
};

export function describeToken(details: TokenDetails, installation: ChosenInstallation | undefined): string {
  const target =
    installation === undefined
      ? 'an app access token'
      : `an access token for organization ${organization(details, installation)}, installation ${details.installationId}, ${CHOSEN_BY[installation.source]}`;
  return `Minted ${target}; permissions: ${permissions(details)}; expires at ${details.expiresAt}.`;
}

/** A job that is about one organization while its token is for another is worth a notice. */
export function describeOtherWebhook(relayedId: string, { id, source }: ChosenInstallation): string {
  return `The event’s webhook is about another installation than the token is for. If the job is to act on the webhook, remove \`${source}\`. The webhook is about ${quote(relayedId, 128)}, the token is for ${id}.`;
}

export function summaryRows(
  details: TokenDetails,
  installation: ChosenInstallation | undefined,
  host: string,
): [string, string][] {
  const target: [string, string][] =
    installation === undefined
      ? [['For', 'the app itself']]
      : [
          ['Organization', organization(details, installation)],
          ['Installation', details.installationId ?? ''],
        ];
  return [['Host', host], ...target, ['Permissions', permissions(details)], ['Expires at', details.expiresAt]];
}

function organization(details: TokenDetails, installation: ChosenInstallation): string {
  const name = installation.organization?.name;
  return name === undefined
    ? `${details.organizationId}`
    : `“${quote(name, MAX_NAME_CHARACTERS)}” (${details.organizationId})`;
}

function permissions(details: TokenDetails): string {
  return quote(describePermissions(details.permissions), MAX_PERMISSIONS_CHARACTERS);
}
