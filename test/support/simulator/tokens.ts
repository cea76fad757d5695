/** Owns every access token the simulator has issued, and whether it still opens anything. */
import { randomBytes, randomUUID } from 'node:crypto';
import type { App } from './app.ts';
import type { Clock } from './clock.ts';
import type { Installation, Permissions } from './installation.ts';
import type { JsonObject } from './json.ts';

export type TokenState = 'live' | 'revoked' | 'expired';

export interface IssuedToken {
  readonly id: string;
  readonly token: string;
  readonly appId: string;
  /** Undefined for an app token. */
  readonly installation: Installation | undefined;
  /** As they stood at minting. */
  readonly permissions: Permissions;
  readonly createdAt: number;
  readonly expiresAt: number;
  /** The number of the request that minted it, see `RequestRecord`. */
  readonly mintedBy: number;
  /** At this moment of the server's clock. */
  readonly state: TokenState;
}

interface Entry extends Omit<IssuedToken, 'state'> {
  revoked: boolean;
}

export class TokenStore {
  readonly #entries = new Map<string, Entry>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  mint(app: App, installation: Installation | undefined, lifetimeSeconds: number, mintedBy: number): IssuedToken {
    const createdAt = this.#clock.now();
    const entry: Entry = {
      id: randomUUID(),
      token: `crs_${randomBytes(24).toString('hex')}`,
      appId: app.id,
      installation,
      permissions: { ...(installation ?? app).permissions },
      createdAt,
      expiresAt: createdAt + lifetimeSeconds * 1000,
      mintedBy,
      revoked: false,
    };
    this.#entries.set(entry.token, entry);
    return this.#view(entry);
  }

  find(token: string): IssuedToken | undefined {
    const entry = this.#entries.get(token);
    return entry === undefined ? undefined : this.#view(entry);
  }

  revoke(token: string): void {
    const entry = this.#entries.get(token);
    if (entry !== undefined) entry.revoked = true;
  }

  all(): readonly IssuedToken[] {
    return [...this.#entries.values()].map((entry) => this.#view(entry));
  }

  #view(entry: Entry): IssuedToken {
    const { revoked, ...token } = entry;
    const gone = revoked || entry.installation?.state === 'uninstalled';
    return { ...token, state: gone ? 'revoked' : entry.expiresAt <= this.#clock.now() ? 'expired' : 'live' };
  }
}

/** docs: Apps (v0.5): AccessToken, and InstallationAccessToken with its two further ids. */
export function tokenJson(it: IssuedToken): JsonObject {
  const createdAt = new Date(it.createdAt).toISOString();
  const { installation } = it;
  return {
    id: it.id,
    createdAt,
    updatedAt: createdAt,
    expiresAt: new Date(it.expiresAt).toISOString(),
    token: it.token,
    isActive: it.state === 'live',
    permissions: it.permissions,
    appId: it.appId,
    ...(installation ? { installationId: installation.id, organizationId: installation.organization.id } : {}),
  };
}
