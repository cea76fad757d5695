/** A registered ICR App: its names, its permissions and its active public keys. */
import { createPublicKey, KeyObject } from 'node:crypto';
import type { Permissions } from './installation.ts';

/** A public or a private key. Only the public half is kept, as in ICR. */
export type AppKey = KeyObject | string;

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
