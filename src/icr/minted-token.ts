/** Mints an access token and masks it, or says how many ICR may have minted that nobody has seen. */
import { RequestError } from '../http/request-error.ts';
import { type HttpRequest, type HttpResponse, isSuccess } from '../http/transport.ts';
import { messageOf } from '../runner/log.ts';
import { maskSecret } from '../runner/secrets.ts';
import { isObject, parseAs, parseJson, ShapeError, tryAs } from './json.ts';
import type { Permissions } from './permissions.ts';

/** docs: Authenticate as an installation. */
const TOKEN_LIFETIME_MS = 2 * 60 * 60 * 1000;
/** A mint is not idempotent: it is given time, few repeats, and a grace if the step is cancelled. */
const MINT = { method: 'POST', body: {}, attemptSeconds: 30, maxUnansweredRetries: 2, graceSeconds: 5 } as const;

/** docs: Apps, "AccessToken" and "InstallationAccessToken". */
export interface AccessToken {
  token: string;
  /** ISO 8601, UTC; undefined if the response doesn't say so in ISO 8601. */
  expiresAt: string | undefined;
  isActive: boolean;
  /** Undefined if the response has none. */
  permissions: Permissions | undefined;
  /** What the response names, which may be no id. */
  installationId: string | undefined;
  organizationId: string | undefined;
}

/** A token that exists and is masked. Nothing of it was checked. */
export interface MintedToken extends AccessToken {
  /** ISO 8601, UTC. */
  expiresAt: string;
  /** Whether ICR didn't say when it expires, so that it is two hours from the mint, as documented. */
  isExpiryAssumed: boolean;
}

/**
 * @param send signs the request as the app
 * @param toError says what an answer that is an error means
 * @throws Error in words for the log
 */
export async function mintToken(
  path: string,
  send: (request: Omit<HttpRequest, 'bearer'>) => Promise<HttpResponse>,
  toError: (response: HttpResponse) => Error,
): Promise<MintedToken> {
  let unseen = 0;
  try {
    const response = await send({ ...MINT, path });
    unseen = response.unanswered;
    if (!isSuccess(response)) {
      const token = tryAs(response, parseAccessToken)?.token ?? '';
      if (isSafeToken(token)) maskSecret(token);
      throw toError(response);
    }
    unseen += 1;
    const minted = parseAs(response, parseAccessToken);
    maskSecret(minted.token);
    const expiresAt = minted.expiresAt ?? endOfTokenMintedAt(response.dateMs ?? response.receivedMs);
    return { ...minted, expiresAt, isExpiryAssumed: minted.expiresAt === undefined };
  } catch (error) {
    throw withUnseenTokens(error, error instanceof RequestError ? error.unanswered : unseen);
  }
}

/** Whether it can be masked as one line and fits into a header (RFC 9110, section 5.5). */
export function isSafeToken(token: string): boolean {
  return /^[\x21-\x7e]{16,}$/.test(token);
}

/** @param count how many mints may have succeeded without an answer that could be read */
function withUnseenTokens(error: unknown, count: number): unknown {
  if (count === 0) return error;
  const tokens = count === 1 ? 'a token that nobody has seen: it' : `up to ${count} tokens that nobody has seen: they`;
  const end = endOfTokenMintedAt(Date.now());
  return new Error(
    `${messageOf(error)} ICR may have minted ${tokens} would be valid until ${end}. This moved no credits.`,
    { cause: error },
  );
}

/** ISO 8601. @param mintedMs Unix time in milliseconds */
function endOfTokenMintedAt(mintedMs: number): string {
  return new Date(mintedMs + TOKEN_LIFETIME_MS).toISOString();
}

/** Only the token itself is demanded; the checks say what else must be there. @throws ShapeError */
export function parseAccessToken(text: string): AccessToken {
  const body = parseJson(text);
  if (!isObject(body)) throw new ShapeError('its body is not an object');
  const { token } = body;
  if (typeof token !== 'string' || token === '') throw new ShapeError('`token` is missing or not a string');
  return {
    token,
    expiresAt: toUtc(body['expiresAt']),
    isActive: body['isActive'] !== false,
    permissions: toPermissions(body['permissions']),
    installationId: asText(body['installationId']),
    organizationId: asText(body['organizationId']),
  };
}

function toUtc(value: unknown): string | undefined {
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)$/.test(value)) return undefined;
  const time = Date.parse(value);
  if (Number.isNaN(time)) return undefined;
  return value.endsWith('Z') ? value : new Date(time).toISOString();
}

/** A level of null or false is not granted. What one that is no string becomes is no known level. */
function toPermissions(value: unknown): Permissions | undefined {
  if (!isObject(value)) return undefined;
  const granted = Object.entries(value).filter(([, level]) => level !== null && level !== false);
  return new Map(granted.map(([name, level]) => [name, asText(level) ?? '']));
}

/** Undefined if there is nothing. A larger number would be taken for its neighbour. */
function asText(value: unknown): string | undefined {
  if (value == null) return undefined;
  return typeof value === 'string' || Number.isSafeInteger(value) ? String(value) : '(not a string)';
}
