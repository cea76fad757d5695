/** Owns what a refusal by the API means in words: what came back, the likely cause, the next step. */

import type { HttpResponse } from '../http/transport.ts';
import { sanitize } from '../runner/sanitize.ts';
import { parseErrorMessage } from './responses.ts';

/** Who asked: what a person compares with the app's page to find out why it was refused. */
export interface Requester {
  appId: string;
  /** Absent where the JWT was signed elsewhere. */
  fingerprint: string | undefined;
  /** How far the runner's clock is from the API's, as in "90 s ahead of"; absent where it is not. */
  drift: string | undefined;
}

/** `POST /x on HOST answered 403 (“message”)`; a message beside a token may hold it, so it is for refusals alone. */
export function describeResponse({ request, status, text }: HttpResponse): string {
  const message = status < 300 ? undefined : parseErrorMessage(text);
  return `${request} answered ${status}${message === undefined ? '' : ` (“${message}”)`}`;
}

/** @param purpose what was tried, as the beginning of a sentence */
export function apiError(purpose: string, answer: HttpResponse, identity: Requester): Error {
  return new Error(`${purpose} failed: ${describeResponse(answer)}. ${advice(answer, identity)}`);
}

function advice(answer: HttpResponse, identity: Requester): string {
  const { status } = answer;
  if (status === 401 || status === 403) return credentialAdvice(answer, identity);
  if (status === 404) {
    return 'Likely cause: the installation does not exist, was uninstalled, or belongs to another app, or `api-url` is wrong. Compare `installation-id` and `app-id` with the app’s page, on the same environment.';
  }
  if (status === 400) {
    return 'Likely cause: the API does not take requests of this form, as where it does not support the version. Check `api-version` and the path of `api-url`.';
  }
  if (status >= 300 && status < 400) {
    return 'Redirects are not followed, so that credentials stay with the host that was asked. Check `api-url`.';
  }
  if (status === 429) return 'ICR limits the rate of requests. Run the job again later, or run fewer jobs at once.';
  if (status === 408 || status >= 500)
    return 'The fault is on ICR’s side or on the way there. Run the job again later.';
  return 'Check `api-url`, `api-version` and the ids.';
}

function credentialAdvice({ status, host }: HttpResponse, { appId, fingerprint, drift }: Requester): string {
  const cause = `\`app-id\` (${sanitize(appId)}) and the key do not belong together, the key was revoked, or it is of another environment (asked was ${host}; a production key does not work in the sandbox, nor the other way round)`;
  const suspended = status === 403 ? ', or the installation is suspended' : '';
  const next =
    fingerprint === undefined
      ? 'The `jwt` was signed elsewhere and cannot be signed again here: compare its `iss` and its key with the app’s “Credentials” tab.'
      : `Compare the key’s fingerprint, SHA256:${fingerprint}, with the app’s “Credentials” tab.`;
  const clock =
    drift === undefined
      ? ''
      : ` The runner’s clock is ${drift} the API’s${fingerprint === undefined ? ': a JWT signed by such a clock is refused' : ''}.`;
  return `Likely cause: ${cause}${suspended}. ${next}${clock}`;
}
