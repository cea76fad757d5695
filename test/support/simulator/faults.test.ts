/** Checks what the simulator does besides ICR's routes: faults, the request log, TLS, the CONNECT proxy, the command line. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { connect } from 'node:tls';
import { type CertificateAuthority, makeAuthority } from './certificates.ts';
import { call, jwt, listIn, mintPath, objectIn, type Scene, scene, textIn } from './client.ts';
import { type ConnectProxy, startConnectProxy } from './connect-proxy.ts';
import { isJsonObject, parseJson } from './replies.ts';
import {
  type Effect,
  empty,
  html,
  type Json,
  json,
  type ReplacingEffect,
  redirect,
  startSimulator,
  type TlsIdentity,
} from './simulator.ts';

const HOST = 'api.carbonregistry.com';
const MINT = '/app/installations/*/accessTokens';

/** One minting call, hit by the effect. */
async function struck(it: Scene, effect: Effect) {
  const patience = effect.kind.startsWith('hang') ? 250 : 5000;
  it.simulator.clearFaults();
  it.simulator.fault({ method: 'POST', path: MINT, effect });
  const before = it.simulator.tokens().length;
  const outcome = await it.asApp('POST', mintPath(it.installation), { patience, body: '{}' }).then(
    (response) => ({ response, error: undefined }),
    (error: NodeJS.ErrnoException) => ({ response: undefined, error: error.code ?? error.message }),
  );
  const record = it.simulator.requests().at(-1);
  return { ...outcome, record, minted: it.simulator.tokens().length - before };
}

describe('A fault', () => {
  test('that replaces the response keeps the request from the routes, or loses a token', async (t) => {
    const it = await scene(t);
    const effects: readonly (readonly [effect: ReplacingEffect, error: string | undefined])[] = [
      [{ kind: 'reset' }, 'ECONNRESET'],
      [{ kind: 'hang' }, 'out of patience'],
      [{ kind: 'raw', bytes: 'nonsense\r\n\r\n' }, 'HPE_INVALID_CONSTANT'],
      [{ kind: 'answer', status: 503, headers: { 'Retry-After': '1' }, body: 'busy' }, undefined],
      [{ kind: 'huge', bytes: 200_000 }, undefined],
    ];
    for (const [effect, error] of effects) {
      const unprocessed = await struck(it, effect);
      assert.equal(unprocessed.error, error);
      assert.deepEqual([unprocessed.record?.processed, unprocessed.minted], [false, 0], effect.kind);
      assert.equal(unprocessed.record?.fault, effect.kind);
      const processed = await struck(it, { ...effect, process: true });
      assert.equal(processed.error, error);
      assert.deepEqual([processed.record?.processed, processed.minted], [true, 1], effect.kind);
      assert.equal(processed.record?.status, processed.response?.status);
    }
  });

  test('resets the connection before the body is read, or after', async (t) => {
    const it = await scene(t);
    assert.equal((await struck(it, { kind: 'reset' })).record?.body, '');
    assert.equal((await struck(it, { kind: 'reset', process: true })).record?.body, '{}');
  });

  test('answers with what it is given', async (t) => {
    const it = await scene(t);
    const responseTo = async (effect: Effect) => {
      const { response } = await struck(it, effect);
      return [response?.status, response?.headers['content-type'], response?.text.slice(0, 9)];
    };
    assert.deepEqual(await responseTo(html(502)), [502, 'text/html; charset=utf-8', '<!doctype']);
    assert.deepEqual(await responseTo(json(null)), [200, 'application/json; charset=utf-8', 'null']);
    assert.deepEqual(await responseTo(json([1], 201)), [201, 'application/json; charset=utf-8', '[1]']);
    assert.deepEqual(await responseTo(empty()), [200, undefined, '']);
    assert.deepEqual(await responseTo(empty(204)), [204, undefined, '']);
    assert.deepEqual(await responseTo(redirect('https://elsewhere.example/')), [307, undefined, '']);
    assert.equal((await struck(it, redirect('/x', 302))).response?.headers.location, '/x');
    const huge = await struck(it, { kind: 'huge', bytes: 200_000 });
    assert.equal(huge.response?.text.length, 200_000);
    assert.equal(typeof objectIn(huge.response)['filler'], 'string');
  });

  test('that spoils the real response leaves a live token', async (t) => {
    const it = await scene(t);
    const hung = await struck(it, { kind: 'hang-body' });
    assert.deepEqual([hung.error, hung.record?.status, hung.minted], ['out of patience', 201, 1]);
    const cut = await struck(it, { kind: 'truncate' });
    assert.deepEqual([cut.error, cut.record?.status, cut.minted], ['ECONNRESET', 201, 1]);
    const typed = await struck(it, { kind: 'content-type', value: 'text/plain' });
    assert.equal(typed.response?.headers['content-type'], 'text/plain');
    const untyped = await struck(it, { kind: 'content-type', value: undefined });
    assert.equal(untyped.response && 'content-type' in untyped.response.headers, false);
    const changed = await struck(it, {
      kind: 'transform',
      change: (response) => ({ wrapped: response ?? null }),
    });
    assert.deepEqual(
      [Object.keys(changed.response ? objectIn(changed.response) : {}), changed.minted],
      [['wrapped'], 1],
    );
  });

  test('puts a byte order mark before the body', async (t) => {
    const it = await scene(t);
    const { response, minted } = await struck(it, { kind: 'prefix', text: '\ufeff' });
    assert.deepEqual([response?.status, response?.text.slice(0, 2), minted], [201, '\ufeff{', 1]);
    assert.equal(Number(response?.headers['content-length']), Buffer.byteLength(response?.text ?? ''));
  });

  test('cuts a body short without a declared length', async (t) => {
    const it = await scene(t);
    const { response, minted } = await struck(it, { kind: 'truncate', isUndeclared: true });
    assert.deepEqual([response?.status, minted], [201, 1]);
    assert.equal(
      'content-length' in (response?.headers ?? {}) || 'transfer-encoding' in (response?.headers ?? {}),
      false,
    );
    assert.throws(() => JSON.parse(response?.text ?? ''), SyntaxError);
  });

  test('adds to the body, or announces more than comes', async (t) => {
    const it = await scene(t);
    assert.match((await struck(it, { kind: 'suffix', text: '\n\n' })).response?.text ?? '', /^\{.*\}\n\n$/);
    const overstated = await struck(it, { kind: 'overstate' });
    assert.deepEqual([overstated.error, overstated.record?.status, overstated.minted], ['ECONNRESET', 201, 1]);
  });

  test('keeps the connection open after its bytes', async (t) => {
    const it = await scene(t);
    it.simulator.fault({ path: '/x', effect: { kind: 'raw', bytes: 'HTTP/1.1 200 OK\r\n', staysOpen: true } });
    await assert.rejects(it.send('GET', '/x', { patience: 250 }), /out of patience/);
  });

  test('sends one byte at a time', async (t) => {
    const it = await scene(t);
    it.simulator.fault({ path: '/nothing', effect: { kind: 'drip', everyMs: 2 } });
    const begun = performance.now();
    const response = await it.send('GET', '/nothing');
    assert.equal(textIn(response, 'message'), 'Cannot GET /nothing');
    assert.ok(performance.now() - begun >= 2 * response.text.length);
  });

  test('applies by method, path and count, the first that matches', async (t) => {
    const { simulator, send } = await scene(t, { basePath: '/v0.5' });
    const status = async (method: string, path: string) => (await send(method, path)).status;
    simulator.fault({ method: 'GET', path: '/a/*/c', skip: 1, times: 2, effect: empty(503) });
    simulator.fault({ path: /^\/a\/.*[?&]page=1/, times: 1, effect: empty(500) });
    simulator.fault({ path: '/a/**', effect: empty(429) });
    const seen = [];
    for (let sent = 0; sent < 5; sent += 1) seen.push(await status('GET', '/a/b/c?page=1'));
    assert.deepEqual(seen, [500, 503, 503, 429, 429]);
    assert.deepEqual(
      [await status('POST', '/a/b/c'), await status('GET', '/a/b/x/c'), await status('GET', '/a')],
      [429, 429, 404],
    );
    simulator.clearFaults();
    assert.equal(await status('GET', '/a/b/c?page=1'), 404);
  });
});

