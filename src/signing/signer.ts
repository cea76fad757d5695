/** What signs an app JWT, as the rest of the action sees it: it does not know whether a key or a command does. */
import { type KeyObject, sign } from 'node:crypto';
import { fingerprint } from './private-key.ts';

export interface Signer {
  /**
   * RSASSA-PKCS1-v1_5 with SHA-256 over the JWS signing input (RFC 7515, section 5.1).
   *
   * @throws Error in words for the log
   */
  sign(signingInput: string): Promise<Buffer>;
  /** The input that it comes from. */
  source: 'private-key' | 'sign-command';
  /** Of the key, to compare with the app's "Credentials" tab; undefined if the key is not known here. */
  fingerprint: string | undefined;
}

export function keySigner(key: KeyObject): Signer {
  return {
    source: 'private-key',
    sign: async (signingInput) => sign('sha256', Buffer.from(signingInput), key),
    get fingerprint() {
      return fingerprint(key);
    },
  };
}
