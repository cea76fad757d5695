/** What the main step does once it has minted a token: mask, save, check, hand on; and revoke after a failure. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { shortenSecond } from '../support/faults/short-second.ts';
import { assertFailed, assertSucceeded, type Result, signalWhen, WITH_SIGNALS } from '../support/runner.ts';
import { assertNoSecrets, createScene, type Scene } from '../support/scene.ts';
import { type Effect, empty, html, json, type Settings } from '../support/simulator/simulator.ts';

/** A file on a full disk, or a folder if the system has none. */
const UNWRITABLE = process.platform === 'linux' ? '/dev/full' : import.meta.dirname;
const MINT = '/app/installations/*/accessTokens';

const WRITE_FAILED =
  /could not be written\. Check the runner’s disk .*The system says: (?:ENOSPC|EISDIR|EPERM).*The token was revoked\.$/;
/** Ten times faster than in production. */
const short = await shortenSecond(100);
after(() => short[Symbol.asyncDispose]());

function forNordic(scene: Scene, others: Record<string, string> = {}): Record<string, string> {
  return { 'organization-id': scene.nordic.organization.id, ...others };
}

function assertRevoked(scene: Scene, result: Result): void {
  assert.equal(scene.simulator.tokens().length, 1);
  assert.equal(scene.simulator.tokens()[0]?.state, 'revoked');
  assert.equal(result.state.get('token'), '', 'the saved token is emptied');
  assert.match(result.errors[0] ?? '', /The token was revoked\.$/);
}

describe('outputs', () => {
  test('of an installation token', async () => {
    await using scene = await createScene();
    const result = await scene.main(forNordic(scene, { 'api-url': `${scene.simulator.url}/` }));
    const [issued] = scene.simulator.tokens();
    assert.ok(issued);
    assert.deepEqual(Object.fromEntries(result.outputs), {
      token: issued.token,
      'expires-at': new Date(issued.expiresAt).toISOString(),
      'installation-id': scene.nordic.id,
      'organization-id': scene.nordic.organization.id,
      permissions: '{"organization_info":"VIEW","organization_warehouse":"WRITE"}',
      'api-url': scene.simulator.url,
    });
    assert.equal([...result.outputs.keys()].at(-1), 'token', 'the token is set last');
  });

  test('of an app token', async () => {
    await using scene = await createScene();
    const result = await scene.main({ 'token-type': 'app' });
    assertSucceeded(result);
    assert.deepEqual(scene.asked(), ['POST /app/accessTokens']);
    assert.equal(result.outputs.get('token'), scene.simulator.tokens()[0]?.token);
    assert.equal(result.outputs.get('installation-id'), '');
    assert.equal(result.outputs.get('organization-id'), '');
    assert.equal(result.outputs.get('permissions'), '{"organization_info":"VIEW"}');
    assert.match(
      result.log.join('\n'),
      /^Minted an app access token; permissions: organization_info: read; expires at 20/m,
    );
  });

  test('with a time zone other than UTC in the response are in UTC', async () => {
    await using scene = await createScene({ settings: { mintPatch: { expiresAt: '2031-01-02T03:04:05+02:00' } } });
    const result = await scene.main(forNordic(scene));
    assert.equal(result.outputs.get('expires-at'), '2031-01-02T01:04:05.000Z');
  });

  for (const mintStatus of [200, 201, 202] as const) {
    test(`follow a mint answered ${mintStatus}`, async () => {
      await using scene = await createScene({ settings: { mintStatus } });
      assertSucceeded(await scene.main(forNordic(scene)));
    });
  }
});

