/** Owns what a person is told of a token, in the log's one line and in the summary's table. Never the token. */
import type { Grant, Installation } from './answers.ts';
import { plain } from './outside-text.ts';
import { describePermissions } from './permissions.ts';

const MAX_PERMISSIONS_CHARACTERS = 1000;

export function describeGrant(grant: Grant, installation: Installation | undefined): string {
  const target =
    installation === undefined
      ? 'an app access token'
      : `an access token for organization ${organization(grant, installation)}, installation ${grant.installationId}`;
  return `Minted ${target}; permissions: ${permissions(grant)}; expires at ${grant.expiresAt}.`;
}

export function summaryRows(grant: Grant, installation: Installation | undefined, host: string): [string, string][] {
  const target: [string, string][] =
    installation === undefined
      ? [['For', 'the app itself']]
      : [
          ['Organization', organization(grant, installation)],
          ['Installation', grant.installationId ?? ''],
        ];
  return [['Host', host], ...target, ['Permissions', permissions(grant)], ['Expires at', grant.expiresAt]];
}

function organization(grant: Grant, installation: Installation): string {
  const name = installation.organization?.name;
  return name === undefined ? `${grant.organizationId}` : `“${plain(name, 80)}” (${grant.organizationId})`;
}

function permissions(grant: Grant): string {
  return plain(describePermissions(grant.permissions), MAX_PERMISSIONS_CHARACTERS);
}
