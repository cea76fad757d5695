/** Owns the end of a token: the request that revokes it, and what the answer to that means. */

import type { Budget, Send } from '../http/client.ts';
import type { HttpResponse } from '../http/transport.ts';
import { messageOf } from '../runner/log.ts';
import { maskSecret } from '../runner/secrets.ts';
import { isSuccess } from './api.ts';
import { describeResponse } from './errors.ts';
import { parseJson } from './responses.ts';

const REQUEST = { method: 'DELETE', path: '/app/installations/token' } as const;

/** Whether the token is known to be dead, and the words for how that came about, or why it is not known. */
export interface RevocationResult {
  outcome: 'revoked' | 'dead-already' | 'unknown';
  words: string;
}

/** Revokes the token, which is its own credential (docs: Apps). Never throws. */
export async function revoke(send: Send, token: string, budget: Budget): Promise<RevocationResult> {
  // What a header can carry of a token that was refused for its characters.
  const bearer = token.trim().replace(/[^\x20-\x7e]/g, '');
  maskSecret(bearer);
  try {
    const verdict = judge(await send({ ...REQUEST, bearer }, budget));
    const saysNothing = verdict.outcome === 'dead-already' && bearer !== token.trim();
    return saysNothing
      ? { outcome: 'unknown', words: `${verdict.words}, but not the whole token can be sent` }
      : verdict;
  } catch (error) {
    return { outcome: 'unknown', words: messageOf(error) };
  }
}

function judge(answer: HttpResponse): RevocationResult {
  const words = describeResponse(answer);
  if (isSuccess(answer)) {
    return saysRevoked(answer.text)
      ? { outcome: 'revoked', words }
      : { outcome: 'unknown', words: `${words}, but not with \`true\`` };
  }
  const isDead = answer.status === 401 || answer.status === 404 || (answer.status === 403 && isFromApi(answer.text));
  return { outcome: isDead ? 'dead-already' : 'unknown', words };
}

/** The documentation has a bare JSON boolean; nothing at all is what many APIs send instead. */
function saysRevoked(text: string): boolean {
  return text.trim() === '' || text.trim() === 'true';
}

/** A 403 may come from a proxy on the way, whose body is no JSON object with a `message`. */
function isFromApi(text: string): boolean {
  try {
    const body = parseJson(text);
    return typeof body === 'object' && body !== null && 'message' in body;
  } catch {
    return false;
  }
}