describe('The request log', () => {
  test('has every request as it was sent', async (t) => {
    const { simulator, send } = await scene(t);
    const headers = { 'x-icr-api-version': '2023-06-16' };
    await send('POST', '/app/accessTokens?a=b', { bearer: 'nonsense', headers, body: '{"a":1}' });
    await call('GET', `${simulator.url}/nothing`);
    const [first, second] = simulator.requests();
    assert.deepEqual([first?.number, first?.method, first?.path], [1, 'POST', '/app/accessTokens?a=b']);
    assert.deepEqual([first?.bearer, first?.body, first?.status], ['nonsense', '{"a":1}', 401]);
    assert.equal(first?.headers['x-icr-api-version'], '2023-06-16');
    assert.ok(Math.abs((first?.at ?? 0) - Date.now()) < 1000);
    assert.deepEqual([second?.bearer, second?.fault, second?.processed], [undefined, undefined, true]);
    assert.deepEqual([first?.connection, second?.connection, simulator.connections()], [1, 2, 2]);
  });
});

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

test('the command line runs a simulator with an app and two installations', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'simulator-'));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, 'state.json');
  const cli = join(import.meta.dirname, 'cli.ts');
  const child = spawn(process.execPath, [cli, '--state', file], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data', { signal: AbortSignal.timeout(10_000) });

  const state = parseJson(await readFile(file, 'utf8'));
  assert.ok(isJsonObject(state));
  const { url, appId, privateKeyPath, installations } = state;
  assert.ok(Array.isArray(installations) && installations.length === 2);
  const first: Json | undefined = installations[0];
  assert.ok(isJsonObject(first));

  const bearer = jwt({ iss: String(appId) }, createPrivateKey(await readFile(String(privateKeyPath), 'utf8')));
  const minted = await call('POST', `${url}/app/installations/${first['installationId']}/accessTokens`, {
    bearer,
  });
  assert.equal(minted.status, 201);
  const [token] = listIn(await call('GET', `${url}/__simulator/tokens`), 'tokens');
  assert.deepEqual([token?.['state'], token?.['organizationId']], ['live', first['organizationId']]);

  child.kill('SIGTERM');
  const [code, signal] = await once(child, 'exit');
  // Windows has no signals: there the process is ended from outside.
  assert.deepEqual([code, signal], process.platform === 'win32' ? [null, 'SIGTERM'] : [0, null]);
});
