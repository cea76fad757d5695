/** Checks that each fault does what it says, and whether the request was processed. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Effect, empty, html, json, type ReplacingEffect, redirect } from '../simulator.ts';
import { call, objectIn, textIn } from './call.ts';
import { mintPath, type Scene, scene } from './scene.ts';

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
