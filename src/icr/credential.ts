/** How the app proves who it is: with a JWT that is signed here, or one that was signed elsewhere. */
import type { KeyObject } from 'node:crypto';
import { maskSecret } from '../runner/secrets.ts';
import { fingerprint, signWithKey } from '../signing/private-key.ts';
import { signByCommand } from '../signing/sign-command.ts';
import { type OutsideJwt, type Sign, signAppJwt } from './app-jwt.ts';

export interface Credential {
  appId: string;
  /** The input that it was made of. */
  input: 'private-key' | 'sign-command' | 'jwt';
  /** Of the key, to compare with the app's "Credentials" tab; undefined if the key is not known here. */
  fingerprint(): string | undefined;
  /**
   * The JWT to send, masked.
   *
   * @param clockOffsetMs what to add to the runner's clock
   * @param cancelled ends a command that signs; its reason is thrown
   * @throws Error in words for the log
   */
  jwt(clockOffsetMs: number, cancelled: AbortSignal | undefined): Promise<string>;
  /** Whether ICR takes the times of the JWT for valid at that time of its own. */
  isValidAt(nowSeconds: number): boolean;
}

export function signedWithKey(appId: string, key: KeyObject): Credential {
  const sign: Sign = (text) => signWithKey(key, text);
  return { ...signedHere(appId, sign), input: 'private-key', fingerprint: () => fingerprint(key) };
}

export function signedByCommand(appId: string, command: string): Credential {
  const sign: Sign = (text, cancelled) => signByCommand(command, text, cancelled);
  return { ...signedHere(appId, sign), input: 'sign-command', fingerprint: () => undefined };
}

function signedHere(appId: string, sign: Sign): Omit<Credential, 'input' | 'fingerprint'> {
  const jwtByOffset = new Map<number, string>();
  return {
    appId,
    jwt: async (clockOffsetMs, cancelled) => {
      const signed = jwtByOffset.get(clockOffsetMs);
      if (signed !== undefined) return signed;
      const nowSeconds = Math.floor((Date.now() + clockOffsetMs) / 1000);
      const jwt = await signAppJwt(appId, sign, nowSeconds, cancelled);
      maskSecret(jwt);
      jwtByOffset.set(clockOffsetMs, jwt);
      return jwt;
    },
    isValidAt: () => true,
  };
}

/** @param jwt is masked already */
export function signedElsewhere(jwt: string, { issuer, isValidAt }: OutsideJwt): Credential {
  return {
    appId: issuer,
    input: 'jwt',
    fingerprint: () => undefined,
    jwt: async () => jwt,
    isValidAt,
  };
}
