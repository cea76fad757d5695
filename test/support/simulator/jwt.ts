/** Checks an app's JWT. docs: Generate a JWT. */
import { type KeyObject, verify } from 'node:crypto';
import type { App } from './app.ts';
import { isJsonObject, type Json, type JsonObject, parseJson } from './json.ts';

const LONGEST_LIFE_SECONDS = 600;
/** No leeway is documented. Two seconds allow for rounding, and not for a wrong clock. */
const IAT_LEEWAY_SECONDS = 2;

export type JwtCheck = { readonly app: App } | { readonly error: string };

export function checkJwt(text: string, findApp: (id: string) => App | undefined, now: number): JwtCheck {
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
  // docs: Generate a JWT lists alg among the claims, besides the JOSE header.
  if (claims['alg'] !== 'RS256') return { error: 'JWT refused: claim alg must be RS256' };
  const iss = claims['iss'];
  if (typeof iss !== 'string') return { error: 'JWT refused: claim iss must be a string' };
  const app = findApp(iss);
  if (app === undefined) return { error: 'JWT refused: claim iss names no known app' };
  // No kid is documented, so any of the app's active keys may have signed it.
  if (!app.keys.some((key) => signedBy(key, `${header}.${payload}`, signature))) {
    return { error: 'JWT refused: signature matches none of the active keys' };
  }
  const error = timeError(claims, now);
  return error === undefined ? { app } : { error };
}

/** The 10 minutes count from the server's clock and not from iat: the JWT of ICR's demo spans 660 s. */
function timeError(claims: JsonObject, now: number): string | undefined {
  const [iat, exp] = [claims['iat'], claims['exp']];
  if (!isTime(iat)) return 'JWT refused: claim iat must be a number';
  if (iat > now + IAT_LEEWAY_SECONDS) return 'JWT refused: claim iat is in the future';
  if (!isTime(exp)) return 'JWT refused: claim exp must be a number';
  if (exp <= now) return 'JWT refused: expired';
  if (exp > now + LONGEST_LIFE_SECONDS) return 'JWT refused: claim exp is more than 10 minutes ahead';
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
