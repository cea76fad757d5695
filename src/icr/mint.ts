/** Mints an access token, and masks it before anything else of the response is looked at. */
import { maskSecret } from '../runner/secrets.ts';
import type { Call } from './api.ts';
import type { AppAuth } from './app-auth.ts';
import { steadyMs } from './clock-skew.ts';
import { parseAs } from './errors.ts';
import { installationPath } from './id.ts';
import type { ChosenId } from './installation-source.ts';
import { parseExpiry, parseToken, parseTokenDetails, type TokenDetails } from './responses.ts';

/** The runner sends SIGTERM 7.5 s after SIGINT and kills 2.5 s after that. */
const GRACE_SECONDS = 5;

/** A token that exists and is masked. Nothing else of it was looked at. */
export interface MintedToken {
  token: string;
  /** ISO 8601, UTC; undefined if the response doesn't say. */
  expiresAt: string | undefined;
  /** Milliseconds to add to `steadyMs()` to have ICR's time, in Unix milliseconds. */
  clockOffsetMs: number;
  /** When it was minted by ICR's clock, in Unix milliseconds. */
  mintedAtMs: number;
  /** @throws Error that names the request and the first field that is not as documented */
  details(): TokenDetails;
}

/** @param installation undefined for an app access token */
export async function mintToken(call: Call, auth: AppAuth, installation: ChosenId | undefined): Promise<MintedToken> {
  const operation = installation === undefined ? { kind: 'app' as const } : { kind: 'mint' as const, ...installation };
  const path = `${installation === undefined ? '/app' : installationPath(installation.id)}/accessTokens`;
  // The body is what ICR's demo sends; none is documented.
  const http = { method: 'POST', path, body: {}, graceSeconds: GRACE_SECONDS } as const;
  const { response, value: token } = await call(operation, http, parseToken);
  maskSecret(token);
  const offsetMs = auth.clockOffsetMs(response);
  return {
    token,
    expiresAt: parseAs(response, parseExpiry),
    clockOffsetMs: Date.now() + offsetMs - steadyMs(),
    mintedAtMs: response.dateMs ?? response.receivedMs + offsetMs,
    details: () => parseAs(response, (text) => parseTokenDetails(text, installation !== undefined)),
  };
}

/** Masks the token of a response that is an error and holds one all the same. */
export function maskToken(text: string): void {
  try {
    maskSecret(parseToken(text));
  } catch {
    // It holds none.
  }
}