test('the order is mask, state, outputs, one line in the log', async () => {
  await using scene = await createScene();
  const result = await scene.main(forNordic(scene));
  assertSucceeded(result);
  const token = scene.simulator.tokens()[0]?.token ?? '';
  assert.ok(result.masks.includes(token));
  assert.ok(result.stdout.indexOf(`::add-mask::${token}`) < result.stdout.indexOf('Minted an'));
  assert.equal(result.log.length, 1);
  const [line = ''] = result.log;
  for (const part of [
    scene.nordic.organization.id,
    'Nordic Carbon ehf.',
    scene.nordic.id,
    'chosen by `organization-id`',
    'organization_warehouse: write',
  ]) {
    assert.ok(line.includes(part), part);
  }
  assert.ok(line.includes(result.outputs.get('expires-at') ?? '?'));
});

test('the mask comes before the state, which is all that a cancelled step leaves', WITH_SIGNALS, async () => {
  await using scene = await createScene();
  scene.simulator.settings.latencyMs = 500;
  const step = await scene.step({ 'installation-id': scene.nordic.id });
  const result = await step.main((child) => {
    signalWhen(child, 'SIGINT', () => scene.asked().length > 0);
  });
  assertFailed(result, /cancelled/);
  const token = scene.simulator.tokens()[0]?.token ?? '?';
  assert.equal(result.state.get('token'), token);
  assert.ok(result.masks.includes(token));
});

for (const [kind, summary] of [
  ['installation', 'true'],
  ['app', 'false'],
] as const) {
  test(`state of an ${kind} token holds what post uses, and nothing else`, async () => {
    await using scene = await createScene();
    const ids = kind === 'app' ? {} : forNordic(scene);
    const result = await scene.main({ ...ids, 'token-type': kind, 'job-summary': summary });
    assert.deepEqual(Object.fromEntries(result.state), {
      token: scene.simulator.tokens()[0]?.token,
      kind,
      'expires-at': result.outputs.get('expires-at'),
      'api-url': scene.simulator.url,
      'api-version': '2023-06-16',
      'job-summary': summary,
    });
  });
}

test('a whole response counts, whatever the server sends after it', async () => {
  await using scene = await createScene();
  const { id, organization } = scene.nordic;
  const token = 'crs_of-a-server-that-says-too-much';
  const expiresAt = new Date(Date.now() + 7_200_000).toISOString();
  const minted = { token, expiresAt, isActive: true, permissions: {}, installationId: id };
  const body = JSON.stringify({ ...minted, organizationId: organization.id });
  const bytes = `HTTP/1.1 201 Created\r\nContent-Length: ${body.length}\r\n\r\n${body}garbage\r\n\r\n`;
  scene.simulator.fault({ method: 'POST', path: MINT, effect: { kind: 'raw', bytes } });
  const result = await scene.main(forNordic(scene));
  assertSucceeded(result);
  assert.equal(result.outputs.get('token'), token);
  assert.equal(scene.asked().filter((request) => request.startsWith('POST')).length, 1, 'it is minted once');
});

test('a token in an error is masked and not shown', async () => {
  await using scene = await createScene();
  const token = 'crs_of-a-server-that-minted-it-before';
  const effect = json({ statusCode: 409, token, message: `there is ${token} already` }, 409);
  scene.simulator.fault({ method: 'POST', path: MINT, effect });
  const result = await scene.main(forNordic(scene));
  assertFailed(result, /^ICR says “\(withheld: it repeats a secret\)” \(409\)\./);
  assert.ok(result.masks.includes(token));
});

for (const token of ['a', 'abcd', 'a-text-of-15-ch']) {
  test(`what an error calls a token is no mask if it has ${token.length} characters, since it would garble the log`, async () => {
    await using scene = await createScene();
    const effect = json({ statusCode: 409, token, message: 'there is one already' }, 409);
    scene.simulator.fault({ method: 'POST', path: MINT, effect });
    const result = await scene.main(forNordic(scene));
    assertFailed(result, /“there is one already”/);
    assert.ok(!result.masks.includes(token));
  });
}

