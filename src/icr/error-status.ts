/** What an answer that is an error means: the cause, the fix, what came back, the request. One place for each cause. */
import { isTransient } from '../http/retry.ts';
import { type HttpResponse, isHtml } from '../http/transport.ts';
import { joined } from '../runner/log.ts';
import { quote } from '../runner/quote.ts';
import { clockSkewMs, describeClockSkew, MAX_CLOCK_SKEW_MS } from './clock.ts';
import type { Credential } from './credential.ts';
import { describeResponse, readWords, saysNoRoute } from './error-body.ts';
import { CHOSEN_BY, type ChosenInstallation } from './installation.ts';
import { tryJson } from './json.ts';

type Asked = Pick<ChosenInstallation, 'id' | 'rule' | 'another'>;

/** Sentences, but for the last. */
interface Explanation {
  cause: string;
  fix: string;
  more?: string | undefined;
  /** What came back, without a full stop, if it is to be said in another way than `describeResponse` does. */
  came?: string;
}

/**
 * @param suspect what may be at fault; undefined if ICR took the same JWT for another request: key and clock are right
 * @param installation that the request was about
 */
export function apiError(response: HttpResponse, suspect?: Credential, installation?: Asked): Error {
  const { cause, fix, more, came } = explain(response, suspect, installation);
  // An organization that reinstalled the app may be listed with its old installation first.
  const another =
    installation?.another &&
    `ICR lists another installation of the organization: try \`installation-id: ${installation.another}\`.`;
  return new Error(joined(cause, fix, more, another, `${came ?? describeResponse(response)}.`));
}

function explain(response: HttpResponse, suspect?: Credential, installation?: Asked): Explanation {
  const { status } = response;
  if (status >= 300 && status < 400) return explainRedirect(response);
  if (isTransient(status, false)) return explainUnavailable(response);
  if (isMissingRoute(response) && suspect !== undefined) return explainMissingRoute(response);
  const app = suspect && describeApp(response, suspect);
  if (isHtml(response) && status !== 401) return explainPage(response, app);
  if (status === 401 || status === 403) {
    return suspect === undefined
      ? explainLaterRefusal(status, installation)
      : explainAppRefusal(response, suspect, installation);
  }
  return explainByWords(response, app, installation);
}

/** @param app undefined if nothing is wrong with it */
function explainByWords(response: HttpResponse, app?: string, installation?: Asked): Explanation {
  const { status, request } = response;
  const words = readWords(response);
  const more = joined(installation && `It is about ${describeInstallation(installation)}.`, app);
  const came = { came: words === undefined ? describeResponse(response) : `That is the answer to ${request}` };
  const said = words === undefined ? undefined : `ICR says “${words}” (${status}).`;
  if (status === 404 && installation !== undefined) {
    const cause = said ?? 'ICR has no such installation for the app (404).';
    const fix =
      installation.rule === 'installation-id'
        ? 'Compare `installation-id` with the app’s page, or set `organization-id`, which finds a reinstalled app.'
        : 'Run the job again: it may have been removed or suspended meanwhile.';
    return { cause, fix, more, ...came };
  }
  const fix = app === undefined ? 'Check `api-version` and the ids.' : 'Check `app-id`, `api-url` and `api-version`.';
  return { cause: said ?? `ICR refused the request (${status}).`, fix, more, ...came };
}

function describeInstallation({ id, rule }: Asked): string {
  return `installation ${id} (${CHOSEN_BY[rule]})`;
}

function explainRedirect({ location, url }: HttpResponse): Explanation {
  const cause = '`api-url` leads to a redirect, and redirects are not followed.';
  const { origin, pathname } = new URL(url);
  const path = pathname.slice(pathname.indexOf('/app/'));
  const target = location === undefined ? null : URL.parse(location, url);
  if (target?.origin !== origin || target.pathname === pathname || !target.pathname.endsWith(path)) {
    return { cause, fix: 'Set `api-url` to the address of the API itself.' };
  }
  const base = `${origin}${target.pathname.slice(0, -path.length)}`;
  return { cause, fix: `Set \`api-url: ${quote(base, 200)}\`.` };
}

