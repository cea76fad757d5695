/** Describes an installation of an app in an organization, and writes it as ICR's JSON. */
import { randomUUID } from 'node:crypto';
import type { JsonObject } from './json.ts';
import { type Organization, type OrganizationInput, organization, organizationJson } from './organization.ts';

/** Permission name to level, e.g. organization_info to VIEW. docs: Apps (v0.5). */
export type Permissions = { readonly [name: string]: string };

/** docs: Review installations. An admin suspends it for a time, or uninstalls it for good. */
export type InstallationState = 'active' | 'suspended' | 'uninstalled';

export interface InstallationInput {
  readonly appId: string;
  readonly id?: string;
  readonly organization?: OrganizationInput;
  readonly permissions?: Permissions;
  readonly state?: InstallationState;
  readonly organizationShownIn?: Installation['organizationShownIn'];
}

/** A test can change `state`, `permissions` and `organizationShownIn` while the simulator runs. */
export interface Installation {
  readonly id: string;
  readonly appId: string;
  readonly appNameId: string;
  readonly organization: Organization;
  readonly createdAt: string;
  permissions: Permissions;
  state: InstallationState;
  /** Which responses have `organization`: the reference does not list it, and ICR's demo reads it. */
  organizationShownIn: 'everywhere' | 'single' | 'nowhere';
}

export function installation(input: InstallationInput, appNameId: string, createdAt: string): Installation {
  return {
    id: input.id ?? randomUUID(),
    appId: input.appId,
    appNameId,
    organization: organization(input.organization ?? {}, createdAt),
    createdAt,
    permissions: input.permissions ?? { organization_info: 'VIEW' },
    state: input.state ?? 'active',
    organizationShownIn: input.organizationShownIn ?? 'everywhere',
  };
}

/**
 * `accessTokensUrl` begins with the text `undefined`, as in a payload that ICR's webhook-handler recorded. A client
 * that calls it, instead of building its own URL, fails.
 */
export function installationJson(it: Installation, shownIn: 'list' | 'single'): JsonObject {
  const shown = it.organizationShownIn;
  return {
    id: it.id,
    createdAt: it.createdAt,
    updatedAt: it.createdAt,
    appId: it.appId,
    appNameId: it.appNameId,
    permissions: it.permissions,
    accessTokensUrl: `undefined/app/installations/${it.id}/accessTokens`,
    ...(shown === 'everywhere' || shown === shownIn ? { organization: organizationJson(it.organization) } : {}),
  };
}