describe('what a mint’s answer need not have', () => {
  for (const [what, mintPatch] of Object.entries<Settings['mintPatch']>({
    isActive: { isActive: undefined },
    installationId: { installationId: undefined },
    'permissions, if no input speaks of them': { permissions: undefined },
    'levels that are strings': { permissions: { organization_info: 'VIEW', a: null, b: false, c: 7 } },
  })) {
    test(what, async () => {
      await using scene = await createScene({ settings: { mintPatch } });
      const result = await scene.main(forNordic(scene));
      assertSucceeded(result);
      assert.equal(result.outputs.get('installation-id'), scene.nordic.id);
      assert.doesNotMatch(result.stdout, /assumed/);
    });
  }

  test('organizationId, if none was asked for or named on the way', async () => {
    await using scene = await createScene({ settings: { mintPatch: { organizationId: undefined } } });
    const result = await scene.main({ 'installation-id': scene.nordic.id });
    assertSucceeded(result);
    assert.equal(result.outputs.get('organization-id'), '');
    assert.match(result.stdout, /for organization \(ICR gave no ID\), installation/);
  });

  for (const expiresAt of [undefined, null, 'soon', '2031-01-02', 7]) {
    test(`an expiresAt that can be read: of ${JSON.stringify(expiresAt)} it is two hours from now, “assumed”`, async () => {
      await using scene = await createScene({ settings: { mintPatch: { expiresAt } } });
      const result = await scene.main(forNordic(scene, { 'job-summary': 'true' }));
      assertSucceeded(result);
      const read = result.outputs.get('expires-at') ?? '';
      assert.match(read, /^20\d\d-\d\d-\d\dT[\d:.]+Z$/);
      assert.ok(Math.abs(Date.parse(read) - Date.now() - 7_200_000) < 30_000, read);
      assert.match(result.stdout, /; expires at 20[\dT:.-]+Z \(assumed: ICR doesn’t say\)\.$/m);
      assert.match(result.summary, /assumed/);
      assert.equal(result.state.get('expires-at'), read);
    });
  }
});

describe('a mint that ends without a token says how many may be alive unseen, and until when', () => {
  const SEEN_BY_NOBODY = (tokens: string) =>
    new RegExp(`ICR may have minted ${tokens} would be valid until 20\\d\\d-[\\dT:.-]+Z\\. This moved no credits\\.$`);
  const ONE = SEEN_BY_NOBODY('a token that nobody has seen: it');
  const THREE = SEEN_BY_NOBODY('up to 3 tokens that nobody has seen: they');
  const cases: [what: string, effect: Effect, says: RegExp | undefined, requests: number][] = [
    ['an answer without a token', json({ id: 'a' }, 201), ONE, 1],
    ['a page', html(201), ONE, 1],
    ['nothing', empty(204), ONE, 1],
    ['no answer, which is repeated twice', { kind: 'hang' }, THREE, 3],
    ['a connection that is cut, which is repeated twice', { kind: 'reset' }, THREE, 3],
    ['a page of a CDN, behind which ICR may have minted', html(403), ONE, 1],
    ['a page of a gateway, behind which ICR may have minted', html(501), ONE, 1],
    ['a refusal, after which there is no token', json({ statusCode: 422, message: 'no' }, 422), undefined, 1],
    ['a missing route, after which there is no token', html(404), undefined, 1],
  ];
  for (const [what, effect, says, requests] of cases) {
    test(what, async () => {
      await using scene = await createScene();
      scene.simulator.fault({ method: 'POST', path: '/app/**', effect });
      const result = await scene.main({ 'installation-id': scene.nordic.id }, { dist: short.dist });
      assertFailed(result, says ?? /\.$/);
      if (says === undefined) assert.doesNotMatch(result.stdout, /may have minted/);
      assert.equal(scene.asked().length, requests);
      assert.equal(result.state.get('token'), undefined);
    });
  }

  for (const [what, effect] of [
    ['an attempt that was not answered', { kind: 'reset' }],
    ['a page of a gateway', html(504)],
  ] as const) {
    test(`${what} before an attempt that was refused`, async () => {
      await using scene = await createScene();
      scene.simulator.fault({ method: 'POST', path: '/app/**', effect, times: 1 });
      scene.simulator.fault({ method: 'POST', path: '/app/**', effect: json({ message: 'no' }, 422) });
      assertFailed(await scene.main({ 'installation-id': scene.nordic.id }, { dist: short.dist }), ONE);
      assert.equal(scene.asked().length, 2);
    });
  }

  test('nothing of the kind if a later attempt got the token: SECURITY.md says so', async () => {
    await using scene = await createScene();
    const effect = { kind: 'reset', process: true } as const;
    scene.simulator.fault({ method: 'POST', path: '/app/**', effect, times: 1 });
    const result = await scene.main({ 'installation-id': scene.nordic.id }, { dist: short.dist });
    assertSucceeded(result);
    assert.equal(scene.liveTokens(), 2);
  });
});

