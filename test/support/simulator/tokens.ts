/** Keeps every access token that the simulator has minted, and whether it is live. */
import { randomUUID } from 'node:crypto';
import type { App } from './app.ts';
import type { Clock } from './clock.ts';
import type { Installation, Permissions } from './installation.ts';
import type { JsonObject } from './json.ts';
import { ApiError } from './reply.ts';
import type { Settings } from './settings.ts';

export type TokenState = 'live' | 'revoked' | 'expired';

export interface IssuedToken {
  readonly id: string;
  readonly token: string;
  readonly appId: string;
  /** Undefined for an app token. */
  readonly installation: Installation | undefined;
  /** As they were when it was minted. */
  readonly permissions: Permissions;
  readonly createdAt: number;
  readonly expiresAt: number;
  /** The number of the request that minted it. See `RequestRecord`. */
  readonly mintedBy: number;
  /** By the server's clock, now. */
  readonly state: TokenState;
}

interface Entry extends Omit<IssuedToken, 'state'> {
  revoked: boolean;
  /** How many requests came with it. */
  requests: number;
}

export class TokenStore {
  readonly #entries = new Map<string, Entry>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  mint(
    app: App,
    installation: Installation | undefined,
    settings: Pick<Settings, 'makeToken' | 'tokenLifetimeSeconds'>,
    mintedBy: number,
  ): IssuedToken {
    const createdAt = this.#clock.now();
    const entry: Entry = {
      id: randomUUID(),
      token: settings.makeToken(),
      appId: app.id,
      installation,
      permissions: { ...(installation ?? app).permissions },
      createdAt,
      expiresAt: createdAt + settings.tokenLifetimeSeconds * 1000,
      mintedBy,
      revoked: false,
      requests: 0,
    };
    this.#entries.set(entry.token, entry);
    return this.#view(entry);
  }

  /**
   * The token that a request came with.
   * @throws ApiError if the replica that is asked does not know it yet
   */
  use(token: string, lag: Settings['replicaLag']): IssuedToken | undefined {
    const entry = this.#entries.get(token);
    if (entry === undefined) return undefined;
    entry.requests += 1;
    if (lag !== undefined && entry.requests <= lag.requests) throw new ApiError(lag.status, 'Access token invalid');
    return this.#view(entry);
  }

  revoke(token: string): void {
    const entry = this.#entries.get(token);
    if (entry !== undefined) entry.revoked = true;
  }

  all(): readonly IssuedToken[] {
    return [...this.#entries.values()].map((entry) => this.#view(entry));
  }

  #view(entry: Entry): IssuedToken {
    const { revoked, requests: _, ...token } = entry;
    const gone = revoked || entry.installation?.state === 'uninstalled';
    return { ...token, state: gone ? 'revoked' : entry.expiresAt <= this.#clock.now() ? 'expired' : 'live' };
  }
}

/** docs: Apps (v0.5): AccessToken, or InstallationAccessToken with two more ids. */
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
