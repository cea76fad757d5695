/** Owns one registered ICR app: its names, its permissions and the public keys that are active for it. */
import { createPublicKey, KeyObject } from 'node:crypto';
import type { Permissions } from './installation.ts';

/** A private key is taken too: only its public half is kept, as ICR does. */
export type AppKey = KeyObject | string;

export interface AppInput {
  /** What the JWT's `iss` names; a UUID in ICR's real data, `67890` in its samples. */
  readonly id: string;
  readonly appNameId?: string;
  /** What an app token (not an installation's) is given. */
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

  /** Replaces the active keys: a key left out is revoked at once. docs: App private keys. */
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
