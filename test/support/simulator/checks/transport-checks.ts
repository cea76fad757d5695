/** Checks TLS, certificates, the CONNECT proxy, and how everything closes. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { connect } from 'node:tls';
import { type CertificateAuthority, makeAuthority } from '../certificates.ts';
import { type ConnectProxy, startConnectProxy } from '../connect-proxy.ts';
import { startSimulator, type TlsIdentity } from '../simulator.ts';
import { call } from './call.ts';
import { scene } from './scene.ts';

const HOST = 'api.carbonregistry.com';

let folder: string;
let authority: CertificateAuthority;
let identity: TlsIdentity;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'simulator-'));
  authority = await makeAuthority(folder);
  identity = await authority.issue({ hosts: [HOST], ips: ['127.0.0.1'] });
});
after(() => rm(folder, { recursive: true }));

interface Tunnel {
  readonly status: number;
  readonly socket: Socket;
}

function tunnel(proxy: ConnectProxy, target: string, headers: Record<string, string> = {}): Promise<Tunnel> {
  const send = proxy.url.startsWith('https:') ? httpsRequest : request;
  return new Promise((resolve, reject) => {
    const sent = send(proxy.url, {
      method: 'CONNECT',
      path: target,
      headers,
      agent: false,
      ca: authority.cert,
    });
    sent.on('error', reject);
    sent.on('connect', ({ statusCode = 0 }, socket: Socket) => resolve({ status: statusCode, socket }));
    sent.end();
  });
}

describe('TLS', () => {
  test('uses the certificate that it is given, and counts handshakes', async (t) => {
    const { simulator, send } = await scene(t, { tls: identity });
    assert.equal((await send('GET', '/x', { ca: authority.cert })).status, 404);
    await assert.rejects(send('GET', '/x'), { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' });
    assert.equal(simulator.connections(), 2);
    assert.equal(simulator.handshakes() >= 1, true);
    simulator.fault({ path: '**', effect: { kind: 'reset' } });
    await assert.rejects(send('GET', '/x', { ca: authority.cert }), { code: 'ECONNRESET' });
  });

  test('can have a certificate that has expired or is for another host', async (t) => {
    const expired = await authority.issue({ ips: ['127.0.0.1'], expired: true });
    const elsewhere = await authority.issue({ hosts: ['elsewhere.example'] });
    for (const [tls, code] of [
      [expired, 'CERT_HAS_EXPIRED'],
      [elsewhere, 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ] as const) {
      const { send } = await scene(t, { tls });
      await assert.rejects(send('GET', '/x', { ca: authority.cert }), { code });
    }
  });
});

describe('Closing', () => {
  for (const secure of [false, true]) {
    test(`ends hanging requests at once${secure ? ', under TLS too' : ''}`, async () => {
      const simulator = await startSimulator(secure ? { tls: identity } : {});
      simulator.fault({ path: '/hang', effect: { kind: 'hang' } });
      simulator.settings.latencyMs = 5;
      const hanging = call('GET', `${simulator.url}/hang`, { ca: authority.cert });
      const refused = assert.rejects(hanging, { code: 'ECONNRESET' });
      while (simulator.requests().length === 0) await new Promise(setImmediate);
      const begun = performance.now();
      await simulator.close();
      await refused;
      assert.ok(performance.now() - begun < 500);
    });
  }
});

describe('The CONNECT proxy', () => {
  test('opens a tunnel to the port that stands for a host', async (t) => {
    const { simulator } = await scene(t, { tls: identity });
    for (const tls of [undefined, identity]) {
      const targets = { [`${HOST}:443`]: simulator.port };
      const proxy = await startConnectProxy({ targets, ...(tls && { tls }) });
      t.after(() => proxy.close());
      const { status, socket } = await tunnel(proxy, `${HOST}:443`);
      assert.equal(status, 200);
      const secure = connect({ socket, servername: HOST, ca: authority.cert });
      const response = await call('GET', `https://${HOST}/x`, { socket: secure });
      assert.equal(response.status, 404);
      assert.deepEqual(proxy.requests(), [
        { method: 'CONNECT', target: `${HOST}:443`, authorization: undefined, status: 200 },
      ]);
      assert.equal((await tunnel(proxy, 'elsewhere.example:443')).status, 502);
    }
  });

  test('needs the password if there is one', async (t) => {
    const { simulator } = await scene(t);
    const proxy = await startConnectProxy({ auth: { username: 'a', password: 'b:c' } });
    t.after(() => proxy.close());
    const target = `127.0.0.1:${simulator.port}`;
    const basic = (text: string) => ({
      'proxy-authorization': `Basic ${Buffer.from(text).toString('base64')}`,
    });
    assert.equal((await tunnel(proxy, target)).status, 407);
    assert.equal((await tunnel(proxy, target, basic('a:b'))).status, 407);
    assert.equal((await tunnel(proxy, target, basic('a:b:c'))).status, 200);
    assert.equal(proxy.requests().at(-1)?.authorization, basic('a:b:c')['proxy-authorization']);
  });

  test('refuses, resets or is silent, as the test sets', async (t) => {
    for (const tls of [undefined, identity]) {
      const proxy = await startConnectProxy({ behaviour: { status: 403 }, ...(tls && { tls }) });
      t.after(() => proxy.close());
      assert.equal((await tunnel(proxy, `${HOST}:443`)).status, 403);
      proxy.behaviour = 'reset';
      await assert.rejects(tunnel(proxy, `${HOST}:443`), { code: 'ECONNRESET' });
      proxy.behaviour = 'silent';
      const silent = assert.rejects(tunnel(proxy, `${HOST}:443`), { code: 'ECONNRESET' });
      while (proxy.requests().length < 3) await new Promise(setImmediate);
      assert.equal((await call('GET', `${proxy.url}/x`, { ca: authority.cert })).status, 501);
      const statuses = proxy.requests().map((it) => it.status);
      assert.deepEqual(statuses, [403, undefined, undefined, 501]);
      await proxy.close();
      await silent;
    }
  });
});