describe('a failed check revokes there and then', () => {
  test('a token that is not active', async () => {
    await using scene = await createScene({ settings: { mintPatch: { isActive: false } } });
    const result = await scene.main(forNordic(scene));
    assertFailed(result, /not active/);
    assertRevoked(scene, result);
  });

  test('a token of another organization than the app’s only installation is of', async () => {
    await using scene = await createScene();
    scene.nordic.state = 'uninstalled';
    scene.simulator.settings.mintPatch = { organizationId: scene.nordic.organization.id };
    const result = await scene.main();
    assertFailed(result, /^ICR minted a token for another organization than was asked for\. Report this to ICR\./);
    assertRevoked(scene, result);
  });

  test('a token of another organization', async () => {
    await using scene = await createScene();
    scene.simulator.settings.mintPatch = { organizationId: scene.baltic.organization.id };
    const result = await scene.main(forNordic(scene));
    assertFailed(result, /^ICR minted a token for another organization than was asked for/);
    assertRevoked(scene, result);
  });

  test('a token of another installation', async () => {
    await using scene = await createScene();
    scene.simulator.settings.mintPatch = { installationId: scene.baltic.id };
    const result = await scene.main({ 'installation-id': scene.nordic.id });
    assertFailed(result, /^ICR minted a token for another installation than was asked for/);
    assertRevoked(scene, result);
  });

  test('required-permissions that were not granted', async () => {
    await using scene = await createScene();
    const required = 'organization_info: read\norganization_inventory: request, organization_members: read';
    const result = await scene.main(forNordic(scene, { 'required-permissions': required }));
    assertFailed(
      result,
      /^The token lacks `organization_inventory: request` and 1 more\. Add .*Required: organization_info: read, organization_inventory: request, organization_members: read\. Granted: organization_info: read, /,
    );
    assertRevoked(scene, result);
  });

  test('a token of fewer than 16 characters', async () => {
    await using scene = await createScene({ settings: { mintPatch: { token: 'crs_0123456789a' } } });
    assertFailed(await scene.main(forNordic(scene)), /^ICR minted a token that can’t be masked and sent safely\. /);
    assert.equal(scene.asked().at(-1), 'DELETE /app/installations/token');
  });

  test('more than allowed-permissions', async () => {
    await using scene = await createScene();
    const result = await scene.main(forNordic(scene, { 'allowed-permissions': 'organization_info: write' }));
    assertFailed(
      result,
      /^`allowed-permissions` does not allow `organization_warehouse: write`\. .*Beyond it: organization_warehouse: write\. The token was revoked/,
    );
    assertRevoked(scene, result);
  });

  test('an app token’s permissions too', async () => {
    await using scene = await createScene();
    const result = await scene.main({ 'token-type': 'app', 'required-permissions': 'organization_warehouse: read' });
    assertFailed(result, /lacks/);
    assertRevoked(scene, result);
  });

  for (const characters of ['\n', '\u200b', 'é']) {
    test(`a token that holds ${JSON.stringify(characters)}`, async () => {
      await using scene = await createScene();
      let token = '';
      scene.simulator.fault({
        path: MINT,
        effect: {
          kind: 'transform',
          change: (answer) => {
            assert.ok(typeof answer === 'object' && answer !== null && 'token' in answer);
            token = `${answer['token']}${characters}`;
            return { ...answer, token };
          },
        },
      });
      const result = await scene.main(forNordic(scene));
      assertFailed(result, /^ICR minted a token that can’t be masked and sent safely\./);
      assert.equal(scene.liveTokens(), 0, 'what could be sent of it was the token');
    });
  }

  test('a token of which only a part can be sent is not called invalid by main or by post', async () => {
    await using scene = await createScene({ settings: { mintPatch: { token: 'crs_\u0001\u00e9abc' } } });
    const step = await scene.step(forNordic(scene));
    assertFailed(
      await step.main(),
      /could not be revoked yet; the post step tries again \(.*not the whole token can be sent\)/,
    );
    const post = await step.post();
    assert.equal(post.exitCode, 0);
    assert.equal(post.warnings.length, 1);
    assert.match(post.warnings[0] ?? '', /valid until 20.*not the whole token can be sent/);
  });

  test('a response without a token is an error, and nothing is left for post', async () => {
    await using scene = await createScene({ settings: { mintPatch: { token: null, message: 'what the body says' } } });
    const result = await scene.main(forNordic(scene));
    assertFailed(
      result,
      /`token` is missing or not a string\. .* The answer to POST \/app\/installations\/.* was 201\./,
    );
    assert.doesNotMatch(result.stdout, /what the body says/);
    assert.deepEqual([...result.state], []);
  });

  test('an output that cannot be written', async () => {
    await using scene = await createScene();
    const env = { GITHUB_OUTPUT: UNWRITABLE };
    const result = await scene.main(forNordic(scene), { env });
    assertFailed(result, WRITE_FAILED);
    assertRevoked(scene, result);
  });

  test('a state that cannot be written while the step is cancelled', WITH_SIGNALS, async () => {
    await using scene = await createScene();
    scene.simulator.settings.latencyMs = 500;
    const step = await scene.step({ 'installation-id': scene.nordic.id }, { env: { GITHUB_STATE: UNWRITABLE } });
    const main = step.main((child) => {
      signalWhen(child, 'SIGINT', () => scene.asked().length > 0);
    });
    assertFailed(await main, /could not be written\. .*The token was revoked\.$/);
    assert.equal(scene.liveTokens(), 0);
  });

  test('a state that cannot be written, with the step cancelled while the token is revoked', WITH_SIGNALS, async () => {
    await using scene = await createScene();
    scene.simulator.fault({ method: 'DELETE', path: '/app/**', effect: { kind: 'drip', everyMs: 300 } });
    const step = await scene.step(forNordic(scene), { env: { GITHUB_STATE: UNWRITABLE } });
    const result = await step.main((child) =>
      signalWhen(child, 'SIGINT', () => scene.asked().at(-1)?.startsWith('DELETE') === true),
    );
    assertFailed(result, /could not be written\. .*The token was revoked\.$/);
    assert.equal(scene.liveTokens(), 0, 'post knows of no token');
  });

  test('a state that cannot be written', async () => {
    await using scene = await createScene();
    const result = await scene.main(forNordic(scene), { env: { GITHUB_STATE: UNWRITABLE } });
    assertFailed(result, WRITE_FAILED);
    assert.equal(scene.liveTokens(), 0);
  });
});

