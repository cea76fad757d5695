/** Checks which app JWTs are accepted. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { objectIn } from './call.ts';
import { APP_ID, base64url, jwt, KEY, OTHER_KEY, scene } from './scene.ts';

const LIST = '/app/installations?limit=10&page=0';
const now = () => Math.floor(Date.now() / 1000);

/** Lazily, so that the times in them are those of the check. */
const REFUSED: readonly (readonly [name: string, make: () => string, message: RegExp])[] = [
  ['not a JWT', () => 'crs_0123', /three parts/],
  ['four parts', () => `${jwt()}.x`, /three parts/],
  ['a header that is no JSON', () => `e30x.${jwt().split('.').slice(1).join('.')}`, /header is not/],
  ['padding', () => jwt().replace('.', '=.'), /header is not/],
  ['header alg none', () => jwt({}, KEY, { alg: 'none' }), /header alg/],
  ['header alg RS512', () => jwt({}, KEY, { alg: 'RS512' }), /header alg/],
  ['no claim alg', () => jwt({ alg: undefined }), /claim alg/],
  ['a numeric iss', () => jwt({ iss: Number(APP_ID) }), /iss must be a string/],
  ['no iss', () => jwt({ iss: undefined }), /iss must be a string/],
  ['an unknown iss', () => jwt({ iss: 'nobody' }), /no known app/],
  ['another key', () => jwt({}, OTHER_KEY), /none of the active keys/],
  ['a changed payload', () => changed(jwt()), /none of the active keys/],
  ['an empty signature', () => jwt().replace(/[^.]*$/, ''), /none of the active keys/],
  ['no iat', () => jwt({ iat: undefined }), /iat must be a number/],
  ['iat ahead', () => jwt({ iat: now() + 30 }), /iat is in the future/],
  ['no exp', () => jwt({ exp: undefined }), /exp must be a number/],
  ['exp as text', () => jwt({ exp: String(now() + 60) }), /exp must be a number/],
  ['exp passed', () => jwt({ exp: now() - 1 }), /expired/],
  ['exp too far', () => jwt({ exp: now() + 630 }), /more than 10 minutes/],
];

function changed(good: string): string {
  const [header, , signature] = good.split('.');
  const payload = base64url({ alg: 'RS256', iss: APP_ID, iat: now(), exp: now() + 60, extra: true });
  return `${header}.${payload}.${signature}`;
}

describe('An app JWT', () => {
  test('as documented is accepted, with exp up to 10 minutes ahead', async (t) => {
    const { send } = await scene(t);
    assert.equal((await send('GET', LIST, { bearer: jwt() })).status, 200);
    assert.equal((await send('GET', LIST, { bearer: jwt({ exp: now() + 600 }) })).status, 200);
  });

  test('is refused if it breaks any one rule', async (t) => {
    const { send } = await scene(t);
    for (const [name, make, message] of REFUSED) {
      const response = await send('GET', LIST, { bearer: make() });
      assert.equal(response.status, 401, name);
      const body = objectIn(response);
      assert.match(String(body['message']), message, name);
      assert.deepEqual([body['statusCode'], body['error']], [401, 'Unauthorized'], name);
    }
    assert.deepEqual(objectIn(await send('GET', LIST)), { statusCode: 401, message: 'Unauthorized' });
  });

  test('is refused with 403 if the test wants it', async (t) => {
    const { send } = await scene(t, { settings: { jwtRefusalStatus: 403 } });
    assert.equal((await send('GET', LIST, { bearer: jwt({ iss: 'nobody' }) })).status, 403);
  });

  test('is checked against every active key, and no other', async (t) => {
    const { simulator, send } = await scene(t);
    const pem = KEY.export({ type: 'pkcs1', format: 'pem' }).toString();
    const app = simulator.addApp({ id: 'rotating', keys: [OTHER_KEY, pem] });
    const by = (key: typeof KEY) => send('GET', LIST, { bearer: jwt({ iss: 'rotating' }, key) });
    assert.deepEqual([(await by(KEY)).status, (await by(OTHER_KEY)).status], [200, 200]);
    app.setKeys([KEY]);
    assert.deepEqual([(await by(KEY)).status, (await by(OTHER_KEY)).status], [200, 401]);
  });

  test("is checked by the server's clock, which Date shows", async (t) => {
    const { simulator, send } = await scene(t);
    simulator.moveClock(-120);
    const ahead = await send('GET', LIST, { bearer: jwt() });
    assert.match(ahead.text, /iat is in the future/);
    assert.ok(Math.abs(Date.parse(ahead.headers.date ?? '') - (Date.now() - 120_000)) < 3000);
    simulator.moveClock(900);
    assert.match((await send('GET', LIST, { bearer: jwt() })).text, /expired/);
    simulator.moveClock(0);
    assert.equal((await send('GET', LIST, { bearer: jwt() })).status, 200);
  });
});
