/** The words for every answer that is an error: the cause first, then the fix, then what came back and the request. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { HttpResponse } from '../../src/http/transport.ts';
import type { Credential } from '../../src/icr/credential.ts';
import { apiError } from '../../src/icr/error-status.ts';
import type { ChosenInstallation } from '../../src/icr/installation.ts';
import { parseAs, ShapeError, tryAs } from '../../src/icr/json.ts';
import { answer, HOST, html, refusal } from '../support/answer.ts';

const timeout = 10_000;
/** GitHub shows so much of an annotation before it is opened. */
const FIRST_CHARACTERS = 200;
const FINGERPRINT = '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=';
const REQUEST = `POST /app/installations/i-1/accessTokens on ${HOST}`;

const KEY = credential('private-key');
const COMMAND = credential('sign-command');
const JWT = credential('jwt');

const chosen = (rule: ChosenInstallation['rule'], another?: string): ChosenInstallation => ({
  id: 'i-1',
  organization: undefined,
  rule,
  another,
});

function credential(input: Credential['input'], isValidAt: Credential['isValidAt'] = () => true): Credential {
  return {
    appId: 'app-1',
    input,
    fingerprint: () => (input === 'private-key' ? FINGERPRINT : undefined),
    jwt: async () => 'a.b.c',
    isValidAt,
  };
}

interface Case {
  what: string;
  response: HttpResponse;
  /** That the request was about; null for none. */
  installation?: ChosenInstallation | null;
  credential?: Credential;
  /** Whether ICR took the JWT before. */
  isLater?: boolean;
  /** With which it begins: cause and fix. */
  begins: string;
  has?: readonly string[];
  hasNot?: readonly string[];
}

function check({ what, response, credential = KEY, isLater = false, ...expected }: Case): void {
  const { installation = chosen('installation-id') } = expected;
  test(what, { timeout }, () => {
    const { message } = apiError(response, isLater ? undefined : credential, installation ?? undefined);
    assert.ok(message.startsWith(`${expected.begins} `), message);
    assert.ok(expected.begins.length <= FIRST_CHARACTERS, `${expected.begins.length} characters`);
    for (const part of expected.has ?? []) assert.ok(message.includes(part), `${part} in ${message}`);
    for (const part of expected.hasNot ?? []) assert.ok(!message.includes(part), `${part} in ${message}`);
    assert.match(message.slice(message.lastIndexOf(REQUEST) + REQUEST.length), /^(?: was \d+(?: with a page .*)?)?\.$/);
  });
}

const APP_REFUSED = 'ICR refused `app-id` app-1 with this key.';
const FIND_KEY = `Look for SHA256:${FINGERPRINT} on the app’s “Credentials” tab.`;
const ENVIRONMENT = `The request went to ${HOST}: production keys don’t work in the sandbox, or vice versa.`;

describe('a 401 or 403 to the first request', { timeout }, () => {
  for (const status of [401, 403]) {
    for (const [form, response] of [
      ['in ICR’s form', refusal(status, 'Access token invalid')],
      ['as text', answer(status, 'Access token invalid')],
      ['as `error.message`', answer(status, { error: { message: 'Access token invalid' } })],
    ] as const) {
      check({
        what: `${status} ${form} names the app, the key and the host first`,
        response,
        begins: `${APP_REFUSED} ${FIND_KEY}`,
        has: [ENVIRONMENT, 'it was revoked or is another app’s', `ICR answered ${status} (“Access token invalid”) to`],
        hasNot: ['clock', 'proxy'],
      });
    }
  }

  check({
    what: '401 as a page is not a proxy’s, which would say 403',
    response: html(401),
    begins: `${APP_REFUSED} ${FIND_KEY}`,
  });

  check({
    what: '403 as nothing is the key’s, since only a page shows that something on the way refused',
    response: answer(403),
    begins: `${APP_REFUSED} ${FIND_KEY}`,
    hasNot: ['proxy'],
  });

  check({
    what: '403 in words that Express sends as HTML names the key first',
    response: answer(403, 'Access token invalid', { contentType: 'text/html; charset=utf-8' }),
    begins: APP_REFUSED,
    hasNot: ['proxy', 'HTML'],
  });
  check({
    what: '403 as a page comes from something on the way, and then the key is named',
    response: html(403),
    begins: `The request was refused on the way, likely by a proxy or firewall. Allow ${HOST} on it: the answer is a page of HTML, not one of ICR’s errors.`,
    has: ['If nothing there refuses it: The app is `app-id` app-1 with the key', FINGERPRINT],
  });

  check({
    what: 'of a mint names a suspension too',
    response: refusal(403, 'no'),
    begins: APP_REFUSED,
    has: ['A suspended installation is refused too.'],
  });
  check({
    what: 'of the list says nothing of a suspension',
    response: refusal(403, 'no'),
    installation: null,
    begins: APP_REFUSED,
    hasNot: ['suspended'],
  });

  check({
    what: 'to a JWT that a command signed says to check how it signs',
    response: refusal(401, 'no'),
    credential: COMMAND,
    begins: `${APP_REFUSED} Compare the key of \`sign-command\` with the app’s “Credentials” tab.`,
    has: ['signs RSASSA-PKCS1-v1_5 with SHA-256, not PSS, and with the app’s key'],
    hasNot: ['SHA256:'],
  });

  check({
    what: 'to a JWT from outside compares its `iss`',
    response: refusal(401, 'no'),
    credential: JWT,
    begins:
      'ICR refused `jwt` of `app-id` app-1. Compare its `iss` and the key that signed it with the app’s “Credentials” tab.',
    has: ['A JWT from outside can’t be signed again here.'],
  });

  const late = (aheadSeconds: number) =>
    refusal(401, 'no', { receivedMs: 1_000_000, dateMs: 1_000_000 - aheadSeconds * 1000 });
  check({
    what: 'to a JWT from outside that the clock made invalid names the clock first',
    response: late(300),
    credential: credential('jwt', () => false),
    begins:
      'The runner’s clock is 300 s ahead of ICR’s, and ICR refused `jwt`. Correct the clock of the machine that signed it, which is likely the runner.',
    has: ['If it is right: '],
  });
  check({
    what: 'to a JWT from outside that is valid by ICR’s clock is not the clock’s',
    response: late(300),
    credential: credential('jwt', (nowSeconds) => nowSeconds === 700),
    begins: 'ICR refused `jwt` of `app-id` app-1.',
    has: ['The runner’s clock is 300 s ahead of ICR’s.'],
  });
  check({
    what: 'to a JWT from outside, with a clock that is 30 s off, is not the clock’s',
    response: late(30),
    credential: credential('jwt', () => false),
    begins: 'ICR refused `jwt` of `app-id` app-1.',
  });
  check({
    what: 'tells the drift of the clock where there is any',
    response: late(-45),
    begins: APP_REFUSED,
    has: ['The runner’s clock is 45 s behind ICR’s.'],
  });
});

