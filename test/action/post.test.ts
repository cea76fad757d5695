/** The post step: which token it revokes, where, and what it says of each response. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertSucceeded, type Result, type StepOptions, signalWhen, WITH_SIGNALS } from '../support/runner.ts';
import { assertNoSecrets, createScene, type Scene } from '../support/scene.ts';
import { type Effect, empty, html, json, redirect, type Settings } from '../support/simulator/simulator.ts';

const REVOKE = { method: 'DELETE', path: '/app/installations/token' } as const;

/** Main, then whatever the test does in between, then post. */
async function postAfter(
  scene: Scene,
  between: () => void = () => undefined,
  options: Partial<StepOptions> = {},
): Promise<Result> {
  const step = await scene.step({ 'organization-id': scene.nordic.organization.id }, options);
  assertSucceeded(await step.main());
  between();
  const post = await step.post();
  assertSucceeded(post);
  assertNoSecrets(post, scene.simulator);
  return post;
}

async function postAgainst(effect: Effect): Promise<{ post: Result; requests: number }> {
  await using scene = await createScene();
  const post = await postAfter(scene, () => scene.simulator.fault({ ...REVOKE, effect }));
  return { post, requests: scene.asked().filter((request) => request.startsWith('DELETE')).length };
}

test('revokes with the token itself as bearer, in one request on one connection', async () => {
  await using scene = await createScene();
  const post = await postAfter(scene);
  const [request] = scene.simulator.requests().slice(-1);
  assert.equal(`${request?.method} ${request?.path}`, 'DELETE /app/installations/token');
  assert.equal(request?.bearer, scene.simulator.tokens()[0]?.token);
  assert.equal(scene.simulator.connections(), 2, 'main’s and post’s');
  assert.equal(scene.liveTokens(), 0);
  assert.deepEqual(post.log, ['Revoked the access token.']);
  assert.deepEqual(post.warnings, []);
});

test('goes to the api-url that minted, path included, with its version', async () => {
  await using scene = await createScene({ basePath: '/v0.5' });
  await postAfter(scene);
  const request = scene.simulator.requests().at(-1);
  assert.equal(request?.path, '/v0.5/app/installations/token');
  assert.equal(request?.headers['x-icr-api-version'], '2023-06-16');
  assert.equal(scene.liveTokens(), 0);
});

test('sends no version if api-version is empty', async () => {
  await using scene = await createScene();
  const step = await scene.step({ 'organization-id': scene.nordic.organization.id, 'api-version': '' });
  await step.main();
  await step.post();
  for (const { headers } of scene.simulator.requests()) assert.equal(headers['x-icr-api-version'], undefined);
});

test('does not look at inputs that changed or that are broken', async () => {
  await using scene = await createScene();
  const step = await scene.step({ 'organization-id': scene.nordic.organization.id });
  await step.main();
  const post = await step.post({
    'INPUT_API-URL': 'https://127.0.0.1:1',
    'INPUT_PRIVATE-KEY': 'x',
  });
  assert.equal(post.exitCode, 0);
  assert.equal(scene.liveTokens(), 0);
});

test('says that it revoked, whatever the input job-summary is by then', async () => {
  await using scene = await createScene();
  const step = await scene.step({ 'organization-id': scene.nordic.organization.id });
  await step.main();
  const post = await step.post({ 'INPUT_JOB-SUMMARY': 'perhaps' });
  assert.deepEqual([post.log, post.warnings, post.summary], [['Revoked the access token.'], [], '']);
});

test('is quiet if nothing was minted', async () => {
  await using scene = await createScene();
  const step = await scene.step({ 'organization-id': 'unknown' });
  await step.main();
  const post = await step.post();
  assertSucceeded(post);
  assert.equal(post.stdout, '');
});

