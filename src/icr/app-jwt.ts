/** The app's JWT: its claims, and what can be read of one that was signed elsewhere. */
import { encode } from 'jose/base64url';
import { type Fields, isObject, tryJson } from './json.ts';

const ALGORITHM = 'RS256';
const ISSUED_BEFORE_NOW_SECONDS = 60;
/** From ICR's own now. */
const MAX_LIFETIME_SECONDS = 600;
/** The rest is for a runner's clock that is a little fast. */
const LIFETIME_SECONDS = 540;

/**
 * RSASSA-PKCS1-v1_5 with SHA-256 over the JWS signing input (RFC 7515, section 5.1).
 *
 * @param cancelled ends a command at once; its reason is thrown
 * @throws Error in words for the log
 */
export type Sign = (signingInput: string, cancelled?: AbortSignal) => Buffer | Promise<Buffer>;

/**
 * Signs an app JWT with the claims of docs "Generate a JWT", which lists `alg` among them.
 *
 * @param nowSeconds Unix time by ICR's clock
 */
export async function signAppJwt(
  appId: string,
  sign: Sign,
  nowSeconds: number,
  cancelled?: AbortSignal,
): Promise<string> {
  const header = { alg: ALGORITHM, typ: 'JWT' };
  const claims = {
    iss: appId,
    iat: nowSeconds - ISSUED_BEFORE_NOW_SECONDS,
    exp: nowSeconds + LIFETIME_SECONDS,
    alg: ALGORITHM,
  };
  const signingInput = [header, claims].map((part) => encode(JSON.stringify(part))).join('.');
  return `${signingInput}.${encode(await sign(signingInput, cancelled))}`;
}

/** What can be read of an app JWT that was signed elsewhere. */
export interface OutsideJwt {
  /** The app's ID. */
  issuer: string;
  /** Whether ICR takes its times for valid at that Unix time (docs: Generate a JWT). */
  isValidAt(nowSeconds: number): boolean;
}

/**
 * Reads an app JWT that was signed elsewhere. Its signature is for ICR to verify.
 *
 * @throws Error with a sentence that says what is wrong with it and holds nothing of it
 */
export function readAppJwt(jwt: string, nowSeconds: number): OutsideJwt {
  if (/^bearer\s/i.test(jwt)) throw new Error('`jwt` begins with “Bearer ”. Give it the JWT alone.');
  if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(jwt)) {
    throw new Error(
      '`jwt` is not a signed JWT. Give it whole: three base64url parts with dots between them. A private key belongs in `private-key`.',
    );
  }
  const [{ alg }, { iss, iat, exp }] = readParts(jwt);
  if (alg !== ALGORITHM)
    throw new Error('`jwt` is not signed with RS256. Sign it with RS256, which is all that ICR takes.');
  if (typeof iss !== 'string' || iss === '') {
    throw new Error('`jwt` has no claim `iss`. Sign one whose `iss` is the app’s ID, as a string.');
  }
  if (typeof exp !== 'number') {
    throw new Error('`jwt` has no claim `exp` that is a number. Sign one that expires within 10 minutes.');
  }
  if (exp <= nowSeconds) {
    throw new Error(
      `\`jwt\` expired ${nowSeconds - Math.floor(exp)} s ago by the runner’s clock. Sign it in the same job, right before this step: it is valid for 10 minutes at most.`,
    );
  }
  const issuedAt = typeof iat === 'number' ? iat : 0;
  return { issuer: iss, isValidAt: (now) => issuedAt <= now && now < exp && exp <= now + MAX_LIFETIME_SECONDS };
}

function readParts(jwt: string): [header: Fields, claims: Fields] {
  const [header, claims] = jwt.split('.').map(toFields);
  if (header !== undefined && claims !== undefined) return [header, claims];
  throw new Error('`jwt` can’t be decoded: its header or its claims are not JSON. Sign a new one and give it whole.');
}

function toFields(part: string): Fields | undefined {
  const value = tryJson(Buffer.from(part, 'base64url').toString());
  return isObject(value) ? value : undefined;
}
