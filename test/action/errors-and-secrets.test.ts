/** What a failed step says, and that nothing secret is in it. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { after, describe, test } from 'node:test';
import { fingerprint } from '../../src/signing/private-key.ts';
import { shortenSecond } from '../support/faults/short-second.ts';
import { assertFailed, assertSucceeded, visibleText, WITH_SIGNALS } from '../support/runner.ts';
import { APP_ID, assertNoSecrets, createScene, keyLines, PEM, PRIVATE, type Scene } from '../support/scene.ts';
import { type Effect, empty, html, json, redirect } from '../support/simulator/simulator.ts';

/** Ten times faster than in production. */
const short = await shortenSecond(100);
after(() => short[Symbol.asyncDispose]());

function forNordic(scene: Scene, others: Record<string, string> = {}): Record<string, string> {
  return { 'organization-id': scene.nordic.organization.id, ...others };
}

describe('a refused credential', () => {
  test('names app-id, the fingerprint, the host, and what to compare', async () => {
    await using scene = await createScene();
    const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    const pem = other.export({ type: 'pkcs8', format: 'pem' }).toString();
    const result = await scene.main({ 'private-key': pem, 'installation-id': scene.nordic.id });
    assertFailed(
      result,
      new RegExp(`^ICR refused \`app-id\` ${APP_ID} with this key\\. Look for SHA256:.* answered 401`),
    );
    const [message = ''] = result.errors;
    for (const part of [
      `SHA256:${fingerprint(other)}`,
      new URL(scene.simulator.url).host,
      'production keys don’t work in the sandbox',
      '“Credentials” tab',
    ]) {
      assert.ok(message.includes(part), `${part} in ${message}`);
    }
    assert.doesNotMatch(message, /clock/);
    assertNoSecrets(result, scene.simulator, keyLines(pem));
  });

  test('is asked about once, at the look-up by the list', async () => {
    await using scene = await createScene();
    const effect = json({ statusCode: 401, message: 'Access token invalid' }, 401);
    scene.simulator.fault({ path: '/app/**', effect });
    assertFailed(await scene.main(forNordic(scene)), /^ICR refused `app-id`/);
    assert.equal(scene.asked().length, 2, 'the organization’s own route is a hint');
  });

  test('is still the likely cause after a page that something on the way answered with 200', async () => {
    await using scene = await createScene();
    scene.simulator.fault({ path: '/app/organizations/**', effect: html() });
    scene.simulator.fault({ path: '/app/**', effect: json({ statusCode: 401, message: 'no' }, 401) });
    assertFailed(await scene.main(forNordic(scene)), /^ICR refused `app-id`/);
  });

  test('is not blamed for a mint that is refused after the look-up passed', async () => {
    await using scene = await createScene();
    const effect = json({ message: 'Forbidden resource', statusCode: 403 }, 403);
    scene.simulator.fault({ method: 'POST', path: '/app/**', effect });
    const result = await scene.main(forNordic(scene));
    assertFailed(result, /^The installation is suspended, or the app has no right to it\. Check its id, then ask/);
    assert.match(result.errors[0] ?? '', /\(chosen by `organization-id`\)/);
    assert.doesNotMatch(result.errors[0] ?? '', /SHA256|clock|sandbox/);
  });
});

