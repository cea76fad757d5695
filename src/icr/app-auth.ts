/** How the app proves who it is: signs or passes on its JWT, and signs again if the runner's clock is off. */
import type { HttpResponse } from '../http/transport.ts';
import { info } from '../runner/log.ts';
import { maskSecret } from '../runner/secrets.ts';
import type { Signer } from '../signing/signer.ts';
import { isValidAt, type OutsideJwt, signAppJwt } from './app-jwt.ts';
import { clockSkewMs, describeClockSkew, MAX_CLOCK_SKEW_MS } from './clock-skew.ts';
import { isFromApi } from './error-message.ts';
import type { Requester } from './errors-401-403.ts';

/** What signs as the app, or a JWT that was signed elsewhere and is masked already. */
export type Credential = { appId: string; signer: Signer } | { appId: string; jwt: string; read: OutsideJwt };

export interface AppAuth {
  /** The JWT to send, masked. */
  bearer(): Promise<string>;
  /**
   * Signs again by ICR's clock if a response refused the JWT and its Date header shows that the runner's clock is
   * off. True if the request is worth repeating, which is once in a step at most.
   */
  correctClock(response: HttpResponse): Promise<boolean>;
  /**
   * Milliseconds to add to the runner's clock to have ICR's, as the correction found it. A JWT that was signed
   * elsewhere is not corrected, so a clock that is fast is taken from the response; never one that is slow, which
   * would let post call a token expired that may be alive.
   */
  clockOffsetMs(response: HttpResponse): number;
  requester(response: HttpResponse): Requester;
}

/** @param cancelled ends a command that signs */
export function createAppAuth(credential: Credential, cancelled?: AbortSignal): AppAuth {
  let offsetMs = 0;
  let isCorrected = false;
  let jwt: string | undefined;

  const bearer = async () => {
    if ('jwt' in credential) return credential.jwt;
    if (jwt === undefined) {
      jwt = await signAppJwt(
        credential.appId,
        credential.signer,
        Math.floor((Date.now() + offsetMs) / 1000),
        cancelled,
      );
      maskSecret(jwt);
    }
    return jwt;
  };

  return {
    bearer,
    correctClock: async (response) => {
      const skewMs = clockSkewMs(response);
      // A proxy or a firewall on the way may answer 403, too, and its clock says nothing of ICR's.
      const isRefused = response.status === 401 || (response.status === 403 && isFromApi(response.text));
      if (isCorrected || !isRefused || !('signer' in credential) || Math.abs(skewMs) <= MAX_CLOCK_SKEW_MS) return false;
      isCorrected = true;
      offsetMs = -skewMs;
      jwt = undefined;
      info(
        `The runner’s clock is ${describeClockSkew(skewMs)} ICR’s, and ICR refused the JWT (${response.status}): signing again by ICR’s clock.`,
      );
      return true;
    },
    clockOffsetMs: (response) => {
      const skewMs = clockSkewMs(response);
      return isCorrected || skewMs <= MAX_CLOCK_SKEW_MS ? offsetMs : -skewMs;
    },
    requester: (response) => {
      const skewMs = clockSkewMs(response);
      const signer = 'signer' in credential ? credential.signer : undefined;
      return {
        appId: credential.appId,
        source: signer?.source ?? 'jwt',
        fingerprint: signer?.fingerprint,
        clockSkew: describeClockSkew(skewMs),
        isClockToBlame: Math.abs(skewMs) > MAX_CLOCK_SKEW_MS && !isJwtValid(credential, response),
      };
    },
  };
}

/** By ICR's clock; true for one that is signed here, since its clock was corrected. */
function isJwtValid(credential: Credential, { dateMs, receivedMs }: HttpResponse): boolean {
  return 'signer' in credential || isValidAt(credential.read, (dateMs ?? receivedMs) / 1000);
}