function explainUnavailable(response: HttpResponse): Explanation {
  const { status, attempts, elapsedSeconds } = response;
  const tries = attempts === 1 ? '' : `, ${attempts} attempts in ${Math.round(elapsedSeconds)} s`;
  if (status === 429) {
    const fix = 'Run the job again later, with fewer jobs at once.';
    return { cause: `ICR limits the rate of requests (429${tries}).`, fix };
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

function explainPage({ host, status, request }: HttpResponse, app?: string): Explanation {
  return {
    cause: 'The request was refused on the way, likely by a proxy or firewall.',
    fix: `Allow ${host} on it: the answer is a page of HTML, not one of ICR’s errors.`,
    more: app && `If nothing there refuses it: ${app}`,
    came: `The answer to ${request} was ${status}`,
  };
}

/** A request that ICR refused after it had taken the same JWT for another one. */
function explainLaterRefusal(status: number, installation?: Asked): Explanation {
  return status === 403 && installation !== undefined
    ? {
        cause: 'The installation is suspended, or the app has no right to it.',
        fix: 'Check its id, then ask the organization’s admin to lift a suspension. `app-id` and the key are right.',
        more: `It is ${describeInstallation(installation)}.`,
      }
    : {
        cause: 'ICR took the app’s JWT a moment ago and refuses it now.',
        fix: 'Run the job again. If it fails again, check that the app’s key was not revoked meanwhile.',
      };
}

function explainAppRefusal(response: HttpResponse, credential: Credential, installation?: Asked): Explanation {
  const { appId, input } = credential;
  const fingerprint = credential.fingerprint();
  const app = `\`app-id\` ${quote(appId, 128)}`;
  const more = joined(describeWay(response, credential), installation && 'A suspended installation is refused too.');
  const skewMs = clockSkewMs(response);
  if (Math.abs(skewMs) > MAX_CLOCK_SKEW_MS && !credential.isValidAt((response.receivedMs - skewMs) / 1000)) {
    return {
      cause: `The runner’s clock is ${describeClockSkew(skewMs)} ICR’s, and ICR refused \`jwt\`.`,
      fix: 'Correct the clock of the machine that signed it, which is likely the runner.',
      more: `If it is right: ${more}`,
    };
  }
  if (input === 'jwt') {
    const fix = 'Compare its `iss` and the key that signed it with the app’s “Credentials” tab.';
    return { cause: `ICR refused \`jwt\` of ${app}.`, fix, more };
  }
  const key =
    fingerprint === undefined ? 'Compare the key of `sign-command` with' : `Look for SHA256:${fingerprint} on`;
  return {
    cause: `ICR refused ${app} with this key.`,
    fix: `${key} the app’s “Credentials” tab.`,
    more: `If the key is not there, it was revoked or is another app’s. ${more}`,
  };
}

/** What a person compares with the app's page to find out why the app was refused, in sentences. */
function describeApp(response: HttpResponse, credential: Credential): string {
  const fingerprint = credential.fingerprint();
  const key = fingerprint === undefined ? '' : ` with the key SHA256:${fingerprint}`;
  return `The app is \`app-id\` ${quote(credential.appId, 128)}${key}. ${describeWay(response, credential)}`;
}

const WAYS: Record<Credential['input'], string | undefined> = {
  'private-key': undefined,
  'sign-command': 'Check that `sign-command` signs RSASSA-PKCS1-v1_5 with SHA-256, not PSS, and with the app’s key.',
  jwt: 'A JWT from outside can’t be signed again here.',
};

function describeWay(response: HttpResponse, { input }: Credential): string {
  const skew = describeClockSkew(clockSkewMs(response));
  return joined(
    WAYS[input],
    `The request went to ${response.host}: production keys don’t work in the sandbox, or vice versa.`,
    skew && `The runner’s clock is ${skew} ICR’s.`,
  );
}