describe('a response is put in words', () => {
  const cases: [what: string, effect: Effect, says: RegExp][] = [
    [
      '422',
      json({ message: ['limit must be a number', 'page too'] }, 422),
      /^ICR says “limit must be a number; page too” \(422\)\. Check `app-id`, `api-url` and `api-version`\. .*That is the answer to POST/,
    ],
    [
      'a missing route',
      json({ statusCode: 404, message: 'Cannot POST /app' }, 404),
      /^ICR’s API is not at `api-url` \(404\)\. ICR may have moved it under a version: try `api-url: http:\/\/127\.0\.0\.1:\d+\/v0\.5`\./,
    ],
    [
      'a redirect to another host',
      redirect('https://evil.example/', 302),
      /^`api-url` leads to a redirect, and redirects are not followed\. Set `api-url` to the address of the API itself\. .* answered 302 to POST/,
    ],
    [
      '200 and a page',
      html(),
      /^The response is not what ICR documents: its body is not JSON\. Check `api-url`.* was 200\./,
    ],
    ['200 and nothing', empty(), /^The response is not what ICR documents: its body is empty\. /],
    ['over 1 MiB', { kind: 'huge', bytes: 2 ** 21 }, /larger than 1 MiB/],
    [
      '429 for longer than there is time',
      { kind: 'answer', status: 429, headers: { 'Retry-After': '3600' } },
      /^ICR asks to wait 3600 s \(429 with Retry-After\), and this step has only \d+\.\d s left\. /,
    ],
  ];
  for (const [what, effect, says] of cases) {
    test(what, async () => {
      await using scene = await createScene();
      scene.simulator.fault({ path: '/app/installations/*/accessTokens', effect });
      const result = await scene.main({ 'installation-id': scene.nordic.id });
      assertFailed(result, says);
      assert.match(result.errors[0] ?? '', /POST \/app\/installations\/.*\/accessTokens on 127\.0\.0\.1:\d+/);
      assert.equal(scene.asked().length, 1);
      assert.doesNotMatch(result.stdout, /evil|doctype|Sign in/);
    });
  }

  test('a redirect to the same host names the base URL to set', async () => {
    await using scene = await createScene({ basePath: '/v0.5', settings: { outsideBasePath: 308 } });
    const { origin } = new URL(scene.simulator.url);
    const result = await scene.main({ 'installation-id': scene.nordic.id, 'api-url': origin });
    assertFailed(result, new RegExp(`Set \`api-url: ${origin}/v0\\.5\`\\.`));
    const { path } = scene.simulator.requests()[0] ?? {};
    assert.ok(path?.startsWith('/app/'));
    assertSucceeded(await scene.main({ 'installation-id': scene.nordic.id, 'api-url': `${origin}/v0.5` }));
  });

  test('a body over 1 MiB is refused while it is read, not at its end', async () => {
    const endless = createServer((_, response) => response.write('x'.repeat(2 ** 21)));
    endless.listen(0, '127.0.0.1');
    await once(endless, 'listening');
    const address = endless.address();
    assert.ok(typeof address === 'object' && address !== null);
    await using scene = await createScene();
    const result = await scene.main({ 'installation-id': 'a', 'api-url': `http://127.0.0.1:${address.port}` });
    endless.closeAllConnections();
    endless.close();
    assertFailed(result, /^The response is larger than 1 MiB.*It came with 200\./);
  });
});

