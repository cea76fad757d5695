/** Holds the apps, their installations and the organizations that installed them, and writes them as ICR's JSON. */
import { createPublicKey, KeyObject, randomUUID } from 'node:crypto';
import type { Json, JsonObject } from './replies.ts';
import type { Settings } from './settings.ts';

/** A public or a private key. Only the public half is kept, as in ICR. */
export type AppKey = KeyObject | string;

/** Permission name to level, e.g. organization_info to VIEW. docs: Apps (v0.5). */
export type Permissions = { readonly [name: string]: string };

export interface AppInput {
  /** The `iss` of a JWT. In ICR's real data it is a UUID, in its samples `67890`. */
  readonly id: string;
  readonly appNameId?: string;
  /** The permissions of an app token, which is for no installation. */
  readonly permissions?: Permissions;
  readonly keys: readonly AppKey[];
}

export class App {
  readonly id: string;
  readonly appNameId: string;
  readonly permissions: Permissions;
  #keys: readonly KeyObject[];

  constructor(input: AppInput) {
    this.id = input.id;
    this.appNameId = input.appNameId ?? `app-${input.id}`;
    this.permissions = input.permissions ?? { organization_info: 'VIEW' };
    this.#keys = input.keys.map(publicKey);
  }

  get keys(): readonly KeyObject[] {
    return this.#keys;
  }

  /** Replaces the active keys. A key that is left out is revoked at once. docs: App private keys. */
  setKeys(keys: readonly AppKey[]): void {
    this.#keys = keys.map(publicKey);
  }
}

function publicKey(key: AppKey): KeyObject {
  const result = key instanceof KeyObject && key.type === 'public' ? key : createPublicKey(key);
  if (result.asymmetricKeyType !== 'rsa') {
    throw new TypeError(`an ICR app's key is RSA, not ${result.asymmetricKeyType ?? 'secret'}`);
  }
  return result;
}

export interface OrganizationInput {
  readonly id?: string;
  readonly fullName?: string;
  readonly type?: string;
  readonly countryCode?: string;
  readonly city?: string;
  readonly website?: string;
  readonly industry?: { readonly code: string; readonly name: string };
}

export interface Organization extends Required<OrganizationInput> {
  readonly createdAt: string;
}

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

export class Registry {
  readonly #settings: Settings;
  readonly #apps = new Map<string, App>();
  readonly #installations: Installation[] = [];
  #lastNumber = 4100;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  addApp(input: AppInput): App {
    const app = new App(input);
    this.#apps.set(app.id, app);
    return app;
  }

  addInstallation(input: InstallationInput, createdAt: string): Installation {
    const app = this.#apps.get(input.appId);
    if (app === undefined) throw new Error(`no app ${input.appId}: add it first`);
    const added = this.makeInstallation(app, input, createdAt);
    this.#installations.push(added);
    return added;
  }

  /** One that is in no list. */
  makeInstallation(app: App, input: InstallationInput, createdAt: string): Installation {
    const { organization = {} } = input;
    return {
      id: input.id ?? this.#newId(),
      appId: app.id,
      appNameId: app.appNameId,
      organization: {
        id: organization.id ?? this.#newId(),
        fullName: organization.fullName ?? 'Kolefni ehf.',
        type: organization.type ?? 'projectDeveloper',
        countryCode: organization.countryCode ?? 'IS',
        city: organization.city ?? 'Reykjavík',
        website: organization.website ?? 'https://example.is',
        industry: organization.industry ?? { code: 'A02', name: 'Forestry and logging' },
        createdAt,
      },
      createdAt,
      permissions: input.permissions ?? { organization_info: 'VIEW' },
      state: input.state ?? 'active',
      organizationShownIn: input.organizationShownIn ?? 'everywhere',
    };
  }

  app(id: string): App | undefined {
    return this.#apps.get(id);
  }

  /** Without uninstalled ones: they are gone for good. docs: Review installations. */
  installationsOf(app: App): readonly Installation[] {
    return this.#installations.filter((it) => it.appId === app.id && it.state !== 'uninstalled');
  }

  #newId(): string {
    if (!this.#settings.numericIds) return randomUUID();
    this.#lastNumber += 1;
    return String(this.#lastNumber);
  }
}

/** An id as responses have it. */
export function idJson(id: string, { numericIds }: Settings): Json {
  return numericIds && /^\d+$/.test(id) ? Number(id) : id;
}

/**
 * `accessTokensUrl` begins with the text `undefined`, as in a payload that ICR's webhook-handler recorded. A client
 * that calls it, instead of building its own URL, fails.
 */
export function installationJson(it: Installation, shownIn: 'list' | 'single', settings: Settings): JsonObject {
  const shown = it.organizationShownIn;
  const { id, fullName } = it.organization;
  const forms: Readonly<Record<Settings['organizationAs'], () => JsonObject>> = {
    object: () => ({ organization: organizationJson(it.organization, settings) }),
    organizationId: () => ({ organizationId: idJson(id, settings), organizationName: fullName }),
    text: () => ({ organization: id }),
  };
  return {
    id: idJson(it.id, settings),
    createdAt: it.createdAt,
    updatedAt: it.createdAt,
    appId: it.appId,
    appNameId: it.appNameId,
    permissions: it.permissions,
    accessTokensUrl: `undefined/app/installations/${it.id}/accessTokens`,
    ...(shown === 'everywhere' || shown === shownIn ? forms[settings.organizationAs]() : {}),
  };
}

/** docs: Organizations (v0.5). `url` begins with `undefined` for the reason given at `installationJson`. */
export function organizationJson(it: Organization, settings: Settings): JsonObject {
  return {
    id: idJson(it.id, settings),
    createdAt: it.createdAt,
    updatedAt: it.createdAt,
    fullName: it.fullName,
    type: it.type,
    countryCode: it.countryCode,
    city: it.city,
    zip: '101',
    physicalAddress: 'Laugavegur 1',
    registrationNumber: '5501234560',
    website: it.website,
    logo: null,
    isPublic: true,
    organizationIndustries: it.industry,
    url: `undefined/organizations/${it.id}`,
  };
}
