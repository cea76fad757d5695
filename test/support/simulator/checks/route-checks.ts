/** Checks how installations are found and listed, and what is true of every route. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isJsonObject } from '../json.ts';
import { call, listIn, objectIn } from './call.ts';
import { APP_ID, jwt, scene } from './scene.ts';

const LIST = '/app/installations';

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
