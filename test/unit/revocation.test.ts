/** What an answer to a revocation means, and when ICR is asked once more. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Send, startBudget } from '../../src/http/client.ts';
import { RequestError } from '../../src/http/request-error.ts';
import type { HttpRequest, HttpResponse } from '../../src/http/transport.ts';
import { type RevocableToken, type Revocation, revokeToken } from '../../src/icr/revocation.ts';
import { answer, html, NOW_MS, refusal } from '../support/answer.ts';

/** Each "once more" waits for three seconds. */
const options = { timeout: 60_000, concurrency: 32 };

const TOKEN: RevocableToken = {
  token: 'crs_0123456789abcdef',
  kind: 'installation',
  expiresAt: new Date(NOW_MS + 1000).toISOString(),
};
const INVALID = refusal(401, 'Access token invalid');

interface Revoked extends Revocation {
  requests: HttpRequest[];
  seconds: number;
}

/** @param answers the last one is repeated */
async function revoke(
  answers: readonly (HttpResponse | Error)[],
  token: Partial<RevocableToken> = {},
  budgetSeconds = 45,
): Promise<Revoked> {
  const requests: HttpRequest[] = [];
  const send: Send = async (request) => {
    requests.push(request);
    const next = answers[Math.min(requests.length, answers.length) - 1] ?? answer(500);
    if (next instanceof Error) throw next;
    return next;
  };
  const started = performance.now();
  const revocation = await revokeToken(send, { ...TOKEN, ...token }, startBudget(budgetSeconds));
  return { ...revocation, requests, seconds: (performance.now() - started) / 1000 };
}

describe('a token is revoked', options, () => {
  const json = 'application/json';
  const bodies: [what: string, response: HttpResponse][] = [
    ['true', answer(200, 'true', { contentType: json })],
    ['nothing', answer(200)],
    ['nothing, of JSON', answer(200, '', { contentType: json })],
    ['white space', answer(200, ' \n')],
    ['204', answer(204)],
    ['202', answer(202, { success: true })],
    ['no errors in it', answer(200, { success: true, error: null, errors: [] })],
    ['{}', answer(200, {})],
    ['a record', answer(200, { id: 'a', isActive: false, token: null })],
    ['"true"', answer(200, '"true"')],
    ['1', answer(200, '1')],
    ['null', answer(200, 'null')],
    ['[]', answer(200, '[]')],
    ['an object that says why not to worry', answer(200, { success: 'false', error: null })],
  ];
  for (const [what, response] of bodies) {
    test(`by a success with ${what}`, async () => {
      const { outcome, requests } = await revoke([response]);
      assert.equal(outcome, 'revoked');
      assert.equal(requests.length, 1);
    });
  }

  test('by one request with the token as its bearer', async () => {
    const { requests, detail } = await revoke([answer(200)]);
    const [request] = requests;
    assert.deepEqual(
      [request?.method, request?.path, request?.bearer],
      ['DELETE', '/app/installations/token', TOKEN.token],
    );
    assert.match(detail, /^ICR answered 200 to /);
  });
});

describe('whether a token is revoked is not known', options, () => {
  const denials: [what: string, response: HttpResponse][] = [
    ['false', answer(200, 'false')],
    ['"false"', answer(200, '"false"')],
    ...['success', 'ok', 'revoked', 'deleted'].map((name): [string, HttpResponse] => [
      `${name}: false`,
      answer(200, { [name]: false }),
    ]),
    ['an error in it', answer(200, { error: 'no such token' })],
    ['errors in it', answer(200, { errors: [{ message: 'no such token' }] })],
    ['the status of an error in it', answer(200, { statusCode: 401, message: 'Unauthorized' })],
    ['a text', answer(200, 'OK')],
    ['a page', html(200)],
    ['a page that is empty', answer(200, '', { contentType: 'text/html' })],
  ];
  for (const [what, response] of denials) {
    test(`after a success with ${what}`, async () => {
      const { outcome, detail, requests } = await revoke([response]);
      assert.equal(outcome, 'unknown');
      assert.match(detail, /its body does not say that the token was revoked$/);
      assert.equal(requests.length, 1);
    });
  }

  for (const status of [400, 405, 409, 410, 422, 429, 500, 503, 307]) {
    test(`after a ${status}, in one request`, async () => {
      const { outcome, detail, requests } = await revoke([refusal(status, 'no')]);
      assert.equal(outcome, 'unknown');
      assert.match(detail, new RegExp(`^ICR answered ${status} \\(“no”\\) to `));
      assert.equal(requests.length, 1);
    });
  }

  for (const status of [401, 403, 404]) {
    const foreign: [what: string, response: HttpResponse][] = [
      ['of a gateway', answer(status, { message: 'Missing Authentication Token' })],
      ['of no such route', refusal(status, 'Cannot DELETE /app/installations/token')],
      ['with another status in it', answer(status, { statusCode: 418, message: 'no' })],
      ['as text', answer(status, 'Access token invalid')],
      ['as a page', html(status)],
      ['with nothing', answer(status)],
    ];
    for (const [what, response] of foreign) {
      test(`after a ${status} ${what}, which is not in ICR’s own form`, async () => {
        const { outcome, detail, requests } = await revoke([response]);
        assert.equal(outcome, 'unknown');
        assert.match(detail, /, not in the form of ICR’s errors$/);
        assert.equal(requests.length, 1);
      });
    }
  }

  test('if nothing comes, and the reason is told without its fix', async () => {
    const gone = Object.assign(Object.create(RequestError.prototype), { facts: 'The host is gone.', unanswered: 1 });
    assert.ok(gone instanceof Error);
    const { outcome, detail } = await revoke([gone]);
    assert.deepEqual([outcome, detail], ['unknown', 'The host is gone']);
  });

  test('if anything else fails', async () => {
    const { outcome, detail } = await revoke([new TypeError('a bug.')]);
    assert.deepEqual([outcome, detail], ['unknown', 'a bug']);
  });
});

