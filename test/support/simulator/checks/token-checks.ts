/** Checks how access tokens are minted, used and revoked. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { objectIn, textIn } from './call.ts';
import { APP_ID, jwt, KEY, mintPath, scene } from './scene.ts';

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