describe('if the revocation in main fails', () => {
  const refuse = { method: 'DELETE', path: '/app/installations/token', effect: json({ message: 'no' }, 422), times: 1 };

  for (const skip of ['false', 'true']) {
    test(`the state stays and post tries again, with skip-token-revoke: ${skip}`, async () => {
      await using scene = await createScene();
      scene.simulator.fault(refuse);
      const inputs = forNordic(scene, {
        'required-permissions': 'organization_members: read',
        'skip-token-revoke': skip,
      });
      const step = await scene.step(inputs);
      assertFailed(await step.main(), /lacks.*could not be revoked yet.*the post step tries again/);
      assert.equal(scene.liveTokens(), 1);
      const post = await step.post();
      assertSucceeded(post);
      assert.match(post.stdout, /^Revoked the access token\.$/m);
      assert.equal(scene.liveTokens(), 0);
    });
  }
});

test('the revocation has 15 s of its own, and no more', async () => {
  await using scene = await createScene({ settings: { mintPatch: { isActive: false } } });
  scene.simulator.fault({ method: 'DELETE', path: '/app/**', effect: { kind: 'hang' } });
  const result = await scene.main({ 'installation-id': scene.nordic.id }, { dist: short.dist });
  assertFailed(result, /not active.* could not be revoked yet; the post step tries again \(.*\)\.$/);
  const seconds = result.milliseconds / 100;
  assert.ok(seconds > 14 && seconds < 40, `${seconds} s, the start of the process included`);
});

