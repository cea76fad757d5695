/** What a response that is an error means: the cause, the fix, what came back, the request. One place for each cause. */
import type { HttpResponse } from '../http/transport.ts';
import { describeResponse } from './error-message.ts';
import { explainRefusal, type Requester } from './errors-401-403.ts';
import { type InstallationSource, ORIGINS } from './installation-source.ts';
import { ShapeError } from './json.ts';

/** What was tried. */
export type Operation =
  | { kind: 'list' }
  | { kind: 'app' }
  | { kind: 'installation' | 'mint'; id: string; source: InstallationSource };

/** Sentences. */
export interface Explanation {
  cause: string;
  fix: string;
  more?: string;
  /** Whether the response is likely not ICR's. */
  isForeign?: boolean;
}

/** @param isAppAccepted whether ICR took the same JWT for another request, so that key and clock are right */
export function apiError(
  operation: Operation,
  response: HttpResponse,
  requester: Requester,
  isAppAccepted: boolean,
): Error {
  return new Error(compose(explain(operation, response, requester, isAppAccepted), response));
}

/** What `parse` makes of the body. @throws Error that names the request and the field that is not as documented */
export function parseAs<T>(response: HttpResponse, parse: (text: string) => T): T {
  try {
    return parse(response.text);
  } catch (error) {
    throw error instanceof ShapeError ? shapeError(response, error) : error;
  }
}

function shapeError(response: HttpResponse, error: ShapeError): Error {
  const explanation = {
    cause: `The response is not ICR’s: ${error.message}.`,
    fix: 'Check `api-url`, `api-version`, and any proxy on the way.',
    isForeign: true,
  };
  return new Error(compose(explanation, response), { cause: error });
}

function compose({ cause, fix, more, isForeign = false }: Explanation, response: HttpResponse): string {
  const came = isForeign
    ? `The answer to ${response.request} was ${response.status}.`
    : `${describeResponse(response)}.`;
  return [cause, fix, more, came].filter((part) => part !== undefined).join(' ');
}

function explain(
  operation: Operation,
  response: HttpResponse,
  requester: Requester,
  isAppAccepted: boolean,
): Explanation {
  const { status } = response;
  if (status === 401 || status === 403) return explainRefusal(operation, response, requester, isAppAccepted);
  if (status === 404) return notFound(operation);
  if (status === 400) {
    return {
      cause: 'ICR refused the form of the request.',
      fix: 'Check `api-version`, and the path of `api-url` if it has one.',
    };
  }
  if (status >= 300 && status < 400) {
    return {
      cause: '`api-url` leads to a redirect, and redirects are not followed.',
      fix: 'Set `api-url` to the address of the API itself.',
    };
  }
  if (status === 408 || status === 429 || status >= 500) return unavailable(response);
  return {
    cause: `ICR answered ${status}, which its documentation does not mention.`,
    fix: 'Check `api-url`, `api-version` and the ids.',
  };
}

function unavailable({ status, attempts, elapsedSeconds }: HttpResponse): Explanation {
  const tries = attempts === 1 ? '' : `, ${attempts} attempts in ${Math.round(elapsedSeconds)} s`;
  return status === 429
    ? {
        cause: `ICR limits the rate of requests (429${tries}).`,
        fix: 'Run the job again later, with fewer jobs at once.',
      }
    : { cause: `ICR is unavailable (${status}${tries}).`, fix: 'Run the job again later.' };
}

const NOT_FOUND_FIXES: Record<InstallationSource, string> = {
  'installation-id': 'Compare the id with the app’s page, or set `organization-id`, which finds a reinstalled app.',
  'organization-id': 'Run the job again: it was removed, or suspended, a moment ago.',
  webhook: 'If the app was reinstalled since, wait for a new webhook. If the job is for one organization, set its id.',
  'only-installation': 'Run the job again: it was removed, or suspended, a moment ago.',
};

function notFound(operation: Operation): Explanation {
  const noApi = { cause: 'ICR’s API is not at `api-url`.', fix: 'Check `api-url`, its path included.' };
  if (operation.kind === 'list' || operation.kind === 'app') return noApi;
  const { id, source } = operation;
  return {
    cause: `The app has no such installation (${ORIGINS[source]}).`,
    fix: NOT_FOUND_FIXES[source],
    more: `It is installation ${id}. It may have been removed, or be of another app or environment.`,
  };
}