describe('an expired token', () => {
  test('is said to have expired, without a request', async () => {
    await using scene = await createScene();
    const step = await scene.step({ 'organization-id': scene.nordic.organization.id });
    assertSucceeded(await step.main());
    const post = await step.post({ 'STATE_expires-at': '2020-01-01T00:00:00.000Z' });
    assertSucceeded(post);
    assert.match(post.log.join('\n'), /expired at 2020-01-01T00:00:00\.000Z/);
    assert.deepEqual(post.warnings, []);
    assert.ok(!scene.asked().some((request) => request.startsWith('DELETE')));
  });

  test('is judged by the offset-corrected clock: alive', async () => {
    await using scene = await createScene({ settings: { tokenLifetimeSeconds: 60 } });
    scene.simulator.moveClock(-3600);
    await postAfter(scene);
    assert.equal(scene.liveTokens(), 0);
    assert.equal(scene.simulator.tokens()[0]?.state, 'revoked');
  });

  test('is judged by the time since main, so that a clock that is set in between hides no living token', async () => {
    await using scene = await createScene({ settings: { tokenLifetimeSeconds: 60 } });
    const step = await scene.step({ 'organization-id': scene.nordic.organization.id });
    const { state } = await step.main();
    const expiry = { 'STATE_expires-at': new Date(Date.now() - 3_600_000).toISOString() };
    const offset = Number(state.get('clock-offset-ms')) - 7_200_000;
    // What main would have saved two hours ago by a clock that was set by two hours since.
    const post = await step.post({ ...expiry, 'STATE_clock-offset-ms': String(offset) });
    assert.deepEqual(post.log, ['Revoked the access token.']);
    assert.equal(scene.liveTokens(), 0);
  });

  test('is judged by the offset-corrected clock: expired', async () => {
    await using scene = await createScene({ settings: { tokenLifetimeSeconds: 1 } });
    scene.simulator.moveClock(3600);
    const step = await scene.step({ 'organization-id': scene.nordic.organization.id });
    assertSucceeded(await step.main());
    await new Promise((resolve) => setTimeout(resolve, 2200));
    assert.match((await step.post()).log.join('\n'), /expired at/);
    assert.ok(!scene.asked().some((request) => request.startsWith('DELETE')));
  });
});

describe('is information', () => {
  const cases: [answer: string, effect: Effect][] = [
    ['401 with JSON', json({ message: 'no' }, 401)],
    ['401 with HTML', html(401)],
    ['401 with nothing', empty(401)],
    ['404 with JSON', json({ message: 'no' }, 404)],
    ['404 with HTML', html(404)],
    ['403 with the API’s own JSON', json({ statusCode: 403, message: 'Access token invalid' }, 403)],
    ['403 with a list of messages', json({ message: ['Access token invalid'] }, 403)],
  ];
  for (const [answer, effect] of cases) {
    test(`that the token is already invalid: ${answer}`, async () => {
      const { post, requests } = await postAgainst(effect);
      assert.deepEqual([...post.warnings, ...post.notices], []);
      assert.match(
        post.log.join('\n'),
        /^The access token was already invalid: ICR answered 40[134].* to DELETE \/app\/installations\/token on 127/m,
      );
      assert.equal(requests, 1);
    });
  }
});

describe('counts as revoked', () => {
  const cases: [answer: string, settings: Partial<Settings>, effect?: Effect][] = [
    ['true', {}],
    ['nothing', { revokeBody: '' }],
    ['white space', { revokeBody: ' \n' }],
    [
      'nothing, of JSON and of no declared length',
      {},
      {
        kind: 'raw',
        bytes: 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n',
        process: true,
      },
    ],
    ['204', {}, { kind: 'answer', status: 204, process: true }],
    ['202 and true', {}, { kind: 'answer', status: 202, body: 'true', process: true }],
  ];
  for (const [answer, settings, effect] of cases) {
    test(answer, async () => {
      await using scene = await createScene({ settings });
      const post = await postAfter(scene, () => effect && scene.simulator.fault({ ...REVOKE, effect }));
      assert.deepEqual(post.log, ['Revoked the access token.']);
      assert.deepEqual(post.warnings, []);
      assert.equal(scene.liveTokens(), 0);
    });
  }
});

