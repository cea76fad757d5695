/** Revokes a token, and says what the response to that means. */
import type { Budget, Send } from '../http/client.ts';
import { RequestError } from '../http/errors.ts';
import type { HttpResponse } from '../http/transport.ts';
import { messageOf } from '../runner/log.ts';
import { maskSecret } from '../runner/secrets.ts';
import { describeResponse, isFromApi, isSuccess } from './error-message.ts';

/** If the step is cancelled: the runner kills ten seconds after its first signal. */
const GRACE_SECONDS = 4;
const REQUEST = { method: 'DELETE', path: '/app/installations/token', graceSeconds: GRACE_SECONDS } as const;

export interface RevocationResult {
  /** `already invalid` is what ICR says of a token that expired, was revoked, or is not known to it yet. */
  outcome: 'revoked' | 'already invalid' | 'unknown';
  /** What came back, or why nothing did; without a full stop. */
  detail: string;
}

/** DELETE /app/installations/token, with the token as its own bearer (docs: Apps). Never throws. */
export async function revokeToken(send: Send, token: string, budget: Budget): Promise<RevocationResult> {
  // What a header can carry of a token that was refused for its characters.
  const bearer = token.trim().replace(/[^\x20-\x7e]/g, '');
  maskSecret(bearer);
  try {
    const { outcome, detail } = interpret(await send({ ...REQUEST, bearer }, budget));
    const provesNothing = outcome === 'already invalid' && bearer !== token;
    return provesNothing
      ? { outcome: 'unknown', detail: `${detail}, but not the whole token can be sent` }
      : { outcome, detail };
  } catch (error) {
    return { outcome: 'unknown', detail: describeFailure(error, budget).replace(/\.$/, '') };
  }
}

function describeFailure(error: unknown, { cancelled }: Budget): string {
  if (error === cancelled?.reason) return 'the step was cancelled';
  return error instanceof RequestError ? error.facts : messageOf(error);
}

function interpret(response: HttpResponse): RevocationResult {
  const detail = describeResponse(response);
  const { status, text } = response;
  if (isSuccess(response)) {
    return saysRevoked(text)
      ? { outcome: 'revoked', detail }
      : { outcome: 'unknown', detail: `${detail}, but not with \`true\`` };
  }
  const isInvalid = status === 401 || status === 404 || (status === 403 && isFromApi(text));
  return { outcome: isInvalid ? 'already invalid' : 'unknown', detail };
}

/** The documentation has a bare JSON boolean; nothing at all is what many APIs send instead. */
function saysRevoked(text: string): boolean {
  return text.trim() === '' || text.trim() === 'true';
}
