/** Finds out who calls: checks an app's JWT, keeps every access token, and moves the clock that both depend on. */
import { type KeyObject, randomUUID, verify } from 'node:crypto';
import { type App, type Installation, idJson, type Permissions, type Registry } from './registry.ts';
import { ApiError, isJsonObject, type Json, type JsonObject, parseJson } from './replies.ts';
import type { Settings } from './settings.ts';

/** What all routes share. */
export interface ServerState {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly registry: Registry;
  readonly tokens: TokenStore;
}

/** The server's clock. */
export class Clock {
  readonly #settings: Settings;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  now(): number {
    return Date.now() + this.#settings.clockAheadSeconds * 1000;
  }

  /** Whole seconds, as JWT libraries compare them. */
  seconds(): number {
    return Math.floor(this.now() / 1000);
  }

  iso(): string {
    return new Date(this.now()).toISOString();
  }

  httpDate(aheadSeconds = 0): string {
    return new Date(this.now() + aheadSeconds * 1000).toUTCString();
  }
}

/** @throws ApiError unless the bearer is a good JWT of an app. docs: Generate a JWT. */
export function callingApp({ settings, registry, clock }: ServerState, bearer: string | undefined): App {
  if (bearer === undefined) throw new ApiError(401, 'Unauthorized');
  const check = checkJwt(bearer, registry, settings, clock.seconds());
  if ('error' in check) throw new ApiError(settings.jwtRefusalStatus, settings.jwtRefusalMessage ?? check.error);
  return check.app;
}

/** ICR's sandbox was seen to answer 403 with this text, not 401, to a bad token. */
export function callingToken(server: ServerState, bearer: string | undefined): IssuedToken {
  if (bearer === undefined) throw new ApiError(401, 'Unauthorized');
  const token = server.tokens.use(bearer, server.settings.replicaLag);
  if (token === undefined || token.state !== 'live') throw new ApiError(403, 'Access token invalid');
  if (token.installation?.state === 'suspended') throw new ApiError(403, 'Installation is suspended');
  return token;
}

/** No leeway is documented. Two seconds allow for rounding, and not for a wrong clock. */
const IAT_LEEWAY_SECONDS = 2;

type JwtCheck = { readonly app: App } | { readonly error: string };

function checkJwt(text: string, registry: Registry, settings: Settings, now: number): JwtCheck {
  const parts = text.split('.');
  const [header, payload, signature] = parts;
  if (parts.length !== 3 || header === undefined || payload === undefined || signature === undefined) {
    return { error: 'JWT malformed: three parts expected' };
  }
  const head = decode(header);
  if (head === undefined) return { error: 'JWT malformed: header is not a JSON object' };
  if (head['alg'] !== 'RS256') return { error: 'JWT refused: header alg must be RS256' };
  const claims = decode(payload);
  if (claims === undefined) return { error: 'JWT malformed: payload is not a JSON object' };
  if (settings.jwtNeedsAlgClaim && claims['alg'] !== 'RS256') return { error: 'JWT refused: claim alg must be RS256' };
  const iss = claims['iss'];
  if (typeof iss !== 'string') return { error: 'JWT refused: claim iss must be a string' };
  const app = registry.app(iss);
  if (app === undefined) return { error: 'JWT refused: claim iss names no known app' };
  // No kid is documented, so any of the app's active keys may have signed it.
  if (!app.keys.some((key) => signedBy(key, `${header}.${payload}`, signature))) {
    return { error: 'JWT refused: signature matches none of the active keys' };
  }
  const error = timeError(claims, now, settings.jwtLongestSeconds);
  return error === undefined ? { app } : { error };
}

/** The 10 minutes count from the server's clock and not from iat: the JWT of ICR's demo spans 660 s. */
function timeError(claims: JsonObject, now: number, longestSeconds: number): string | undefined {
  const [iat, exp] = [claims['iat'], claims['exp']];
  if (!isTime(iat)) return 'JWT refused: claim iat must be a number';
  if (iat > now + IAT_LEEWAY_SECONDS) return 'JWT refused: claim iat is in the future';
  if (!isTime(exp)) return 'JWT refused: claim exp must be a number';
  if (exp <= now) return 'JWT refused: expired';
  if (exp > now + longestSeconds) return `JWT refused: claim exp is more than ${longestSeconds / 60} minutes ahead`;
  return undefined;
}

function isTime(value: Json | undefined): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function decode(part: string): JsonObject | undefined {
  if (!isBase64url(part)) return undefined;
  const value = parseJson(Buffer.from(part, 'base64url').toString('utf8'));
  return isJsonObject(value) ? value : undefined;
}

function signedBy(key: KeyObject, signed: string, signature: string): boolean {
  return isBase64url(signature) && verify('sha256', Buffer.from(signed), key, Buffer.from(signature, 'base64url'));
}

/** RFC 7515 has neither padding nor the characters of plain base64; Buffer would accept both. */
function isBase64url(text: string): boolean {
  return /^[\w-]+$/.test(text);
}

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
export function tokenJson(it: IssuedToken, settings: Settings): JsonObject {
  const createdAt = new Date(it.createdAt).toISOString();
  const { installation } = it;
  const ids = installation && {
    installationId: idJson(installation.id, settings),
    organizationId: idJson(installation.organization.id, settings),
  };
  return {
    id: it.id,
    createdAt,
    updatedAt: createdAt,
    expiresAt: new Date(it.expiresAt).toISOString(),
    [settings.tokenField]: it.token,
    isActive: it.state === 'live',
    permissions: it.permissions,
    appId: it.appId,
    ...ids,
  };
}