describe('a refusal in ICR’s own form', options, () => {
  for (const status of [401, 403, 404]) {
    test(`of ${status} means “likely already invalid” only if it is said again after 3 s`, async () => {
      const response = refusal(status, 'Access token invalid');
      const { outcome, detail, requests, seconds } = await revoke([response]);
      assert.equal(outcome, 'likely already invalid');
      assert.match(detail, new RegExp(`^ICR answered ${status} \\(“Access token invalid”\\) to `));
      assert.equal(requests.length, 2);
      assert.ok(seconds >= 2.9 && seconds < 10, `${seconds} s`);
    });
  }

  test('is forgotten if ICR revokes then: a replica did not know the token yet', async () => {
    const { outcome, requests } = await revoke([INVALID, answer(200, 'true')]);
    assert.deepEqual([outcome, requests.length], ['revoked', 2]);
  });

  test('is not enough if the second answer is of another server', async () => {
    const { outcome, detail } = await revoke([INVALID, html(403)]);
    assert.equal(outcome, 'unknown');
    assert.match(detail, /page of HTML/);
  });

  test('is not enough if there is no time to ask again', async () => {
    const { outcome, detail, requests, seconds } = await revoke([INVALID], {}, 3);
    assert.deepEqual([outcome, requests.length], ['unknown', 1]);
    assert.match(detail, /, and there was no time to ask again$/);
    assert.ok(seconds < 2);
  });

  test('of an app token is not known to mean anything', async () => {
    const { outcome, requests } = await revoke([INVALID], { kind: 'app' });
    assert.deepEqual([outcome, requests.length], ['unknown', 2]);
  });

  test('of a token that could not be sent whole means nothing', async () => {
    const { outcome, detail, requests } = await revoke([INVALID], { token: 'crs_\u0001\u00e9abcdefgh ' });
    assert.deepEqual([outcome, requests.map(({ bearer }) => bearer)], ['unknown', ['crs_abcdefgh']]);
    assert.match(detail, /, but not the whole token can be sent$/);
  });
});

describe('after the token has expired', options, () => {
  const expired = { expiresAt: new Date(NOW_MS).toISOString() };

  for (const response of [INVALID, refusal(404, 'no'), answer(401), html(403), answer(404, 'Access token invalid')]) {
    test(`a ${response.status} of ${response.contentType} with “${response.text.slice(0, 20)}” says that it expired`, async () => {
      const { outcome, requests } = await revoke([response], expired);
      assert.deepEqual([outcome, requests.length], ['expired', 1]);
    });
  }

  test('a refusal of an app token says so too', async () => {
    assert.equal((await revoke([INVALID], { ...expired, kind: 'app' })).outcome, 'expired');
  });

  test('ICR is asked all the same, and may revoke it', async () => {
    assert.equal((await revoke([answer(200, 'true')], expired)).outcome, 'revoked');
  });

  test('any other answer says nothing of it', async () => {
    for (const response of [answer(200, 'false'), answer(400), answer(503)]) {
      assert.equal((await revoke([response], expired)).outcome, 'unknown');
    }
  });

  test('the server’s clock says what has passed, and the runner’s only without it', async () => {
    const hour = 3_600_000;
    const outcomeOf = async (others: Partial<HttpResponse>) =>
      (await revoke([{ ...html(403), ...others }], { expiresAt: new Date(NOW_MS + 1).toISOString() })).outcome;
    assert.equal(await outcomeOf({ dateMs: NOW_MS, receivedMs: NOW_MS + hour }), 'unknown');
    assert.equal(await outcomeOf({ dateMs: NOW_MS + hour, receivedMs: NOW_MS }), 'expired');
    assert.equal(await outcomeOf({ dateMs: undefined, receivedMs: NOW_MS + hour }), 'expired');
    assert.equal(await outcomeOf({ dateMs: undefined, receivedMs: NOW_MS }), 'unknown');
  });

  test('a time that can’t be read is not past', async () => {
    assert.equal((await revoke([html(403)], { expiresAt: '' })).outcome, 'unknown');
  });
});
