/** Owns what a person is told of a token, in the log's one line and in the summary's table. Never the token. */

import { describePermissions } from '../icr/permissions.ts';
import type { Installation, TokenDetails } from '../icr/responses.ts';
import { sanitize } from '../runner/sanitize.ts';

const MAX_PERMISSIONS_CHARACTERS = 1000;

export function describeToken(token: TokenDetails, installation: Installation | undefined): string {
  const target =
    installation === undefined
      ? 'an app access token'
      : `an access token for organization ${organization(token, installation)}, installation ${token.installationId}`;
  return `Minted ${target}; permissions: ${permissions(token)}; expires at ${token.expiresAt}.`;
}

export function summaryRows(
  token: TokenDetails,
  installation: Installation | undefined,
  host: string,
): [string, string][] {
  const target: [string, string][] =
    installation === undefined
      ? [['For', 'the app itself']]
      : [
          ['Organization', organization(token, installation)],
          ['Installation', token.installationId ?? ''],
        ];
  return [['Host', host], ...target, ['Permissions', permissions(token)], ['Expires at', token.expiresAt]];
}

function organization(token: TokenDetails, installation: Installation): string {
  const name = installation.organization?.name;
  return name === undefined ? `${token.organizationId}` : `“${sanitize(name, 80)}” (${token.organizationId})`;
}

function permissions(token: TokenDetails): string {
  return sanitize(describePermissions(token.permissions), MAX_PERMISSIONS_CHARACTERS);
}
