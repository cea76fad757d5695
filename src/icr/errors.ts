/** What an answer that is an error means: the cause, the fix, what came back, the request. One place for each cause. */
import type { HttpResponse } from '../http/transport.ts';
import { quote } from '../runner/quote.ts';
import { describeResponse, isHtml, readWords, ShapeError, saysNoRoute, tryJson } from './answers.ts';
import { clockSkewMs, describeClockSkew, MAX_CLOCK_SKEW_MS } from './clock.ts';
import type { Credential } from './credential.ts';

/** Which rule chose an installation, and so where its id comes from. */
export type InstallationRule = 'installation-id' | 'organization-id' | 'only-installation';

/** What was tried. */
export type Operation =
  | { kind: 'list' | 'app' }
  | { kind: 'installation'; id: string; rule: 'installation-id' }
  | { kind: 'mint'; id: string; rule: InstallationRule; another: string | undefined };

/** Sentences, but for the last. */
interface Explanation {
  cause: string;
  fix: string;
  more?: string;
  /** What came back, without a full stop, if it is to be said in another way than `describeResponse` does. */
  came?: string;
}

const ORIGINS: Record<InstallationRule, string> = {
  'installation-id': 'from `installation-id`',
  'organization-id': 'found for `organization-id`',
  'only-installation': 'from the list of installations',
};

/** @param isAppAccepted whether ICR took the same JWT for another request, so that key and clock are right */
export function apiError(
  operation: Operation,
  response: HttpResponse,
  credential: Credential,
  isAppAccepted: boolean,
): Error {
  const { cause, fix, more, came } = explain(operation, response, credential, isAppAccepted);
  return new Error(joined([cause, fix, more, describeAnother(operation), `${came ?? describeResponse(response)}.`]));
}

/** What `parse` makes of the body. @throws Error that names the request and the field that is not as documented */
export function parseAs<T>(response: HttpResponse, parse: (text: string) => T): T {
  try {
    return parse(response.text);
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    const sentences = [
      `The response is not what ICR documents: ${error.message}.`,
      'Check `api-url`, `api-version`, and any proxy on the way.',
      `The answer to ${response.request} was ${response.status}.`,
    ];
    throw new Error(sentences.join(' '), { cause: error });
  }
}

function explain(
  operation: Operation,
  response: HttpResponse,
  credential: Credential,
  isAppAccepted: boolean,
): Explanation {
  const { status } = response;
  if (status >= 300 && status < 400) return explainRedirect(response);
  if (status === 408 || status === 429 || status >= 500) return explainUnavailable(response);
  if (isMissingRoute(response) && !isAppAccepted) return explainMissingRoute(response);
  if (isHtml(response) && status !== 401) return explainPage(response, isAppAccepted ? undefined : credential);
  if (status === 401 || status === 403) return explainRefusal(operation, response, credential, isAppAccepted);
  const words = readWords(response);
  const more = joined([describeAsked(operation), isAppAccepted ? undefined : describeApp(response, credential)]);
  const said =
    words === undefined
      ? { cause: `ICR refused the request (${status}).`, more }
      : { cause: `ICR says “${words}” (${status}).`, more, came: `That is the answer to ${response.request}` };
  if (status === 404 && 'id' in operation) {
    const cause = words === undefined ? 'ICR has no such installation for the app (404).' : said.cause;
    return { ...said, cause, fix: NOT_FOUND_FIXES[operation.rule] };
  }
  const fix = isAppAccepted ? 'Check `api-version` and the ids.' : 'Check `app-id`, `api-url` and `api-version`.';
  return { ...said, fix };
}

const RUN_AGAIN = 'Run the job again: it may have been removed or suspended meanwhile.';
const NOT_FOUND_FIXES: Record<InstallationRule, string> = {
  'installation-id':
    'Compare `installation-id` with the app’s page, or set `organization-id`, which finds a reinstalled app.',
  'organization-id': RUN_AGAIN,
  'only-installation': RUN_AGAIN,
};

function describeAsked(operation: Operation): string | undefined {
  return 'id' in operation ? `It is about installation ${operation.id} (${ORIGINS[operation.rule]}).` : undefined;
}

/** An organization that reinstalled the app may be listed with its old installation first. */
function describeAnother(operation: Operation): string | undefined {
  if (operation.kind !== 'mint' || operation.another === undefined) return undefined;
  return `ICR lists another installation of the organization: try \`installation-id: ${operation.another}\`.`;
}

function explainRedirect({ location, url }: HttpResponse): Explanation {
  const cause = '`api-url` leads to a redirect, and redirects are not followed.';
  const asked = new URL(url);
  const target = location === undefined ? null : URL.parse(location, url);
  const path = asked.pathname.slice(asked.pathname.indexOf('/app/'));
  const isElsewhere = target?.origin !== asked.origin || target.pathname === asked.pathname;
  if (isElsewhere || !target.pathname.endsWith(path)) {
    return { cause, fix: 'Set `api-url` to the address of the API itself.' };
  }
  const base = `${target.origin}${target.pathname.slice(0, -path.length)}`;
  return { cause, fix: `Set \`api-url: ${quote(base, 200)}\`.` };
}

