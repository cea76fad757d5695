/** Revokes a token, and says what the answer to that means. */
import { type Budget, type Send, waitWithin } from '../http/client.ts';
import { RequestError } from '../http/request-error.ts';
import { type HttpResponse, isSuccess } from '../http/transport.ts';
import { messageOf } from '../runner/log.ts';
import { orUndefined } from '../runner/or-undefined.ts';
import { maskSecret } from '../runner/secrets.ts';
import { describeResponse, isFromIcr } from './error-body.ts';
import { isObject, parseJson } from './json.ts';

const REQUEST = { method: 'DELETE', path: '/app/installations/token', graceSeconds: 4 } as const;
/** A replica may not know a token yet that was minted a moment ago. */
const SECONDS_BEFORE_ASKING_AGAIN = 3;

export interface RevocableToken {
  token: string;
  /** ICR documents the revocation of an installation's tokens only. */
  kind: 'installation' | 'app';
  /** ISO 8601. */
  expiresAt: string;
}

export interface Revocation {
  /** `likely already invalid` if ICR itself refused it twice; `unknown` if the token may live on. */
  outcome: 'revoked' | 'likely already invalid' | 'expired' | 'unknown';
  /** What came back, or why nothing did; without a full stop. */
  detail: string;
}

/** DELETE /app/installations/token, with the token as its own bearer (docs: Apps). Never throws. */
export async function revokeToken(send: Send, token: RevocableToken, budget: Budget): Promise<Revocation> {
  // What a header can carry of a token that was refused for its characters.
  const bearer = token.token.trim().replace(/[^\x20-\x7e]/g, '');
  maskSecret(bearer);
  const isWhole = bearer === token.token;
  const ask = async () => interpret(await send({ ...REQUEST, bearer }, budget), token, isWhole);
  try {
    const first = await ask();
    if (first.outcome !== 'likely already invalid') return first;
    if (!(await waitWithin(budget, SECONDS_BEFORE_ASKING_AGAIN))) {
      return { outcome: 'unknown', detail: `${first.detail}, and there was no time to ask again` };
    }
    const second = await ask();
    return second.outcome === 'likely already invalid' && token.kind === 'app'
      ? { ...second, outcome: 'unknown' }
      : second;
  } catch (error) {
    const facts = error instanceof RequestError ? error.facts : messageOf(error);
    return { outcome: 'unknown', detail: facts.replace(/\.$/, '') };
  }
}

function interpret(response: HttpResponse, { expiresAt }: RevocableToken, isWhole: boolean): Revocation {
  const detail = describeResponse(response);
  if (isSuccess(response)) {
    return saysRevoked(response)
      ? { outcome: 'revoked', detail }
      : { outcome: 'unknown', detail: `${detail}; its body does not say that the token was revoked` };
  }
  if (![401, 403, 404].includes(response.status)) return { outcome: 'unknown', detail };
  // By the server's clock, which set the time: the runner's may be hours fast.
  const nowMs = response.dateMs ?? response.receivedMs;
  if (Date.parse(expiresAt) <= nowMs) return { outcome: 'expired', detail };
  if (!isFromIcr(response)) {
    return { outcome: 'unknown', detail: `${describeResponse(response, 'A server')}, not in the form of ICR’s errors` };
  }
  if (!isWhole) return { outcome: 'unknown', detail: `${detail}, but not the whole token can be sent` };
  return { outcome: 'likely already invalid', detail };
}

/** The documentation has a bare JSON boolean. Nothing at all, or a record, is what many APIs send instead. */
function saysRevoked(response: HttpResponse): boolean {
  if (response.text.trim() === '') return !response.contentType.includes('html');
  return orUndefined(() => !isDenial(parseJson(response.text))) ?? false;
}

function isDenial(body: unknown): boolean {
  if (!isObject(body)) return body === false || body === 'false';
  const errors = [body['error'], body['errors']].flat().filter(Boolean);
  const isError = errors.length > 0 || Number(body['statusCode']) >= 400;
  return isError || ['success', 'ok', 'revoked', 'deleted'].some((name) => body[name] === false);
}
