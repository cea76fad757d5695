/** Mints an access token, masks it before anything else, and says how many may be alive that nobody has seen. */
import { RequestError } from '../http/client.ts';
import { type HttpRequest, type HttpResponse, isSuccess } from '../http/transport.ts';
import { messageOf } from '../runner/log.ts';
import { maskSecret } from '../runner/secrets.ts';
import { isHtml } from './error-words.ts';
import { type AccessToken, parseAccessToken, parseAs, tryAs } from './responses.ts';

/** docs: Authenticate as an installation. */
const TOKEN_LIFETIME_MS = 2 * 60 * 60 * 1000;
/** A mint is not idempotent. The runner sends SIGTERM 7.5 s after SIGINT and kills 2.5 s after that. */
const MINT = { method: 'POST', body: {}, attemptSeconds: 30, maxUnansweredRetries: 2, graceSeconds: 5 } as const;
/** What can be masked as one line and fits into a header (RFC 9110, section 5.5). */
const SAFE_TOKEN = /^[\x21-\x7e]{16,}$/;

/** A token that exists and is masked. Nothing of it was checked. */
export interface MintedToken extends AccessToken {
  /** ISO 8601, UTC. */
  expiresAt: string;
  /** Whether ICR didn't say when it expires, so that it is two hours from the mint, as documented. */
  isExpiryAssumed: boolean;
}

/**
 * @param send signs the request as the app
 * @param toError says what an answer that is an error means
 * @throws Error in words for the log
 */
export async function mintToken(
  path: string,
  send: (request: Omit<HttpRequest, 'bearer'>) => Promise<HttpResponse>,
  toError: (response: HttpResponse) => Error,
): Promise<MintedToken> {
  let unseen = 0;
  try {
    const response = await send({ ...MINT, path });
    // A page of HTML is of something on the way, and tells nothing of what ICR did behind it.
    const isHidden = isHtml(response) && (response.status === 403 || response.status >= 500);
    unseen = isHidden ? response.attempts : response.unanswered;
    if (!isSuccess(response)) {
      const token = tryAs(response, parseAccessToken)?.token ?? '';
      if (isSafeToken(token)) maskSecret(token);
      throw toError(response);
    }
    unseen += 1;
    const minted = parseAs(response, parseAccessToken);
    maskSecret(minted.token);
    const expiresAt = minted.expiresAt ?? endOfTokenMintedAt(response.dateMs ?? response.receivedMs);
    return { ...minted, expiresAt, isExpiryAssumed: minted.expiresAt === undefined };
  } catch (error) {
    throw withUnseenTokens(error, error instanceof RequestError ? error.unanswered : unseen);
  }
}

export function isSafeToken(token: string): boolean {
  return SAFE_TOKEN.test(token);
}

/** @param count how many mints may have succeeded without an answer that could be read */
function withUnseenTokens(error: unknown, count: number): unknown {
  if (count === 0) return error;
  const tokens = count === 1 ? 'a token that nobody has seen: it' : `up to ${count} tokens that nobody has seen: they`;
  const end = endOfTokenMintedAt(Date.now());
  return new Error(
    `${messageOf(error)} ICR may have minted ${tokens} would be valid until ${end}. This step retires and transfers nothing.`,
    { cause: error },
  );
}

/** ISO 8601. @param mintedMs Unix time in milliseconds */
function endOfTokenMintedAt(mintedMs: number): string {
  return new Date(mintedMs + TOKEN_LIFETIME_MS).toISOString();
}