describe('a 401 or 403 after ICR took the same JWT', { timeout }, () => {
  check({
    what: '403 of a mint is the installation’s: the key is right',
    response: refusal(403, 'Forbidden resource'),
    installation: chosen('organization-id'),
    isLater: true,
    begins:
      'The installation is suspended, or the app has no right to it. Check its id, then ask the organization’s admin to lift a suspension. `app-id` and the key are right.',
    has: ['It is installation i-1 (chosen by `organization-id`).', '(“Forbidden resource”)'],
    hasNot: ['SHA256', 'clock', 'sandbox'],
  });
  check({
    what: '403 as a page comes from something on the way, and the key is not named',
    response: html(403),
    isLater: true,
    begins: 'The request was refused on the way, likely by a proxy or firewall.',
    hasNot: ['SHA256', 'If nothing there refuses it'],
  });
  for (const [what, installation, status] of [
    ['401 of a mint', chosen('installation-id'), 401],
    ['403 of the list', null, 403],
  ] as const) {
    check({
      what: `${what} says that it was taken a moment ago`,
      response: refusal(status, 'no'),
      installation,
      isLater: true,
      begins: 'ICR took the app’s JWT a moment ago and refuses it now. Run the job again.',
      hasNot: ['SHA256'],
    });
  }
});

describe('ICR’s own words are the cause', { timeout }, () => {
  for (const status of [400, 402, 409, 422, 451]) {
    check({
      what: `of a ${status} to the first request`,
      response: refusal(status, 'limit must be a number'),
      installation: null,
      begins: `ICR says “limit must be a number” (${status}). Check \`app-id\`, \`api-url\` and \`api-version\`.`,
      has: [`SHA256:${FINGERPRINT}`, ENVIRONMENT, 'That is the answer to POST'],
    });
  }
  check({
    what: 'of a refused mint after the look-up',
    response: refusal(409, 'too many tokens'),
    installation: chosen('only-installation'),
    isLater: true,
    begins: 'ICR says “too many tokens” (409). Check `api-version` and the ids.',
    has: ['It is about installation i-1 (chosen as the only one in the list of installations).'],
    hasNot: ['SHA256'],
  });
  check({
    what: 'unless it has none',
    response: answer(409),
    begins: 'ICR refused the request (409). Check `app-id`, `api-url` and `api-version`.',
    has: ['ICR answered 409 to POST'],
  });
});

