/** Owns how the app proves who it is: signs or passes on its JWT, and heals it where the runner's clock is off. */
import type { HttpResponse } from '../http/transport.ts';
import { info } from '../runner/log.ts';
import { maskSecret } from '../runner/secrets.ts';
import type { Signer } from '../signing/signer.ts';
import { signAppJwt } from './app-jwt.ts';
import type { Requester } from './errors.ts';

const MAX_DRIFT_MS = 30_000;
/** A Date header is up to a second behind, and the answer takes its time. */
const MEASURABLE_DRIFT_MS = 2_000;

/** What signs as the app, or a JWT that was signed elsewhere and is masked already. */
export type Credential = { appId: string; signer: Signer } | { appId: string; jwt: string };

export interface AppAuth {
  /** The JWT to send, masked. */
  bearer(): Promise<string>;
  /**
   * Signs again by the API's clock where an answer refused the JWT and its Date header shows that the runner's
   * clock is off; true where a repetition is worth it, which is once at most.
   */
  heal(answer: HttpResponse): Promise<boolean>;
  /**
   * Milliseconds to add to the runner's clock to have the API's, as healing found it. A JWT that was signed
   * elsewhere needs no healing, so there a fast clock is taken from the answer; never a slow one, which would let
   * post call a token expired that may be alive.
   */
  clockOffsetMs(answer: HttpResponse): number;
  identity(answer: HttpResponse): Requester;
}

export function createAppAuth(credential: Credential): AppAuth {
  let offsetMs = 0;
  let isHealed = false;
  let jwt: string | undefined;

  const bearer = async () => {
    if ('jwt' in credential) return credential.jwt;
    if (jwt === undefined) {
      jwt = await signAppJwt(credential.appId, credential.signer, Math.floor((Date.now() + offsetMs) / 1000));
      maskSecret(jwt);
    }
    return jwt;
  };

  return {
    bearer,
    heal: async (answer) => {
      const aheadMs = clockAheadMs(answer);
      const isRefused = answer.status === 401 || answer.status === 403;
      if (isHealed || !isRefused || !('signer' in credential) || Math.abs(aheadMs) <= MAX_DRIFT_MS) return false;
      isHealed = true;
      offsetMs = -aheadMs;
      jwt = undefined;
      info(
        `The API refused the JWT (${answer.status}), and the runner’s clock is ${describeDrift(aheadMs)} the API’s: signing again by the API’s clock.`,
      );
      return true;
    },
    clockOffsetMs: (answer) => {
      const aheadMs = clockAheadMs(answer);
      return isHealed || aheadMs <= MAX_DRIFT_MS ? offsetMs : -aheadMs;
    },
    identity: (answer) => {
      const aheadMs = clockAheadMs(answer);
      return {
        appId: credential.appId,
        fingerprint: 'signer' in credential ? credential.signer.fingerprint : undefined,
        drift: Math.abs(aheadMs) > MEASURABLE_DRIFT_MS ? describeDrift(aheadMs) : undefined,
      };
    },
  };
}

/** How far the runner's clock is ahead of the API's by the answer's Date header; 0 where it has none. */
function clockAheadMs({ dateMs, receivedMs }: HttpResponse): number {
  return dateMs === undefined ? 0 : receivedMs - dateMs;
}

function describeDrift(aheadMs: number): string {
  return `${Math.round(Math.abs(aheadMs) / 1000)} s ${aheadMs > 0 ? 'ahead of' : 'behind'}`;
}
