/** The post step: which token it revokes, where, and what it says of each response. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { shortenSecond } from '../support/faults/short-second.ts';
import { assertSucceeded, type Result, type StepOptions, signalWhen, WITH_SIGNALS } from '../support/runner.ts';
import { assertNoSecrets, createScene, type Scene } from '../support/scene.ts';
import { type Effect, empty, html, json, redirect, type Settings } from '../support/simulator/simulator.ts';

/** Ten times faster than in production. */
const short = await shortenSecond(100);
after(() => short[Symbol.asyncDispose]());

const REVOKE = { method: 'DELETE', path: '/app/installations/token' } as const;

/** Main, then whatever the test does in between, then post. */
async function postAfter(
  scene: Scene,
  between: () => unknown = () => undefined,
  options: Partial<StepOptions> = {},
): Promise<Result> {
  const step = await scene.step({ 'organization-id': scene.nordic.organization.id }, options);
  assertSucceeded(await step.main());
  await between();
  const post = await step.post();
  assertSucceeded(post);
  assertNoSecrets(post, scene.simulator);
  return post;
}

async function postAgainst(
  effect: Effect,
  options: Partial<StepOptions> = {},
): Promise<{ post: Result; requests: number }> {
  await using scene = await createScene();
  const post = await postAfter(scene, () => scene.simulator.fault({ ...REVOKE, effect }), options);
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

test('writes to the summary because main’s input said so, whatever the inputs are by then', async () => {
  await using scene = await createScene();
  const ids = { 'organization-id': scene.nordic.organization.id };
  for (const [wanted, later] of [
    ['true', ''],
    ['true', undefined],
    ['false', 'true'],
  ] as const) {
    const step = await scene.step({ ...ids, 'job-summary': wanted });
    await step.main();
    const post = await step.post({ 'INPUT_JOB-SUMMARY': later });
    assert.deepEqual([post.log, post.warnings], [['Revoked the access token.'], []]);
    assert.equal(post.summary.includes('| Token | revoked at 20'), wanted === 'true');
  }
});

test('needs no inputs at all', async () => {
  await using scene = await createScene();
  const step = await scene.step({ 'organization-id': scene.nordic.organization.id });
  await step.main();
  const lost = Object.fromEntries(
    Object.keys(scene.inputs()).map((name) => [`INPUT_${name.toUpperCase()}`, undefined]),
  );
  assert.deepEqual((await step.post(lost)).log, ['Revoked the access token.']);
});

test('is quiet if nothing was minted', async () => {
  await using scene = await createScene();
  const step = await scene.step({ 'organization-id': 'unknown' });
  await step.main();
  const post = await step.post();
  assertSucceeded(post);
  assert.equal(post.stdout, '');
});

describe('always asks, and believes ICR, not a clock', () => {
  const PAST = '2020-01-01T00:00:00.000Z';

  test('a token that has expired by the runner’s clock is revoked all the same', async () => {
    await using scene = await createScene();
    const step = await scene.step({ 'organization-id': scene.nordic.organization.id });
    assertSucceeded(await step.main());
    const post = await step.post({ 'STATE_expires-at': PAST });
    assert.deepEqual([post.log, post.warnings], [['Revoked the access token.'], []]);
    assert.equal(scene.liveTokens(), 0);
  });

  for (const [form, effect] of [
    ['in ICR’s form', json({ statusCode: 401, message: 'Access token invalid' }, 401)],
    ['as a page', html(404)],
    ['as text', { kind: 'answer', status: 403, body: 'Access token invalid' }],
  ] as const) {
    test(`a refusal ${form} after expires-at says that it expired, as information`, async () => {
      await using scene = await createScene();
      scene.simulator.fault({ ...REVOKE, effect });
      const inputs = { 'organization-id': scene.nordic.organization.id, 'job-summary': 'true' };
      const step = await scene.step(inputs);
      assertSucceeded(await step.main());
      const post = await step.post({ 'STATE_expires-at': PAST });
      assertSucceeded(post);
      assert.match(
        post.log.join('\n'),
        /^The access token expired at 2020-01-01T00:00:00\.000Z, before this job ended\. /,
      );
      assert.deepEqual([...post.warnings, ...post.notices], []);
      assert.match(post.summary, /\| Token \| expired at 2020-01-01T00:00:00\.000Z \|/);
    });
  }

  for (const ahead of [-3600, 3600]) {
    test(`a token is revoked though the server’s clock is ${ahead} s ahead`, async () => {
      await using scene = await createScene({ settings: { tokenLifetimeSeconds: 60 } });
      scene.simulator.moveClock(ahead);
      const post = await postAfter(scene);
      assert.deepEqual([post.log, post.warnings], [['Revoked the access token.'], []]);
      assert.equal(scene.simulator.tokens()[0]?.state, 'revoked');
    });
  }
});

describe('a refusal in ICR’s own form, said twice, is information', () => {
  for (const [answer, effect] of [
    ['401', json({ statusCode: 401, message: 'Access token invalid' }, 401)],
    ['403 with a list of messages', json({ statusCode: 403, message: ['Access token invalid'] }, 403)],
    ['404', json({ statusCode: 404, message: 'Access token not found' }, 404)],
  ] as const) {
    test(`that the token is already invalid: ${answer}`, async () => {
      const { post, requests } = await postAgainst(effect, { dist: short.dist });
      assert.deepEqual([...post.warnings, ...post.notices], []);
      assert.match(
        post.log.join('\n'),
        /^ICR refused the access token twice, so it is likely already invalid: ICR answered 40[134] \(“Access token .*”\) to DELETE \/app\/installations\/token on 127.*\.$/m,
      );
      assert.equal(requests, 2);
    });
  }

  test('of a token that the job revoked itself, with three seconds in between', async () => {
    await using scene = await createScene();
    const post = await postAfter(scene, async () => {
      const authorization = `Bearer ${scene.simulator.tokens()[0]?.token}`;
      await fetch(`${scene.simulator.url}${REVOKE.path}`, { method: 'DELETE', headers: { authorization } });
    });
    assert.match(post.log.join('\n'), /already invalid/);
    const [first, second] = scene.simulator.requests().slice(-2);
    assert.ok(first !== undefined && second !== undefined && second.at - first.at >= 2900);
  });

  test('but not of an app token, of which ICR does not say that it can be revoked', async () => {
    await using scene = await createScene({ settings: { revokeTakesAppTokens: false } });
    const step = await scene.step({ 'token-type': 'app' }, { dist: short.dist });
    await step.main();
    const post = await step.post();
    assertSucceeded(post);
    assert.equal(post.warnings.length, 1);
    assert.match(post.warnings[0] ?? '', /^The token could not be revoked, and may be valid until 20/);
    assert.doesNotMatch(post.warnings[0] ?? '', /suspend/, 'an app token is of no installation');
    assert.equal(scene.liveTokens(), 1);
  });

  test('and is forgotten if a replica knows the token then', async () => {
    await using scene = await createScene();
    const effect = json({ statusCode: 401, message: 'Access token invalid' }, 401);
    const post = await postAfter(scene, () => scene.simulator.fault({ ...REVOKE, effect, times: 1 }), {
      dist: short.dist,
    });
    assert.deepEqual([post.log, post.warnings], [['Revoked the access token.'], []]);
    assert.equal(scene.liveTokens(), 0);
  });
});

describe('counts as revoked', () => {
  const cases: [answer: string, settings: Partial<Settings>, effect?: Effect][] = [
    ['true', {}],
    ['nothing', { revokeBody: '' }],
    ['a record', { revokeBody: '{"id":"a","isActive":false}' }],
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
    ['false', json(false), /ICR answered 200 to DELETE .*; its body does not say that the token was revoked/],
    ['success: false', json({ success: false }), /its body does not say that the token was revoked/],
    ['HTML', html(), /was 200 with a page of HTML.*; its body does not say that the token was revoked/],
    ['403 with HTML', html(403), /was 403 with a page of HTML, not in the form of ICR’s errors/],
    [
      '403 of a gateway',
      json({ message: 'Missing Authentication Token' }, 403),
      /A server answered 403 \(“Missing Authentication Token”\) to .*, not in the form of ICR’s errors/,
    ],
    [
      '404 of no such route',
      json({ statusCode: 404, message: 'Cannot DELETE /app/installations/token' }, 404),
      /answered 404 .*not in the form of ICR’s errors/,
    ],
    [
      '401 as text',
      { kind: 'answer', status: 401, body: 'Access token invalid' },
      /answered 401 \(“Access token invalid”\)/,
    ],
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
        /^The token could not be revoked, and may be valid until 20\d\d-\d\d-\d\dT[\d:.]+Z\./,
      );
      assert.doesNotMatch(post.warnings[0] ?? '', /again/, 'the job may have moved credits');
      assert.equal(requests, 1);
    });
  }

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
  assert.match(post.log.join('\n'), /The answer was 503; trying again in [\d.]+ s\. DELETE .*\nRevoked/);
  assert.equal(scene.liveTokens(), 0);
});