describe('text from outside', () => {
  const hostile = 'x\r\n::set-output name=token::evil\n##[error]boom\u001b[31m\u2028::error::y##\u0000[command]z\u202e';

  test('cannot issue a command from a message', async () => {
    await using scene = await createScene();
    scene.simulator.fault({ path: '/app/**', effect: json({ message: hostile }, 422) });
    const result = await scene.main({ 'installation-id': scene.nordic.id });
    assertFailed(result, /^ICR says “x ::set-output.*” \(422\)/);
    assertHarmless(result.stdout);
  });

  test('cannot issue a command from a name, in the log, an error or the summary', async () => {
    await using scene = await createScene();
    const named = scene.simulator.addInstallation({ appId: APP_ID, organization: { fullName: hostile } });
    const minted = await scene.main({ 'organization-id': named.organization.id, 'job-summary': 'true' });
    assertSucceeded(minted);
    assertHarmless(minted.stdout);
    assertHarmless(minted.summary);
    const listed = await scene.main({}, PRIVATE);
    assertFailed(listed, /the app has 3 installations/);
    assertHarmless(listed.stdout);
  });

  test('cannot issue a command from a permission', async () => {
    await using scene = await createScene();
    scene.nordic.permissions = { [hostile]: hostile };
    const result = await scene.main(forNordic(scene, { 'job-summary': 'true' }));
    assertSucceeded(result);
    assertHarmless(result.stdout);
    assertHarmless(result.summary);
  });

  function assertHarmless(text: string): void {
    assert.ok(!text.includes('##['), text);
    assert.doesNotMatch(text.replaceAll('\n', ''), /[\p{Cc}\p{Zl}\p{Zp}\u202e]/u);
    for (const line of text.split('\n')) assert.doesNotMatch(line, /^(?:x|::set-output|::error::y|\[command)/);
  }
});

describe('nothing secret is in clear', () => {
  for (const debug of ['0', '1']) {
    test(`if the server repeats what it was sent, RUNNER_DEBUG=${debug}`, async () => {
      await using scene = await createScene({ settings: { echoAuthorization: true } });
      const env = { RUNNER_DEBUG: debug, ACTIONS_STEP_DEBUG: debug === '1' ? 'true' : 'false' };
      const inputs = { 'installation-id': 'nowhere' };
      const refused = await scene.main(inputs, { env });
      assertFailed(refused, /^ICR says “\(withheld: it repeats a secret\)” \(404\)/);
      scene.simulator.settings.mintPatch = { isActive: false };
      scene.simulator.settings.revokeTakesAppTokens = false;
      const step = await scene.step({ 'token-type': 'app' }, { env, dist: short.dist });
      const main = await step.main();
      assertFailed(main, /not active/);
      assertNoSecrets(main, scene.simulator);
      assertNoSecrets(await step.post(), scene.simulator);
    });
  }

  test('if the API names an organization or a permission after the token', async () => {
    await using scene = await createScene();
    const effect: Effect = {
      kind: 'transform',
      change: (answer) => {
        assert.ok(typeof answer === 'object' && answer !== null && 'token' in answer);
        const token = String(answer['token']);
        return { ...answer, permissions: { [token]: token }, organizationId: token };
      },
    };
    scene.simulator.fault({ path: '/app/installations/*/accessTokens', effect });
    const result = await scene.main(forNordic(scene, { 'required-permissions': 'organization_info: read' }));
    assertFailed(result, /It is for \(withheld: it repeats a secret\), not for /);
    assert.equal(scene.liveTokens(), 0);
  });

  test('the masks come before anything else, and no id is among them', async () => {
    await using scene = await createScene();
    const result = await scene.main(forNordic(scene));
    const bearers = new Set(scene.simulator.requests().map(({ bearer }) => bearer ?? ''));
    assert.deepEqual(
      new Set(result.masks),
      new Set([...keyLines(PEM), wholeBody(), ...bearers, ...scene.simulator.tokens().map(({ token }) => token)]),
    );
    const text = result.stdout.split('\n');
    assert.ok(
      text.findLastIndex((line) => line.startsWith('::add-mask::')) <
        text.findIndex((line) => line.startsWith('Minted')),
    );
    for (const id of [APP_ID, scene.nordic.id, scene.nordic.organization.id]) {
      assert.ok(!result.masks.some((mask) => mask.includes(id)));
    }
  });

  function wholeBody(): string {
    return PEM.replace(/-----.*-----|\n/g, '');
  }

  test('in files that the step does not own', async () => {
    await using scene = await createScene();
    const result = await scene.main(forNordic(scene, { 'job-summary': 'true' }));
    assert.ok(!visibleText(result).includes(scene.simulator.tokens()[0]?.token ?? ''));
  });
});

test('every request names the action and its version, and asks for a body as it is', async () => {
  const { version }: { version: string } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  );
  await using scene = await createScene();
  const step = await scene.step(forNordic(scene));
  await step.main();
  await step.post();
  for (const { headers } of scene.simulator.requests()) {
    assert.equal(headers['user-agent']?.split(' ')[0], `create-icr-app-token/${version}`);
    assert.equal(headers['accept-encoding'], 'identity');
  }
});

test('a proxy’s password is masked, as it is written, decoded, and as it is sent', WITH_SIGNALS, async () => {
  await using scene = await createScene();
  const env = { https_proxy: 'http://user:hunter2%402@127.0.0.1:1' };
  const step = await scene.step({ ...forNordic(scene), 'api-url': 'https://api.example.com' }, { env });
  const result = await step.main((child) => {
    child.stdout?.on('data', (text: string) => text.includes('trying again') && child.kill('SIGTERM'));
  });
  assertFailed(result, /cancelled/);
  assert.match(result.log.join('\n'), /The proxy 127\.0\.0\.1:1 can’t be reached; trying again in .*ECONNREFUSED/);
  assert.deepEqual(
    result.masks.slice(-4, -1),
    ['hunter2%402', 'hunter2@2', 'dXNlcjpodW50ZXIyQDI='],
    'before the JWT is signed',
  );
  assert.doesNotMatch(visibleText(result), /hunter2/);
});