describe('is one warning, with the reason and until when the token is valid', () => {
  const cases: [answer: string, effect: Effect, says: RegExp][] = [
    ['false', json(false), /answered 200 to DELETE .*, but not with `true`/],
    ['"true" as text', json('true'), /answered 200 to DELETE .*, but not with `true`/],
    ['an object', json({ ok: true }), /answered 200 to DELETE .*, but not with `true`/],
    ['null', json(null), /answered 200 to DELETE .*, but not with `true`/],
    ['HTML', html(), /answered 200 to DELETE .*, but not with `true`/],
    ['403 with HTML', html(403), /answered 403/],
    ['403 with nothing', empty(403), /answered 403/],
    ['403 with a JSON list', json([], 403), /answered 403/],
    ['400', json({ message: 'bad version' }, 400), /answered 400 \(“bad version”\)/],
    ['422', json({ message: ['a', 'b'] }, 422), /answered 422 \(“a; b”\)/],
    ['a redirect', redirect('https://127.0.0.1:9/'), /answered 307/],
    ['a body over 1 MiB', { kind: 'huge', bytes: 2 ** 21 }, /larger than 1 MiB/],
    ['404 with 2 MiB', { kind: 'answer', status: 404, body: 'x'.repeat(2 ** 21) }, /answered 404/],
    [
      'a wait that does not fit',
      { kind: 'answer', status: 503, headers: { 'Retry-After': '46' } },
      /asks to wait 46 s \(503 with Retry-After\)/,
    ],
  ];
  for (const [answer, effect, says] of cases) {
    test(answer, async () => {
      const { post, requests } = await postAgainst(effect);
      assert.equal(post.warnings.length, 1);
      assert.match(post.warnings[0] ?? '', says);
      assert.match(
        post.warnings[0] ?? '',
        /^The token could not be revoked, and is valid until 20\d\d-\d\d-\d\dT[\d:.]+Z\./,
      );
      assert.doesNotMatch(post.warnings[0] ?? '', /again/, 'the job may have moved credits');
      assert.equal(requests, 1);
    });
  }

  test('an address that is not https', async () => {
    await using scene = await createScene();
    const step = await scene.step({ 'organization-id': scene.nordic.organization.id });
    await step.main();
    const post = await step.post({ 'STATE_api-url': 'http://api.example.com' });
    assertSucceeded(post);
    assert.match(post.warnings[0] ?? '', /valid until 20.*`api-url` is not https/);
  });

  test('a proxy setting that cannot be used', async () => {
    await using scene = await createScene();
    const step = await scene.step({ 'organization-id': scene.nordic.organization.id });
    await step.main();
    const post = await step.post({ 'STATE_api-url': 'https://api.example.com', https_proxy: 'socks5://proxy:1080' });
    assertSucceeded(post);
    assert.equal(post.warnings.length, 1);
    assert.match(
      post.warnings[0] ?? '',
      /valid until 20.*`https_proxy` can’t be used: its scheme is not http or https/,
    );
  });
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`is not ended by ${signal} while it revokes`, WITH_SIGNALS, async () => {
    await using scene = await createScene();
    const step = await scene.step({ 'organization-id': scene.nordic.organization.id });
    await step.main();
    scene.simulator.settings.latencyMs = 500;
    const post = await step.post({}, (child) => {
      signalWhen(child, signal, () => scene.asked().some((request) => request.startsWith('DELETE')));
    });
    assertSucceeded(post);
    assert.deepEqual(post.log, ['Revoked the access token.']);
  });
}

test('tries again after a passing fault', async () => {
  await using scene = await createScene();
  const post = await postAfter(scene, () => scene.simulator.fault({ ...REVOKE, effect: empty(503), times: 1 }));
  assert.deepEqual(post.warnings, []);
  assert.match(post.log.join('\n'), /ICR answered 503; trying again in [\d.]+ s\. DELETE .*\nRevoked/);
  assert.equal(scene.liveTokens(), 0);
});