function explainUnavailable(response: HttpResponse): Explanation {
  const { status, attempts, elapsedSeconds } = response;
  const tries = attempts === 1 ? '' : `, ${attempts} attempts in ${Math.round(elapsedSeconds)} s`;
  if (status === 429) {
    return {
      cause: `ICR limits the rate of requests (429${tries}).`,
      fix: 'Run the job again later, with fewer jobs at once.',
    };
  }
  const who = isHtml(response) ? 'ICR, or a proxy before it,' : 'ICR';
  return { cause: `${who} is unavailable (${status}${tries}).`, fix: 'Run the job again later.' };
}

/** Whether it is the API itself that is not there. */
export function isMissingRoute({ status, text }: HttpResponse): boolean {
  return status === 410 || (status === 404 && (saysNoRoute(text) || tryJson(text) === undefined));
}

function explainMissingRoute({ status, url }: HttpResponse): Explanation {
  const { origin, pathname } = new URL(url);
  return {
    cause: `ICR’s API is not at \`api-url\` (${status}).`,
    fix: pathname.startsWith('/app/')
      ? `ICR may have moved it under a version: try \`api-url: ${origin}/v0.5\`.`
      : 'Check `api-url`, its path included.',
  };
}

/** ICR's own errors are JSON. @param credential of an app that ICR took for no request yet */
function explainPage(response: HttpResponse, credential: Credential | undefined): Explanation {
  const app =
    credential === undefined ? {} : { more: `If nothing there refuses it: ${describeApp(response, credential)}` };
  return {
    cause: 'The request was refused on the way, likely by a proxy or firewall.',
    fix: `Allow ${response.host} on it: the answer is a page of HTML, not one of ICR’s errors.`,
    ...app,
    came: `The answer to ${response.request} was ${response.status}`,
  };
}

/** What a 401 or 403 means: a wrong key or app, a clock, or a suspended installation. */
function explainRefusal(
  operation: Operation,
  response: HttpResponse,
  credential: Credential,
  isAppAccepted: boolean,
): Explanation {
  return isAppAccepted
    ? explainLaterRefusal(operation, response.status)
    : explainAppRefusal(operation, response, credential);
}

/** A request that ICR refused after it had taken the same JWT for another one. */
function explainLaterRefusal(operation: Operation, status: number): Explanation {
  return status === 403 && 'id' in operation
    ? {
        cause: 'The installation is suspended, or the app has no right to it.',
        fix: 'Check its id, then ask the organization’s admin to lift a suspension. `app-id` and the key are right.',
        more: `It is installation ${operation.id} (${ORIGINS[operation.rule]}).`,
      }
    : {
        cause: 'ICR took the app’s JWT a moment ago and refuses it now.',
        fix: 'Run the job again. If it fails again, check that the app’s key was not revoked meanwhile.',
      };
}

function explainAppRefusal(operation: Operation, response: HttpResponse, credential: Credential): Explanation {
  const { input, fingerprint } = credential;
  const appId = quote(credential.appId, 128);
  const suspended = operation.kind === 'mint' ? ' A suspended installation is refused too.' : '';
  const more = `${describeWay(response, credential)}${suspended}`;
  const skewMs = clockSkewMs(response);
  if (Math.abs(skewMs) > MAX_CLOCK_SKEW_MS && !credential.isValidAt((response.receivedMs - skewMs) / 1000)) {
    return {
      cause: `The runner’s clock is ${describeClockSkew(skewMs)} ICR’s, so ICR refused \`jwt\`.`,
      fix: 'Correct the clock of the machine that signed it, which is likely the runner.',
      more: `If it is right: ${more}`,
    };
  }
  if (input === 'jwt') {
    return {
      cause: `ICR refused \`jwt\` of \`app-id\` ${appId}.`,
      fix: 'Compare its `iss` and the key that signed it with the app’s “Credentials” tab.',
      more,
    };
  }
  return {
    cause: `ICR refused \`app-id\` ${appId} with this key.`,
    fix:
      fingerprint === undefined
        ? 'Compare the key of `sign-command` with the app’s “Credentials” tab.'
        : `Look for SHA256:${fingerprint} on the app’s “Credentials” tab.`,
    more: `If the key is not there, it was revoked or is another app’s. ${more}`,
  };
}

/** What a person compares with the app's page to find out why the app was refused, in sentences. */
function describeApp(response: HttpResponse, credential: Credential): string {
  const { appId, fingerprint } = credential;
  const key = fingerprint === undefined ? '' : ` with the key SHA256:${fingerprint}`;
  return `The app is \`app-id\` ${quote(appId, 128)}${key}. ${describeWay(response, credential)}`;
}

function describeWay(response: HttpResponse, { input }: Credential): string {
  const skew = describeClockSkew(clockSkewMs(response));
  const sentences = [
    input === 'jwt' ? 'A JWT from outside can’t be signed again here.' : undefined,
    input === 'sign-command'
      ? 'Check that `sign-command` signs RSASSA-PKCS1-v1_5 with SHA-256, not PSS, and with the app’s key.'
      : undefined,
    `The request went to ${response.host}: production keys don’t work in the sandbox, or vice versa.`,
    skew === undefined ? undefined : `The runner’s clock is ${skew} ICR’s.`,
  ];
  return joined(sentences);
}

function joined(sentences: readonly (string | undefined)[]): string {
  return sentences.filter((sentence) => sentence !== undefined).join(' ');
}
