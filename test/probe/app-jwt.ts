/** Signs the app JWTs of the probe: as the action does, and with one thing different in each. */
import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { readPasted } from '../../src/signing/pem.ts';
import { readPrivateKey } from '../../src/signing/private-key.ts';

export interface App {
  readonly id: string;
  /** As it was given. */
  readonly pem: string;
  readonly key: KeyObject;
}

export interface JwtVariation {
  /** From now to `exp`; 540 if this is absent, as in the action. */
  readonly lifetimeSeconds?: number;
  /** How far the clock is off that signs it. */
  readonly clockSeconds?: number;
  readonly withoutTyp?: boolean;
  readonly withoutAlgClaim?: boolean;
  readonly withAnotherKey?: boolean;
}

/** @throws Error that says what is wrong with the key and holds nothing of it */
export function readApp(id: string, pem: string): App {
  return { id, pem, key: readPrivateKey(readPasted(pem)) };
}

export function signJwt(app: App, nowSeconds: number, variation: JwtVariation = {}): string {
  const { lifetimeSeconds = 540, clockSeconds = 0, withoutTyp, withoutAlgClaim, withAnotherKey } = variation;
  const now = nowSeconds + clockSeconds;
  const header = { alg: 'RS256', ...(withoutTyp === true ? {} : { typ: 'JWT' }) };
  const claims = {
    iss: app.id,
    iat: now - 60,
    exp: now + lifetimeSeconds,
    ...(withoutAlgClaim === true ? {} : { alg: 'RS256' }),
  };
  const input = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  const key = withAnotherKey === true ? anotherKey(app.key) : app.key;
  return `${input}.${sign('sha256', Buffer.from(input), key).toString('base64url')}`;
}

/** Of the same size, so that only the signature is wrong. */
function anotherKey(key: KeyObject): KeyObject {
  const modulusLength = createPublicKey(key).asymmetricKeyDetails?.modulusLength ?? 2048;
  return generateKeyPairSync('rsa', { modulusLength }).privateKey;
}
