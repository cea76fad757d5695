/** What a response that is an error means: the cause, the fix, what came back, the request. One place for each cause. */
import type { HttpResponse } from '../http/transport.ts';
import { sanitize } from '../runner/sanitize.ts';
import type { InstallationSource } from './mint.ts';
import { describeResponse, ShapeError } from './responses.ts';

/** What was tried. */
export type Operation =
  | { kind: 'list' }
  | { kind: 'app' }
  | { kind: 'installation' | 'mint'; id: string; source: InstallationSource };

/** What asked, which is what a person compares with the app's page to find out why it was refused. */
export interface Requester {
  appId: string;
  /** The input that the JWT comes from. */
  source: 'private-key' | 'sign-command' | 'jwt';
  /** Of the key; undefined if only its owner knows it. */
  fingerprint: string | undefined;
  /** By how much the runner's clock is off, as in "90 s ahead of"; undefined if it isn't, or if ICR sends no time. */
  clockSkew: string | undefined;
  /** Whether ICR takes the JWT for invalid because of that clock, and no other clock can sign it. */
  isClockToBlame: boolean;
}

/** Sentences. */
interface Explanation {
  cause: string;
  fix: string;
  more?: string;
}

/** @param isAppAccepted whether ICR took the same JWT for another request, so that key and clock are right */
export function apiError(
  operation: Operation,
  response: HttpResponse,
  requester: Requester,
  isAppAccepted: boolean,
): Error {
  return new Error(compose(explain(operation, response, requester, isAppAccepted), describeResponse(response)));
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
  };
  return new Error(compose(explanation, describeResponse(response)), { cause: error });
}

function compose({ cause, fix, more }: Explanation, ...details: string[]): string {
  return [cause, fix, more, ...details.map((detail) => `${detail}.`)].filter((part) => part !== undefined).join(' ');
}

function explain(
  operation: Operation,
  response: HttpResponse,
  requester: Requester,
  isAppAccepted: boolean,
): Explanation {
  const { status } = response;
  if (status === 401 || status === 403) {
    return isAppAccepted ? refusedLater(operation) : refusedApp(operation, response, requester);
  }
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

/** A request that ICR refused after it had taken the same JWT for another one. */
function refusedLater(operation: Operation): Explanation {
  return operation.kind === 'mint' || operation.kind === 'installation'
    ? {
        cause: 'The installation is suspended, or the app has no right to it.',
        fix: 'Ask an admin of the organization to look at the installation. `app-id` and the key are right.',
        more: `It is installation ${operation.id}.`,
      }
    : {
        cause: 'ICR took the app’s JWT a moment ago and refuses it now.',
        fix: 'Run the job again. If it fails again, check that the app’s key was not revoked meanwhile.',
      };
}

function refusedApp(operation: Operation, { host }: HttpResponse, requester: Requester): Explanation {
  const { source, fingerprint, clockSkew, isClockToBlame } = requester;
  const appId = sanitize(requester.appId, 128);
  const clock = clockSkew === undefined ? '' : ` The runner’s clock is ${clockSkew} ICR’s.`;
  const suspended = operation.kind === 'mint' ? ' A suspended installation is refused too.' : '';
  const environment = ` Asked was ${host}: a production key doesn’t work in the sandbox, or vice versa.`;
  if (isClockToBlame) {
    return {
      cause: `The runner’s clock is ${clockSkew} ICR’s, so ICR refused \`jwt\`.`,
      fix: 'Correct the clock of the machine that signed it, which is likely the runner.',
      more: `If it is right, compare the \`iss\` of \`jwt\` (\`app-id\` ${appId}) and its key with the app’s “Credentials” tab.${environment}${suspended}`,
    };
  }
  if (source === 'jwt') {
    return {
      cause: `ICR refused \`jwt\` of \`app-id\` ${appId}.`,
      fix: 'Compare its `iss` and the key that signed it with the app’s “Credentials” tab.',
      more: `A JWT from outside can’t be signed again here.${environment}${suspended}${clock}`,
    };
  }
  const signature =
    source === 'private-key'
      ? ''
      : ' Check that `sign-command` signs RSASSA-PKCS1-v1_5 with SHA-256, not PSS, and with the app’s key.';
  return {
    cause: `ICR refused \`app-id\` ${appId} with this key.`,
    fix:
      fingerprint === undefined
        ? `Compare the key of \`sign-command\` with the app’s “Credentials” tab.`
        : `Look for SHA256:${fingerprint} on the app’s “Credentials” tab.`,
    more: `If the key is not there, it was revoked or is another app’s.${signature}${environment}${suspended}${clock}`,
  };
}

const ORIGINS: Record<InstallationSource, string> = {
  'installation-id': 'from `installation-id`',
  'organization-id': 'found for `organization-id`',
  webhook: 'from the webhook’s `client_payload.installation.id`',
  'only-installation': 'from the list of installations',
};

function notFound(operation: Operation): Explanation {
  const noApi = { cause: 'ICR’s API is not at `api-url`.', fix: 'Check `api-url`, its path included.' };
  if (operation.kind === 'list' || operation.kind === 'app') return noApi;
  const { id, source } = operation;
  const isFound = source === 'organization-id' || source === 'only-installation';
  return {
    cause: `The app has no such installation (${ORIGINS[source]}).`,
    fix: isFound
      ? 'Run the job again: it was removed, or suspended, a moment ago.'
      : 'Compare the id with the app’s page, or set `organization-id`, which finds a reinstalled app too.',
    more: `It is installation ${id}. It may have been removed, or be of another app or environment.`,
  };
}
