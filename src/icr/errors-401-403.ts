/** What a 401 or 403 means: a wrong key or app, a clock, a suspended installation, or a proxy on the way. */
import type { HttpResponse } from '../http/transport.ts';
import { quote } from '../runner/quote.ts';
import { isFromApi } from './error-message.ts';
import type { Explanation, Operation } from './errors.ts';
import { ORIGINS } from './installation-source.ts';

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

/** @param isAppAccepted whether ICR took the same JWT for another request, so that key and clock are right */
export function explainRefusal(
  operation: Operation,
  response: HttpResponse,
  requester: Requester,
  isAppAccepted: boolean,
): Explanation {
  if (response.status === 403 && !isFromApi(response.text)) return refusedOnTheWay(operation, response, requester);
  return isAppAccepted ? refusedLater(operation, response.status) : refusedApp(operation, response, requester);
}

/** A request that ICR refused after it had taken the same JWT for another one. */
function refusedLater(operation: Operation, status: number): Explanation {
  return status === 403 && (operation.kind === 'mint' || operation.kind === 'installation')
    ? {
        cause: 'The installation is suspended, or the app has no right to it.',
        fix: 'Check its id, then ask the organization’s admin to lift a suspension. `app-id` and the key are right.',
        more: `It is installation ${operation.id} (${ORIGINS[operation.source]}).`,
      }
    : {
        cause: 'ICR took the app’s JWT a moment ago and refuses it now.',
        fix: 'Run the job again. If it fails again, check that the app’s key was not revoked meanwhile.',
      };
}

/** ICR's own errors are JSON with a `message`. */
function refusedOnTheWay(operation: Operation, response: HttpResponse, requester: Requester): Explanation {
  const { fix, more } = refusedApp(operation, response, requester);
  return {
    cause: 'The request was refused on the way, likely by a proxy or firewall.',
    fix: `Allow ${response.host} on it: the response is not in the form of ICR’s errors.`,
    more: `If nothing there refuses it, look at \`app-id\` ${quote(requester.appId, 128)} and its key. ${fix} ${more}`,
    isForeign: true,
  };
}

function refusedApp(operation: Operation, { host }: HttpResponse, requester: Requester): Explanation {
  const { source, fingerprint, clockSkew, isClockToBlame } = requester;
  const appId = quote(requester.appId, 128);
  const clock = clockSkew === undefined ? '' : ` The runner’s clock is ${clockSkew} ICR’s.`;
  const suspended = operation.kind === 'mint' ? ' A suspended installation is refused too.' : '';
  const environment = ` The request went to ${host}: production keys don’t work in the sandbox, or vice versa.`;
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
