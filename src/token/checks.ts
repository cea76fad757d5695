/** Owns the checks that a minted token passes before it is handed on. */

import { isSameId } from '../icr/id.ts';
import { describePermissions, excessPermissions, missingPermissions, type Permissions } from '../icr/permissions.ts';
import type { TokenDetails } from '../icr/responses.ts';
import { sanitize } from '../runner/sanitize.ts';

export interface TokenRequirements {
  /** The installation that was asked for; undefined for an app token. */
  installationId: string | undefined;
  organizationId: string | undefined;
  requiredPermissions: Permissions;
  allowedPermissions: Permissions | undefined;
}

/** @throws Error for a token that cannot be masked as one line, or not be sent in a header (RFC 9110, section 5.5) */
export function checkToken(token: string): void {
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new Error(
      'ICR minted a token that holds white space or control characters, or is not ASCII, and cannot be handed on safely. Report this to ICR.',
    );
  }
}

/** @throws Error for the first demand that the token does not meet */
export function checkTokenDetails(grant: TokenDetails, demands: TokenRequirements): void {
  if (!grant.isActive) {
    throw new Error(
      'ICR minted a token that is not active. Likely cause: the installation is suspended. Ask an admin of the organization.',
    );
  }
  checkIsFor('organization', grant.organizationId, demands.organizationId);
  checkIsFor('installation', grant.installationId, demands.installationId);

  const missing = missingPermissions(grant.permissions, demands.requiredPermissions);
  if (missing.size > 0) {
    throw new Error(
      `The token lacks permissions that \`required-permissions\` demands. Ask an admin of the organization to accept them for the app (a change of the app’s permissions waits for that), or demand less. Lacking: ${describe(missing)}. Granted: ${describe(grant.permissions)}.`,
    );
  }
  if (demands.allowedPermissions === undefined) return;
  const excess = excessPermissions(grant.permissions, demands.allowedPermissions);
  if (excess.size > 0) {
    throw new Error(
      `The token carries more than \`allowed-permissions\` lets it. ICR cannot narrow a token: use an app that was granted less, or allow more. Beyond it: ${describe(excess)}.`,
    );
  }
}

function checkIsFor(what: string, granted: string | undefined, wanted: string | undefined): void {
  if (wanted === undefined || (granted !== undefined && isSameId(granted, wanted))) return;
  throw new Error(
    `ICR minted a token for another ${what}: ${sanitize(granted ?? 'none', 128)} instead of ${wanted}. Report this to ICR.`,
  );
}

function describe(permissions: Permissions): string {
  return sanitize(describePermissions(permissions), 1000);
}
