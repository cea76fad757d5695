/** The checks that a minted token must pass before it is handed on. */

import { isSameId } from '../icr/id.ts';
import type { MintedToken } from '../icr/mint.ts';
import {
  describeLevel,
  describePermissions,
  excessPermissions,
  likelySpelling,
  missingPermissions,
  type Permissions,
} from '../icr/permissions.ts';
import type { TokenDetails } from '../icr/responses.ts';
import { quote } from '../runner/quote.ts';
import type { ChosenInstallation } from './choose-installation.ts';

/** The mask of a shorter text would garble the job's log. */
const MIN_TOKEN_CHARACTERS = 16;

export interface TokenRequirements {
  /** The installation that was asked for; undefined for an app token. */
  installation: ChosenInstallation | undefined;
  /** Of the input. */
  organizationId: string | undefined;
  requiredPermissions: Permissions;
  /** Undefined if the token may carry anything. */
  allowedPermissions: Permissions | undefined;
}

/** @throws Error for the first requirement that the token does not meet, or a field that is not as documented */
export function checkToken(minted: MintedToken, requirements: TokenRequirements): TokenDetails {
  checkText(minted.token);
  const details = minted.details();
  checkIsValid(details, minted.mintedAtMs);
  const { installation, organizationId } = requirements;
  checkIsFor('organization', details.organizationId, organizationId);
  checkIsFor('installation', details.installationId, installation?.id);
  if (organizationId === undefined && installation !== undefined) checkOwner(details.organizationId, installation);
  checkRequired(details.permissions, requirements.requiredPermissions);
  if (requirements.allowedPermissions !== undefined) checkAllowed(details.permissions, requirements.allowedPermissions);
  return details;
}

/** A token must be maskable as one line, and fit into a header (RFC 9110, section 5.5). */
function checkText(token: string): void {
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new Error(
      'ICR minted a token with white space, control or non-ASCII characters. Report this to ICR: it can’t be masked and sent safely.',
    );
  }
  if (token.length < MIN_TOKEN_CHARACTERS) {
    throw new Error(
      `ICR minted a token of fewer than ${MIN_TOKEN_CHARACTERS} characters. Report this to ICR: its mask would garble every log.`,
    );
  }
}

function checkIsValid({ isActive, expiresAt }: TokenDetails, nowMs: number): void {
  if (Date.parse(expiresAt) <= nowMs) {
    throw new Error(
      `ICR minted a token that has expired already. Report this to ICR: it expired at ${expiresAt}, and by ICR’s own clock it was minted at ${new Date(nowMs).toISOString()}.`,
    );
  }
  if (!isActive) {
    throw new Error(
      'ICR minted a token that is not active. Ask an admin of the organization whether the app’s installation is suspended.',
    );
  }
}

function checkIsFor(what: string, actual: string | undefined, wanted: string | undefined): void {
  if (wanted === undefined || (actual !== undefined && isSameId(actual, wanted))) return;
  throw new Error(
    `ICR minted a token for another ${what} than was asked for. Report this to ICR. It is for ${quote(actual ?? 'none', 128)}, not for ${wanted}.`,
  );
}

/** No input names the organization, but what chose the installation may have. */
function checkOwner(actual: string | undefined, { organization, source }: ChosenInstallation): void {
  if (organization === undefined || (actual !== undefined && isSameId(actual, organization.id))) return;
  const claim =
    source === 'webhook'
      ? 'the relayed webhook names. Relay ICR’s webhook payload unchanged.'
      : 'ICR named for the installation. Report this to ICR.';
  throw new Error(
    `The token is for another organization than ${claim} It is for ${quote(actual ?? 'none', 128)}, not for ${quote(organization.id, 128)}.`,
  );
}

function checkRequired(granted: Permissions, required: Permissions): void {
  const missing = missingPermissions(granted, required);
  if (missing.size === 0) return;
  const everything = `Required: ${describe(required)}. Granted: ${describe(granted)}.`;
  for (const name of missing.keys()) {
    const spelling = likelySpelling(name, granted);
    if (spelling !== undefined) {
      throw new Error(
        `\`required-permissions\` names \`${quote(name, 60)}\`, likely a misspelling. Write \`${quote(spelling, 60)}\`. ${everything}`,
      );
    }
  }
  throw new Error(
    `The token lacks ${describeFirst(missing, granted)}. Ask the organization’s admin to accept ${missing.size === 1 ? 'it' : 'them'} for the app, or remove ${missing.size === 1 ? 'it' : 'them'} from \`required-permissions\`. ${everything}`,
  );
}

function checkAllowed(granted: Permissions, allowed: Permissions): void {
  const excess = excessPermissions(granted, allowed);
  if (excess.size === 0) return;
  throw new Error(
    `\`allowed-permissions\` does not allow ${describeFirst(excess)}. Allow it, or use an app that was granted less: ICR can’t narrow a token. Beyond it: ${describe(excess)}.`,
  );
}

/** `` `name: level` (it has read) and 2 more `` */
function describeFirst(permissions: Permissions, granted?: Permissions): string {
  const [[name, level] = ['', '']] = permissions;
  const has = granted?.get(name);
  const actual = has === undefined ? '' : ` (it has ${quote(describeLevel(has), 12)})`;
  const more = permissions.size === 1 ? '' : ` and ${permissions.size - 1} more`;
  return `\`${quote(name, 60)}: ${quote(describeLevel(level), 12)}\`${actual}${more}`;
}

function describe(permissions: Permissions): string {
  return quote(describePermissions(permissions), 1000);
}