test('if neither the state can be written nor the token be revoked, the error says how long it is valid', async () => {
  await using scene = await createScene();
  scene.simulator.fault({ method: 'DELETE', path: '/app/installations/token', effect: json({ message: 'no' }, 422) });
  const step = await scene.step(forNordic(scene), { env: { GITHUB_STATE: UNWRITABLE } });
  const main = await step.main();
  assertFailed(
    main,
    /^The step’s state could not be written\..* The token could not be revoked, and may be valid until 20\d\d-/,
  );
  assert.equal(main.outputs.get('token'), undefined);
  assert.equal(scene.liveTokens(), 1);
});

describe('a token that was minted a moment ago', () => {
  const refusal = (status: number) => json({ statusCode: status, message: 'Access token invalid' }, status);
  const REVOKE = { method: 'DELETE', path: '/app/installations/token' };

  for (const status of [401, 403, 404]) {
    test(`is not taken for revoked by a ${status}, though said twice: replicas lag, and post revokes it`, async () => {
      await using scene = await createScene({ settings: { mintPatch: { isActive: false } } });
      scene.simulator.fault({ ...REVOKE, effect: refusal(status), times: 2 });
      const step = await scene.step(forNordic(scene), { dist: short.dist });
      assertFailed(await step.main(), /could not be revoked yet; the post step tries again/);
      assert.equal(scene.liveTokens(), 1);
      assert.match((await step.post()).stdout, /^Revoked the access token\.$/m);
      assert.equal(scene.liveTokens(), 0);
    });
  }

  test('is revoked by main if a replica knows it three seconds later', async () => {
    await using scene = await createScene({ settings: { mintPatch: { isActive: false } } });
    scene.simulator.fault({ ...REVOKE, effect: refusal(401), times: 1 });
    const result = await scene.main(forNordic(scene), { dist: short.dist });
    assertFailed(result, /not active/);
    assertRevoked(scene, result);
  });
});

describe('skip-token-revoke', () => {
  test('keeps the token alive, and post is quiet', async () => {
    await using scene = await createScene();
    const step = await scene.step(forNordic(scene, { 'skip-token-revoke': 'true' }));
    const main = await step.main();
    assertSucceeded(main);
    assert.equal(main.state.get('token'), '');
    const post = await step.post();
    assert.equal(post.stdout, '');
    assert.equal(scene.liveTokens(), 1);
    assertNoSecrets(main, scene.simulator);
  });

  test('does not keep a token alive that fails a check', async () => {
    await using scene = await createScene({ settings: { mintPatch: { isActive: false } } });
    const result = await scene.main(forNordic(scene, { 'skip-token-revoke': 'true' }));
    assertFailed(result, /not active/);
    assertRevoked(scene, result);
  });
});

