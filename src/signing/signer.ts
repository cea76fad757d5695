/** What signs an app JWT. The rest of the action does not know whether it is a key or a command. */
import type { KeyObject } from 'node:crypto';
import { fingerprint, signWithKey } from './private-key.ts';
import { signByCommand } from './sign-command.ts';

export interface Signer {
  /** The input that it was made of. */
  source: 'private-key' | 'sign-command';
  /**
   * RSASSA-PKCS1-v1_5 with SHA-256 over the JWS signing input (RFC 7515, section 5.1).
   *
   * @param cancelled ends a command at once; its reason is thrown
   * @throws Error in words for the log
   */
  sign(signingInput: string, cancelled?: AbortSignal): Promise<Buffer>;
  /** Of the key, to compare with the app's "Credentials" tab; undefined if the key is not known here. */
  fingerprint: string | undefined;
}

export function keySigner(key: KeyObject): Signer {
  return {
    source: 'private-key',
    sign: async (signingInput) => signWithKey(key, signingInput),
    get fingerprint() {
      return fingerprint(key);
    },
  };
}

export function commandSigner(command: string): Signer {
  return {
    source: 'sign-command',
    sign: (signingInput, cancelled) => signByCommand(command, signingInput, cancelled),
    fingerprint: undefined,
  };
}
