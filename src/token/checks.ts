/** The checks that a minted token must pass before it is handed on. */
import { isSameId, toId } from '../icr/id.ts';
import type { ChosenInstallation } from '../icr/installation.ts';
import { isSafeToken, type MintedToken } from '../icr/minted-token.ts';
import {
  DOCUMENTED_NAMES,
  describeLevel,
  describePermissions,
  excessPermissions,
  isUnknownName,
  missingPermissions,
  type Permissions,
} from '../icr/permissions.ts';
import { quote } from '../runner/quote.ts';

export interface TokenRequirements {
  /** The installation that was asked for; undefined for an app token. */
  installation: ChosenInstallation | undefined;
  /** What the input names. */
  organizationId: string | undefined;
  requiredPermissions: Permissions;
  /** Undefined if the token may carry anything. */
  allowedPermissions: Permissions | undefined;
}

/** A token that passed, and what it is for. An app token is for no installation and no organization. */
export type CheckedToken = Omit<MintedToken, 'isActive'>;

/** @throws Error for the first requirement that is not met */
export function checkToken(minted: MintedToken, requirements: TokenRequirements): CheckedToken {
  if (!isSafeToken(minted.token)) {
    throw new Error(
      'ICR minted a token that can’t be masked and sent safely. Report this to ICR: it has fewer than 16 characters, or white space, control or non-ASCII characters.',
    );
  }
  const { installation } = requirements;
  const organizationId = requirements.organizationId ?? installation?.organization?.id;
  if (organizationId !== undefined) checkIsFor('organization', minted.organizationId, organizationId);
  // One that isn't named is the one that was asked for.
  if (installation !== undefined && minted.installationId !== undefined) {
    checkIsFor('installation', minted.installationId, installation.id);
  }
  checkPermissions(minted.permissions, requirements);
  if (!minted.isActive) {
    throw new Error(
      'ICR minted a token that is not active. Ask an admin of the organization whether the app’s installation is suspended.',
    );
  }
  return installation === undefined
    ? { ...minted, installationId: undefined, organizationId: undefined }
    : { ...minted, installationId: installation.id, organizationId: toId(minted.organizationId) ?? organizationId };
}

function checkIsFor(what: string, actual: string | undefined, wanted: string): void {
  if (actual !== undefined && isSameId(actual, wanted)) return;
  throw new Error(
    actual === undefined
      ? `ICR minted a token and doesn’t name its ${what}. Report this to ICR: it was asked for ${wanted}.`
      : `ICR minted a token for another ${what} than was asked for. Report this to ICR. It is for ${quote(actual, 128)}, not for ${wanted}.`,
  );
}

function checkPermissions(granted: Permissions | undefined, requirements: TokenRequirements): void {
  const { requiredPermissions: required, allowedPermissions: allowed } = requirements;
  if (required.size === 0 && allowed === undefined) return;
  if (granted === undefined) {
    throw new Error(
      'ICR doesn’t say which permissions the token has. Remove `required-permissions` and `allowed-permissions` if the job can do without the check: `permissions` is missing in the answer, or not an object.',
    );
  }
  checkRequired(granted, required);
  if (allowed !== undefined) checkAllowed(granted, allowed);
}

function checkRequired(granted: Permissions, required: Permissions): void {
  const missing = missingPermissions(granted, required);
  if (missing.size === 0) return;
  const everything = `Required: ${describe(required)}. Granted: ${describe(granted)}.`;
  const unknown = [...missing.keys()].find((name) => isUnknownName(name, granted));
  if (unknown !== undefined) {
    throw new Error(
      `\`required-permissions\` names \`${quote(unknown, 60)}\`, likely a misspelling. ICR documents ${DOCUMENTED_NAMES.join(', ')}. ${everything}`,
    );
  }
  const them = missing.size === 1 ? 'it' : 'them';
  throw new Error(
    `The token lacks ${describeFirst(missing, granted)}. Add ${them} to the app, and ask the organization’s admin to accept ${them}. If no step needs ${them}, remove ${them} from \`required-permissions\`. ${everything}`,
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
  const actual = has === undefined ? '' : ` (it has ${quote(describeLevel(has), 20)})`;
  const more = permissions.size === 1 ? '' : ` and ${permissions.size - 1} more`;
  return `\`${quote(name, 60)}: ${quote(describeLevel(level), 20)}\`${actual}${more}`;
}

function describe(permissions: Permissions): string {
  return quote(describePermissions(permissions), 1000);
}