describe('permissions', () => {
  test('that are required and within what is allowed pass', async () => {
    await using scene = await createScene();
    const inputs = {
      'required-permissions': 'organization_info: read, organization_warehouse: write',
      'allowed-permissions': 'organization_info: VIEW\norganization_warehouse: WRITE\norganization_members: read',
    };
    assertSucceeded(await scene.main(forNordic(scene, inputs)));
  });

  for (const input of ['required-permissions', 'allowed-permissions']) {
    test(`that ICR does not name are refused if ${input} speaks of them`, async () => {
      await using scene = await createScene({ settings: { mintPatch: { permissions: undefined } } });
      const result = await scene.main(forNordic(scene, { [input]: 'organization_info: read' }));
      assertFailed(result, /^ICR doesn’t say which permissions the token has\./);
      assertRevoked(scene, result);
    });
  }

  for (const text of ['organization_info: owner', 'organization_info', 'a: read, a: write']) {
    test(`“${text}” is an error before anything is minted`, async () => {
      await using scene = await createScene();
      for (const input of ['required-permissions', 'allowed-permissions']) {
        assertFailed(await scene.main(forNordic(scene, { [input]: text })), new RegExp(`^\`${input}\``));
      }
      assert.deepEqual(scene.asked(), []);
    });
  }
});

describe('job-summary', () => {
  test('is a table of host, organization, installation, permissions, expiry; post adds the revocation', async () => {
    await using scene = await createScene();
    const step = await scene.step(forNordic(scene, { 'job-summary': 'true' }));
    const main = await step.main();
    assertSucceeded(main);
    assertNoSecrets(main, scene.simulator);
    for (const part of [
      new URL(scene.simulator.url).host,
      'Nordic Carbon ehf.',
      scene.nordic.organization.id,
      scene.nordic.id,
      'organization_warehouse: write',
      main.outputs.get('expires-at') ?? '?',
    ]) {
      assert.ok(main.summary.includes(part), part);
    }
    const post = await step.post();
    assert.match(post.summary, /\| Token \| revoked at 20\d\d-\d\d-\d\dT.*Z \|/);
    assertNoSecrets(post, scene.simulator);
  });

  test('is not written unless asked for', async () => {
    await using scene = await createScene();
    const step = await scene.step(forNordic(scene));
    assert.equal((await step.main()).summary, '');
    assert.equal((await step.post()).summary, '');
  });

  test('is escaped for HTML and Markdown', async () => {
    await using scene = await createScene();
    const fullName = '<img src=x> | *bold* [link](http://x) `code` _it_ ~gone~ & # > ! \\';
    const named = scene.simulator.addInstallation({ appId: scene.nordic.appId, organization: { fullName } });
    const result = await scene.main({ 'organization-id': named.organization.id, 'job-summary': 'true' });
    assertSucceeded(result);
    const row = result.summary.split('\n').find((line) => line.includes('Organization')) ?? '';
    assert.equal(row.split('|').length, 4, 'the cell ends the row');
    assert.doesNotMatch(row.replace(/&#\d+;/g, ''), /[<>*[\]()`~&#!\\]|_it_/);
  });

  for (const file of [UNWRITABLE, '/nowhere/summary']) {
    test(`that cannot be written to ${file} is a warning and revokes nothing`, async () => {
      await using scene = await createScene();
      const step = await scene.step(forNordic(scene, { 'job-summary': 'true' }), {
        env: { GITHUB_STEP_SUMMARY: file },
      });
      const main = await step.main();
      assertSucceeded(main);
      assert.equal(main.warnings.length, 1);
      assert.match(main.warnings[0] ?? '', /job summary could not be written/);
      assert.equal(main.outputs.get('token'), scene.simulator.tokens()[0]?.token);
      assert.equal(scene.liveTokens(), 1);
      const post = await step.post();
      assertSucceeded(post);
      assert.equal(scene.liveTokens(), 0);
    });
  }
});
