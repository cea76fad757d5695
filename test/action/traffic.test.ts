/** What a step sends if nothing goes wrong: requests, connections, TLS handshakes. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { assertSucceeded } from '../support/runner.ts';
import { createScene, type Scene } from '../support/scene.ts';
import { makeAuthority } from '../support/simulator/certificates.ts';

test('with `organization-id` main sends two requests on one connection, post one', async () => {
  await using scene = await createScene();
  const step = await scene.step({ 'organization-id': scene.nordic.organization.id });
  assertSucceeded(await step.main());
  assert.deepEqual(traffic(scene), {
    asked: [
      `GET /app/organizations/${scene.nordic.organization.id}/installation`,
      `POST /app/installations/${scene.nordic.id}/accessTokens`,
    ],
    connections: 1,
    handshakes: 0,
  });
  assertSucceeded(await step.post());
  assert.deepEqual(scene.asked().slice(2), ['DELETE /app/installations/token']);
  assert.equal(scene.simulator.connections(), 2);
});

test('with `installation-id` alone main sends one request', async () => {
  await using scene = await createScene();
  assertSucceeded(await scene.main({ 'installation-id': scene.nordic.id }));
  assert.deepEqual(traffic(scene), {
    asked: [`POST /app/installations/${scene.nordic.id}/accessTokens`],
    connections: 1,
    handshakes: 0,
  });
});

test('for an app token main sends one request', async () => {
  await using scene = await createScene();
  assertSucceeded(await scene.main({ 'token-type': 'app' }));
  assert.deepEqual(traffic(scene), { asked: ['POST /app/accessTokens'], connections: 1, handshakes: 0 });
});

test('the pages of a list, the mint and a revocation in main share one connection', async () => {
  await using scene = await createScene({ settings: { organizationInstallationRoute: false, maxPageSize: 1 } });
  const step = await scene.step({
    'organization-id': scene.baltic.organization.id,
    'allowed-permissions': 'organization_warehouse: read',
  });
  assert.equal((await step.main()).exitCode, 1);
  assert.equal(scene.liveTokens(), 0);
  assert.deepEqual(traffic(scene), {
    asked: [
      `GET /app/organizations/${scene.baltic.organization.id}/installation`,
      'GET /app/installations?limit=100&page=0',
      'GET /app/installations?limit=100&page=1',
      `POST /app/installations/${scene.baltic.id}/accessTokens`,
      'DELETE /app/installations/token',
    ],
    connections: 1,
    handshakes: 0,
  });
});

test('over TLS main makes one handshake for its two requests, post one', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'icr-authority-'));
  try {
    const authority = await makeAuthority(folder);
    await using scene = await createScene({ tls: await authority.issue({ ips: ['127.0.0.1'] }) });
    const env = { NODE_EXTRA_CA_CERTS: authority.certFile };
    const step = await scene.step({ 'organization-id': scene.nordic.organization.id }, { env });
    assertSucceeded(await step.main());
    const { asked, ...counts } = traffic(scene);
    assert.equal(asked.length, 2);
    assert.deepEqual(counts, { connections: 1, handshakes: 1 });
    assertSucceeded(await step.post());
    assert.equal(scene.simulator.handshakes(), 2);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('post sends nothing if main saved nothing', async () => {
  await using scene = await createScene();
  const step = await scene.step();
  assertSucceeded(await step.post());
  assert.deepEqual(traffic(scene), { asked: [], connections: 0, handshakes: 0 });
});

function traffic(scene: Scene) {
  const { simulator } = scene;
  return { asked: scene.asked(), connections: simulator.connections(), handshakes: simulator.handshakes() };
}