describe('a 404', { timeout }, () => {
  check({
    what: 'for `installation-id` says where the id came from',
    response: refusal(404, 'Installation not found'),
    begins:
      'ICR says “Installation not found” (404). Compare `installation-id` with the app’s page, or set `organization-id`, which finds a reinstalled app.',
    has: ['It is about installation i-1 (chosen by `installation-id`).'],
  });
  check({
    what: 'for an id from the list says to run again',
    response: refusal(404, 'Installation not found'),
    installation: chosen('organization-id'),
    isLater: true,
    begins:
      'ICR says “Installation not found” (404). Run the job again: it may have been removed or suspended meanwhile.',
    has: ['(chosen by `organization-id`)'],
  });
  check({
    what: 'names the other installation of the organization',
    response: refusal(404, 'no'),
    installation: chosen('organization-id', 'i-2'),
    isLater: true,
    begins: 'ICR says “no” (404).',
    has: ['ICR lists another installation of the organization: try `installation-id: i-2`.'],
  });
  check({
    what: 'without words, of a route that is known to exist, is an installation that is not there',
    response: answer(404, {}),
    isLater: true,
    begins: 'ICR has no such installation for the app (404). Compare `installation-id` with the app’s page,',
  });
  check({
    what: '“App not found” is in ICR’s words',
    response: refusal(404, 'App not found'),
    installation: null,
    begins: 'ICR says “App not found” (404). Check `app-id`, `api-url` and `api-version`.',
  });
});

describe('a missing route', { timeout }, () => {
  for (const [what, response] of [
    ['“Cannot POST …”', refusal(404, 'Cannot POST /app/installations/i-1/accessTokens')],
    ['a 404 that is no JSON', html(404)],
    ['a 410', refusal(410, 'Gone')],
  ] as const) {
    check({
      what: `on the first request, ${what}, names the version to try`,
      response,
      begins: `ICR’s API is not at \`api-url\` (${response.status}). ICR may have moved it under a version: try \`api-url: https://${HOST}/v0.5\`.`,
    });
  }
  check({
    what: 'below a path says to check the path',
    response: { ...html(404), url: `https://${HOST}/v1/app/installations/i-1/accessTokens` },
    begins: 'ICR’s API is not at `api-url` (404). Check `api-url`, its path included.',
    hasNot: ['v0.5'],
  });
  check({
    what: 'after ICR took the JWT is not the API’s',
    response: answer(404, 'not found'),
    isLater: true,
    begins: 'ICR says “not found” (404).',
  });
});

describe('a redirect', { timeout }, () => {
  const CAUSE = '`api-url` leads to a redirect, and redirects are not followed.';
  const to = (location: string | undefined, status = 308) => answer(status, '', { location });
  const path = '/app/installations/i-1/accessTokens';
  for (const location of [`https://${HOST}/v0.5${path}`, `/v0.5${path}`]) {
    check({
      what: `to the same host, as ${location}, names the base URL to set`,
      response: to(location),
      begins: `${CAUSE} Set \`api-url: https://${HOST}/v0.5\`.`,
    });
  }
  for (const location of [
    `https://evil.example${path}`,
    `https://${HOST}/login`,
    `${path}?login`,
    'http://[',
    undefined,
  ]) {
    check({
      what: `to ${location} names no address`,
      response: to(location, 302),
      begins: `${CAUSE} Set \`api-url\` to the address of the API itself.`,
      hasNot: ['evil', 'login'],
    });
  }
});

describe('an outage', { timeout }, () => {
  check({
    what: 'is no answer that a repetition can’t mend',
    response: refusal(501, 'Not Implemented'),
    begins: 'ICR says “Not Implemented” (501). Check `app-id`, `api-url` and `api-version`.',
  });
  check({
    what: 'is ICR’s, with the attempts and their time',
    response: answer(503, '', { attempts: 12, elapsedSeconds: 88.4 }),
    begins: 'ICR is unavailable (503, 12 attempts in 88 s). Run the job again later.',
  });
  check({
    what: 'after one attempt counts none',
    response: refusal(500, 'Internal'),
    begins: 'ICR is unavailable (500). Run the job again later.',
    has: ['(“Internal”)'],
  });
  check({
    what: 'that is a limit of the rate is named so',
    response: answer(429, '', { attempts: 2, elapsedSeconds: 3 }),
    begins:
      'ICR limits the rate of requests (429, 2 attempts in 3 s). Run the job again later, with fewer jobs at once.',
  });
  check({ what: 'of 408', response: answer(408), begins: 'ICR is unavailable (408).' });
});

test('text from outside is quoted in one harmless line', { timeout }, () => {
  const { message } = apiError(refusal(422, 'x\n::error::y##[error]z'), JWT);
  assert.ok(message.startsWith('ICR says “x ::error::y## [error]z” (422).'), message);
});

describe('a body of another shape', { timeout }, () => {
  test('is an error that names the field and the request, never the body', () => {
    assert.throws(
      () =>
        parseAs(answer(200, 'a body'), () => {
          throw new ShapeError('`id` is missing or not an id');
        }),
      {
        message: `The response is not what ICR documents: \`id\` is missing or not an id. Check \`api-url\`, \`api-version\`, and any proxy on the way. The answer to ${REQUEST} was 200.`,
      },
    );
  });

  test('is no excuse for an error of the program', () => {
    for (const parse of [parseAs, tryAs]) {
      assert.throws(() => parse(answer(200), () => undefinedFunction()), { name: 'TypeError', message: 'a bug' });
    }
  });

  function undefinedFunction(): never {
    throw new TypeError('a bug');
  }
});
