/** Checks that the simulator refuses what ICR would refuse: JWTs, installations, tokens, and whatever else is no request. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  APP_ID,
  base64url,
  call,
  jwt,
  KEY,
  listIn,
  mintPath,
  OTHER_KEY,
  objectIn,
  type Scene,
  scene,
  textIn,
} from './client.ts';
import { isJsonObject, parseJson } from './replies.ts';
import type { ErrorForm, Settings } from './simulator.ts';

const LIST = '/app/installations';
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

describe('An access token', () => {
  test('of an installation has the documented fields', async (t) => {
    const { simulator, installation, asApp } = await scene(t);
    const response = await asApp('POST', mintPath(installation), { body: '{}' });
    const { id, token, createdAt, updatedAt, expiresAt, ...rest } = objectIn(response);
    assert.equal(response.status, 201);
    assert.match(String(token), /^crs_[0-9a-f]{48}$/);
    assert.match(String(id), /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    assert.equal(updatedAt, createdAt);
    assert.equal(Date.parse(String(expiresAt)) - Date.parse(String(createdAt)), 7_200_000);
    assert.deepEqual(rest, {
      isActive: true,
      permissions: { organization_info: 'VIEW', organization_warehouse: 'WRITE' },
      appId: APP_ID,
      installationId: installation.id,
      organizationId: installation.organization.id,
    });
    const [issued] = simulator.tokens();
    assert.deepEqual([issued?.token, issued?.state, issued?.mintedBy], [token, 'live', 1]);
  });

  test('of an app has no organization, and can read projects', async (t) => {
    const { installation, asApp, send } = await scene(t, { settings: { mintStatus: 200 } });
    const response = await asApp('POST', '/app/accessTokens');
    assert.equal(response.status, 200);
    assert.equal('organizationId' in objectIn(response) || 'installationId' in objectIn(response), false);
    const bearer = textIn(response, 'token');
    assert.equal((await send('GET', '/projects?limit=1&page=0', { bearer })).status, 200);
    assert.equal((await send('GET', `/organizations/${installation.organization.id}`, { bearer })).status, 403);
  });

  test('is minted only for an active installation of the app', async (t) => {
    const { simulator, installation, asApp, mint, send } = await scene(t);
    simulator.addApp({ id: 'other', keys: [KEY] });
    const foreign = simulator.addInstallation({ appId: 'other' });
    assert.equal((await asApp('POST', mintPath(foreign))).status, 404);
    assert.equal((await asApp('POST', '/app/installations/none/accessTokens')).status, 404);
    const bearer = await mint();
    installation.state = 'suspended';
    assert.match((await asApp('POST', mintPath(installation))).text, /"statusCode":403.*suspended/);
    assert.match((await send('GET', '/projects', { bearer })).text, /"statusCode":403.*suspended/);
    installation.state = 'uninstalled';
    assert.equal((await asApp('POST', mintPath(installation))).status, 404);
    assert.match((await send('GET', '/projects', { bearer })).text, /Access token invalid/);
    assert.equal(simulator.tokens()[0]?.state, 'revoked');
  });

  test('can do what its permissions were when it was minted', async (t) => {
    const { simulator, installation, mint, send } = await scene(t);
    const bearer = await mint();
    installation.permissions = { organization_info: 'VIEW' };
    const lesser = await mint();
    const elsewhere = simulator.addInstallation({ appId: APP_ID }).organization;
    const { id } = installation.organization;
    const status = async (path: string, token: string) => (await send('GET', path, { bearer: token })).status;
    assert.equal(await status(`/organizations/${id}`, lesser), 200);
    assert.equal(await status(`/organizations/${id}/warehouse/inventory`, bearer), 200);
    assert.equal(await status(`/organizations/${id}/warehouse/inventory`, lesser), 403);
    assert.equal(await status(`/organizations/${elsewhere.id}`, bearer), 403);
    assert.match((await send('GET', '/projects', { bearer: jwt() })).text, /Access token invalid/);
    assert.equal((await send('GET', '/projects')).status, 401);
  });

  test('opens the inventory, and asks for a retirement with the level request and a body like ICR’s sample', async (t) => {
    const { installation, mint, send } = await scene(t);
    const inventory = `/organizations/${installation.organization.id}/inventory`;
    installation.permissions = { organization_inventory: 'VIEW' };
    const reader = await mint();
    installation.permissions = { organization_inventory: 'REQUEST' };
    const bearer = await mint();
    const seen = await send('GET', inventory, { bearer: reader });
    const creditId = listIn(seen, 'credits')[0]?.['id'] ?? '';
    const retirementData = { reason: 'r', beneficiaryName: 'b' };
    const retire = async (body: object, token = bearer) =>
      (await send('POST', `${inventory}/requests/retire`, { bearer: token, body: JSON.stringify(body) })).status;
    assert.equal(await retire({ creditId, amount: 12.5, retirementData }), 201);
    assert.equal(await retire({ creditId, amount: 12.5, retirementData }, reader), 403);
    assert.equal(await retire({ creditId, amount: '12.5', retirementData }), 400);
    assert.equal(await retire({ creditId, amount: 1 }), 400);
    assert.equal(await retire({ creditId, amount: 341, retirementData }), 422);
    assert.equal(await retire({ creditId: 'none', amount: 1, retirementData }), 404);
  });

  test("ends by revocation or by time, and can't be revoked twice", async (t) => {
    const { simulator, asApp, mint, send } = await scene(t);
    const [killed, aged] = [await mint(), await mint()];
    const revoke = (bearer: string) => send('DELETE', '/app/installations/token', { bearer });
    assert.deepEqual([(await revoke(killed)).text, (await revoke(killed)).status], ['true', 401]);
    assert.equal((await send('GET', '/projects', { bearer: killed })).status, 403);
    assert.equal((await asApp('DELETE', '/app/installations/token')).status, 401);
    simulator.moveClock(7199);
    assert.equal((await send('GET', '/projects', { bearer: aged })).status, 200);
    simulator.moveClock(7201);
    assert.equal((await send('GET', '/projects', { bearer: aged })).status, 403);
    assert.equal((await revoke(aged)).status, 401);
    assert.deepEqual(
      simulator.tokens().map((token) => token.state),
      ['revoked', 'expired'],
    );
  });

  test('can be revoked in every way that the documentation leaves open', async (t) => {
    const settings = { revokeBody: 'false', revokeWorks: false, revokeTakesAppTokens: false };
    const { simulator, asApp, mint, send } = await scene(t, { settings });
    const bearer = await mint();
    assert.equal((await send('DELETE', '/app/installations/token', { bearer })).text, 'false');
    assert.equal(simulator.tokens()[0]?.state, 'live');
    Object.assign(simulator.settings, { revokeBody: '', revokeWorks: true });
    assert.equal((await send('DELETE', '/app/installations/token', { bearer })).text, '');
    assert.equal(simulator.tokens()[0]?.state, 'revoked');
    const ofApp = textIn(await asApp('POST', '/app/accessTokens'), 'token');
    assert.equal((await send('DELETE', '/app/installations/token', { bearer: ofApp })).status, 403);
  });

  test('is unknown at first to replicas that lag behind', async (t) => {
    const settings = { replicaLag: { requests: 2, status: 404 as const } };
    const { simulator, mint, send } = await scene(t, { settings });
    const [first, second] = [await mint(), await mint()];
    const revoke = async (bearer: string) => (await send('DELETE', '/app/installations/token', { bearer })).status;
    assert.deepEqual([await revoke(first), await revoke(second), await revoke(first)], [404, 404, 404]);
    assert.deepEqual(
      simulator.tokens().map(({ state }) => state),
      ['live', 'live'],
    );
    assert.equal(await revoke(first), 200);
    assert.equal(simulator.tokens()[0]?.state, 'revoked');
  });

  test('can have any text, and can have expired when it is minted', async (t) => {
    const texts = ['short', 'with white space in it', ''];
    const settings = { makeToken: () => texts.shift() ?? 'last', tokenLifetimeSeconds: 60 };
    const { simulator, asApp, installation, send } = await scene(t, { settings });
    for (const text of [...texts].slice(0, 2)) {
      assert.equal(textIn(await asApp('POST', mintPath(installation)), 'token'), text);
      assert.equal((await send('DELETE', '/app/installations/token', { bearer: text })).text, 'true');
    }
    simulator.settings.tokenLifetimeSeconds = -60;
    simulator.settings.mintPatch = { isActive: true };
    const { expiresAt, isActive } = objectIn(await asApp('POST', mintPath(installation)));
    assert.ok(Date.parse(String(expiresAt)) < Date.now() - 50_000);
    assert.equal(isActive, true);
    assert.equal(simulator.tokens().at(-1)?.state, 'expired');
  });

  test('is live even if the response to the mint is changed', async (t) => {
    const mintPatch = { isActive: false, organizationId: 'another', expiresAt: undefined };
    const { simulator, installation, asApp } = await scene(t, { settings: { mintPatch } });
    const response = objectIn(await asApp('POST', mintPath(installation)));
    assert.deepEqual(
      [response['isActive'], response['organizationId'], 'expiresAt' in response],
      [false, 'another', false],
    );
    assert.equal(simulator.tokens()[0]?.state, 'live');
    assert.equal(simulator.tokens()[0]?.installation, installation);
  });
});

describe('The list of installations', () => {
  test('has the installations of the app in pages', async (t) => {
    const { simulator, asApp } = await scene(t);
    simulator.addApp({ id: 'other', keys: [] });
    simulator.addInstallation({ appId: 'other' });
    for (let made = 1; made < 23; made += 1) simulator.addInstallation({ appId: APP_ID });
    const pages = await Promise.all([0, 1, 2, 3].map((page) => asApp('GET', `${LIST}?limit=10&page=${page}`)));
    const ids = pages.map((page) => listIn(page, 'installations').map((it) => it['id']));
    assert.deepEqual(
      ids.map((page) => page.length),
      [10, 10, 3, 0],
    );
    assert.equal(new Set(ids.flat()).size, 23);
    const pagination = pages.map((page) => objectIn(page)['pagination']);
    assert.deepEqual(pagination[0], { total: 23, currentPage: 1, pageCount: 3, nextPage: 2, prevPage: 0 });
    assert.deepEqual(pagination[2], { total: 23, currentPage: 3, pageCount: 3, nextPage: 3, prevPage: 2 });
    assert.equal(listIn(await asApp('GET', LIST), 'installations').length, 10);
    simulator.settings.listIgnoresPage = true;
    const again = listIn(await asApp('GET', `${LIST}?limit=10&page=2`), 'installations');
    assert.deepEqual(
      again.map((it) => it['id']),
      ids[0],
    );
  });

  test('refuses a limit and a page that are not numbers, in one response', async (t) => {
    const { simulator, asApp } = await scene(t);
    for (const query of ['limit=ten&page=', 'limit=0&page=-1', 'limit=1.5&page=NaN', 'limit=1&limit=2&page=x']) {
      const response = await asApp('GET', `${LIST}?${query}`);
      const { statusCode, message, error } = objectIn(response);
      assert.deepEqual([response.status, statusCode, error], [400, 400, 'Bad Request'], query);
      assert.equal(Array.isArray(message) && message.length, 2, query);
    }
    Object.assign(simulator.settings, { maxPageSize: 20, overMaxPageSize: 'refuse' });
    assert.match((await asApp('GET', `${LIST}?limit=50`)).text, /must not be greater than 20/);
  });

  test('can have small pages, no pagination, suspended installations, or no organizations', async (t) => {
    const { simulator, installation, asApp } = await scene(t, { settings: { maxPageSize: 1 } });
    const second = simulator.addInstallation({
      appId: APP_ID,
      state: 'suspended',
      organizationShownIn: 'single',
    });
    assert.equal(listIn(await asApp('GET', LIST), 'installations').length, 1);
    Object.assign(simulator.settings, { maxPageSize: undefined, listPagination: false, listSuspended: true });
    const response = await asApp('GET', `${LIST}?limit=99&page=0`);
    const [first, suspended] = listIn(response, 'installations');
    assert.deepEqual(Object.keys(objectIn(response)), ['installations']);
    assert.deepEqual([first?.['id'], suspended?.['id']], [installation.id, second.id]);
    assert.deepEqual(['organization' in (first ?? {}), 'organization' in (suspended ?? {})], [true, false]);
    assert.match(String(first?.['accessTokensUrl']), /^undefined\//);
    assert.ok('organization' in objectIn(await asApp('GET', `${LIST}/${second.id}`)));
  });
});

describe('A list of installations from a faulty server', () => {
  test('has the total that the test sets', async (t) => {
    const { simulator, asApp } = await scene(t);
    for (const total of [0, -1, 0.5, 1]) {
      simulator.settings.listTotal = total;
      const { pagination } = objectIn(await asApp('GET', LIST));
      assert.equal(isJsonObject(pagination) && pagination['total'], total);
    }
  });

  test('has an installation on two pages', async (t) => {
    const { simulator, asApp } = await scene(t, { settings: { listOverlap: 1 } });
    for (let made = 1; made < 7; made += 1) simulator.addInstallation({ appId: APP_ID });
    const pages = await Promise.all([0, 1, 2, 3].map((page) => asApp('GET', `${LIST}?limit=3&page=${page}`)));
    const ids = pages.map((page) => listIn(page, 'installations').map((it) => it['id']));
    assert.deepEqual(
      ids.map((page) => page.length),
      [3, 3, 3, 1],
    );
    assert.equal(ids[0]?.at(-1), ids[1]?.at(0));
    assert.equal(new Set(ids.flat()).size, 7);
  });

  test('never ends', async (t) => {
    const { asApp } = await scene(t, { settings: { endlessListPageBytes: 100_000 } });
    const pages = [await asApp('GET', `${LIST}?page=0`), await asApp('GET', `${LIST}?page=1000`)];
    for (const { text } of pages) assert.ok(text.length > 95_000 && text.length < 120_000, `${text.length}`);
    const ids = pages.flatMap((page) => listIn(page, 'installations').map((it) => it['id']));
    assert.equal(new Set(ids).size, ids.length);
  });
});

describe('An installation', () => {
  test("is found by its id and by its organization if it is the app's", async (t) => {
    const { simulator, installation, asApp } = await scene(t);
    simulator.addApp({ id: 'other', keys: [] });
    const foreign = simulator.addInstallation({ appId: 'other' });
    const byOrganization = (id: string) => asApp('GET', `/app/organizations/${id}/installation`);
    const found = await byOrganization(installation.organization.id);
    assert.equal(objectIn(found)['id'], installation.id);
    assert.equal((await asApp('GET', `${LIST}/${installation.id}`)).text, found.text);
    assert.equal((await asApp('GET', `${LIST}/${foreign.id}`)).status, 404);
    assert.match((await byOrganization(foreign.organization.id)).text, /Installation not found/);
    simulator.settings.organizationInstallationRoute = false;
    assert.match((await byOrganization(installation.organization.id)).text, /"Cannot GET \/app\/organizations\//);
  });
});

describe('A route', () => {
  test('is found by its exact path below the base path', async (t) => {
    const { simulator, asApp, send } = await scene(t, { basePath: '/v0.5' });
    const unknown = { statusCode: 404, message: 'Cannot GET /v0.5/nothing?x=1', error: 'Not Found' };
    assert.deepEqual(objectIn(await send('GET', '/nothing?x=1')), unknown);
    assert.match((await send('PUT', LIST)).text, /Cannot PUT \/v0\.5\/app\/installations/);
    assert.equal((await asApp('GET', LIST)).status, 200);
    const outside = await call('GET', new URL(LIST, simulator.url).href, { bearer: jwt() });
    assert.match(outside.text, /Cannot GET \/app\/installations/);
    assert.equal((await send('GET', '/organizations/%E0')).status, 400);
  });

  test('refuses another API version, a body that is not JSON, and a body that is too large', async (t) => {
    const { asApp } = await scene(t);
    const version = (text: string) => asApp('GET', LIST, { headers: { 'x-icr-api-version': text } });
    assert.deepEqual([(await version('2023-06-16')).status, (await version('2024-01-01')).status], [200, 400]);
    for (const body of ['{', 'null', '"text"']) {
      assert.equal((await asApp('POST', '/app/accessTokens', { body })).status, 400, body);
    }
    assert.equal((await asApp('POST', '/app/accessTokens', { body: `["${'x'.repeat(110_000)}"]` })).status, 413);
  });

  test('repeats the authorization in an error if the test wants it', async (t) => {
    const { send } = await scene(t, { settings: { echoAuthorization: true } });
    const bearer = jwt({ iss: 'nobody' });
    assert.ok((await send('GET', LIST, { bearer })).text.includes(`Bearer ${bearer}`));
    assert.match((await send('GET', `${LIST}?limit=x`, { bearer: jwt() })).text, /"authorization was Bearer /);
  });

  test('is limited in its rate, and delayed, if the test wants it', async (t) => {
    const rateLimit = { perSecond: 2, retryAfterSeconds: 3, retryAfterAs: 'seconds' as const };
    const { simulator, asApp } = await scene(t, { settings: { rateLimit, latencyMs: 30 } });
    const begun = performance.now();
    const responses = [await asApp('GET', LIST), await asApp('GET', LIST), await asApp('GET', LIST)];
    assert.ok(performance.now() - begun >= 85);
    assert.deepEqual(
      responses.map((response) => response.status),
      [200, 200, 429],
    );
    assert.equal(responses.at(-1)?.headers['retry-after'], '3');
    simulator.settings.rateLimit = { ...rateLimit, retryAfterAs: 'http-date' };
    const until = Date.parse((await asApp('GET', LIST)).headers['retry-after'] ?? '');
    assert.ok(Math.abs(until - Date.now() - 3000) < 1500);
  });
});

describe('A setting', () => {
  const ORGANIZATION = (it: Scene) => `/app/organizations/${it.installation.organization.id}/installation`;

  test('changes the answer of one route, after its work or before anything is looked at', async (t) => {
    const it = await scene(t, { settings: { answers: { revoke: { status: 202, json: { success: true } } } } });
    const { simulator, installation, asApp, send } = it;
    const bearer = await it.mint();
    const revoke = () => send('DELETE', '/app/installations/token', { bearer });
    const revoked = await revoke();
    assert.deepEqual([revoked.status, revoked.text], [202, '{"success":true}']);
    assert.equal(simulator.tokens()[0]?.state, 'revoked');
    assert.equal((await revoke()).status, 401, 'a refusal stays one');

    simulator.settings.answers = { mint: { status: 503, text: 'busy', atOnce: true }, all: { under: '[]' } };
    assert.deepEqual(await asApp('POST', mintPath(installation)).then(({ status, text }) => [status, text]), [
      503,
      'busy',
    ]);
    assert.equal(simulator.tokens().length, 1);
    assert.match((await asApp('GET', ORGANIZATION(it))).text, /^\[\{.*\}\]$/);
    simulator.settings.answers = { mint: { under: 'data', headers: { 'x-a': 'b' }, delayMs: 30 } };
    const begun = performance.now();
    const wrapped = await asApp('POST', mintPath(installation));
    assert.ok(performance.now() - begun >= 25);
    assert.deepEqual([wrapped.status, wrapped.headers['x-a']], [201, 'b']);
    assert.equal(
      simulator.tokens()[1]?.token,
      objectIn({ ...wrapped, text: wrapped.text.slice('{"data":'.length, -1) })['token'],
    );
    simulator.settings.answers = { organization: { status: 204, text: '' } };
    assert.equal((await asApp('GET', ORGANIZATION(it))).status, 204);
  });

  test('gives every error another form', async (t) => {
    const { simulator, send } = await scene(t, { settings: { jwtRefusalStatus: 422, jwtRefusalMessage: 'No' } });
    const forms: readonly (readonly [ErrorForm, string, type: string | undefined])[] = [
      ['nest', '{"statusCode":422,"message":"No","error":"Unprocessable Entity"}', 'application/json; charset=utf-8'],
      ['message', '{"message":"No"}', 'application/json; charset=utf-8'],
      ['error.message', '{"error":{"code":"Unprocessable Entity","message":"No"}}', 'application/json; charset=utf-8'],
      ['errors', '{"errors":[{"message":"No"}]}', 'application/json; charset=utf-8'],
      ['detail', '{"title":"Unprocessable Entity","status":422,"detail":"No"}', 'application/json; charset=utf-8'],
      ['title', '{"type":"about:blank","title":"No","status":422}', 'application/json; charset=utf-8'],
      ['text', 'No', 'text/plain; charset=utf-8'],
      ['html', '<html><body><h1>422 Unprocessable Entity</h1></body></html>', 'text/html'],
      ['empty', '', undefined],
    ];
    for (const [form, text, type] of forms) {
      simulator.settings.errorForm = form;
      const response = await send('GET', LIST, { bearer: 'x' });
      assert.deepEqual([response.status, response.text, response.headers['content-type']], [422, text, type], form);
    }
  });

  test('refuses or ignores the query of the list', async (t) => {
    const { simulator, asApp } = await scene(t, { settings: { listQuery: 422 } });
    for (let made = 1; made < 13; made += 1) simulator.addInstallation({ appId: APP_ID });
    const refused = await asApp('GET', `${LIST}?limit=3&page=1`);
    assert.deepEqual(
      [refused.status, objectIn(refused)['message']],
      [422, ['limit', 'page'].map((name) => `property ${name} should not exist`)],
    );
    assert.equal(listIn(await asApp('GET', LIST), 'installations').length, 10);
    simulator.settings.listQuery = 'ignored';
    const first = await asApp('GET', `${LIST}?limit=3&page=1`);
    assert.equal(listIn(first, 'installations').length, 10);
    assert.match(first.text, /"total":13,/);
    simulator.settings.defaultPageSize = 1000;
    assert.equal(listIn(await asApp('GET', `${LIST}?limit=3&page=1`), 'installations').length, 13);
  });

  test('counts pages from 1, and says what is before the first and behind the last', async (t) => {
    const { simulator, asApp } = await scene(t);
    for (let made = 1; made < 5; made += 1) simulator.addInstallation({ appId: APP_ID });
    const lengths = async () => {
      const pages = await Promise.all([0, 1, 2, 3].map((page) => asApp('GET', `${LIST}?limit=3&page=${page}`)));
      return pages.map((page) => (page.status === 200 ? listIn(page, 'installations').length : page.status));
    };
    const cases: readonly (readonly [Settings['pageZero'], Settings['pageBeyond'], lengths: readonly number[]])[] = [
      ['first', 'empty', [3, 2, 0, 0]],
      ['first', 404, [3, 2, 404, 404]],
      ['first', 'last page', [3, 2, 2, 2]],
      ['like page 1', 400, [3, 3, 2, 400]],
      ['empty', 'empty', [0, 3, 2, 0]],
      ['refused', 'empty', [400, 3, 2, 0]],
    ];
    for (const [pageZero, pageBeyond, expected] of cases) {
      Object.assign(simulator.settings, { pageZero, pageBeyond });
      assert.deepEqual(await lengths(), expected, `${pageZero}, ${pageBeyond}`);
    }
    simulator.settings.pageZero = 'refused';
    assert.equal(listIn(await asApp('GET', LIST), 'installations').length, 5);
  });

  test('names the list, its total, its ids and its organizations otherwise', async (t) => {
    const it = await scene(t, { settings: { numericIds: true, organizationAs: 'organizationId', listUnder: 'items' } });
    const { simulator, installation, asApp } = it;
    simulator.addInstallation({ appId: APP_ID });
    Object.assign(simulator.settings, { maxPageSize: 1, listTotal: 'page' });
    const list = await asApp('GET', LIST);
    const [first] = listIn(list, 'items');
    assert.match(list.text, /"total":1,/);
    assert.deepEqual(
      [first?.['id'], first?.['organizationId']],
      [Number(installation.id), Number(installation.organization.id)],
    );
    const minted = objectIn(await asApp('POST', mintPath(installation)));
    assert.equal(minted['organizationId'], first?.['organizationId']);
    Object.assign(simulator.settings, { listUnder: '', organizationAs: 'text', tokenField: 'accessToken' });
    simulator.settings.listUnder = 'items';
    simulator.settings.paginationUnder = '';
    assert.equal(objectIn(await asApp('GET', LIST))['total'], 1);
    simulator.settings.paginationUnder = 'meta';
    assert.match((await asApp('GET', LIST)).text, /^\{"meta":\{"total":1,/);
    simulator.settings.listUnder = '';
    const body = parseJson((await asApp('GET', LIST)).text);
    assert.ok(Array.isArray(body) && body.length === 1);
    assert.equal(
      objectIn(await asApp('GET', `${LIST}/${installation.id}`))['organization'],
      installation.organization.id,
    );
    assert.equal(objectIn(await asApp('POST', mintPath(installation)))['accessToken'], simulator.tokens()[1]?.token);
    const byOrganization = async () => objectIn(await asApp('GET', ORGANIZATION(it)));
    simulator.settings.organizationInstallationRoute = 'organization';
    assert.equal((await byOrganization())['fullName'], installation.organization.fullName);
    simulator.settings.organizationInstallationRoute = 'another';
    assert.notEqual((await byOrganization())['id'], Number(installation.id));
  });

  test('says which JWTs, versions and paths are taken', async (t) => {
    const settings = { jwtLongestSeconds: 300, apiVersionHeader: 'needed', outsideBasePath: 308 } as const;
    const { simulator, asApp, send } = await scene(t, { settings, basePath: '/v0.5' });
    const headers = { 'x-icr-api-version': '2023-06-16' };
    assert.match((await asApp('GET', LIST)).text, /Unsupported API version: undefined/);
    assert.match((await asApp('GET', LIST, { headers })).text, /more than 5 minutes ahead/);
    Object.assign(simulator.settings, { jwtLongestSeconds: 600, jwtNeedsAlgClaim: false, apiVersionHeader: 'ignored' });
    const bearer = jwt({ alg: undefined });
    assert.equal((await send('GET', LIST, { bearer, headers: { 'x-icr-api-version': '1' } })).status, 200);
    const outside = await call('GET', new URL(`${LIST}?page=0`, simulator.url).href, { bearer });
    assert.deepEqual([outside.status, outside.headers.location], [308, `/v0.5${LIST}?page=0`]);
  });

  test('compresses what nobody asked to be compressed', async (t) => {
    const { asApp } = await scene(t, { settings: { gzip: true } });
    const response = await asApp('GET', LIST);
    assert.equal(response.headers['content-encoding'], 'gzip');
    assert.notEqual(response.text[0], '{');
  });
});
