/** What the main step does once it has minted a token: mask, save, check, hand on; and revoke after a failure. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertFailed, assertSucceeded, type Result, signalWhen, WITH_SIGNALS } from '../support/runner.ts';
import { assertNoSecrets, createScene, type Scene } from '../support/scene.ts';
import { json } from '../support/simulator/simulator.ts';

/** A file on a full disk, or a folder if the system has none. */
const UNWRITABLE = process.platform === 'linux' ? '/dev/full' : import.meta.dirname;
const MINT = '/app/installations/*/accessTokens';

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

  for (const mintStatus of [200, 201] as const) {
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

test('state holds the token, its expiry, the clock offset, and the API’s address and version, nothing else', async () => {
  await using scene = await createScene();
  const result = await scene.main(forNordic(scene));
  assert.deepEqual(Object.fromEntries(result.state), {
    token: scene.simulator.tokens()[0]?.token,
    'expires-at': result.outputs.get('expires-at'),
    'clock-offset-ms': result.state.get('clock-offset-ms'),
    'api-url': scene.simulator.url,
    'api-version': '2023-06-16',
  });
  assert.match(result.state.get('clock-offset-ms') ?? '', /^-?\d+$/);
});

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

test('a token in an error is not shown', async () => {
  await using scene = await createScene();
  const token = 'crs_of-a-server-that-minted-it-before';
  const effect = json({ statusCode: 409, token, message: `there is ${token} already` }, 409);
  scene.simulator.fault({ method: 'POST', path: MINT, effect });
  const result = await scene.main(forNordic(scene));
  assertFailed(result, /“there is \*\*\* already”/);
  assert.ok(result.masks.includes(token));
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
    assertFailed(
      result,
      /^The token is for another organization than ICR named for the installation\. Report this to ICR\./,
    );
    assertRevoked(scene, result);
  });

  test('a token of another organization than the relayed webhook names', async () => {
    await using scene = await createScene();
    const installation = { id: scene.baltic.id, organization: { id: scene.nordic.organization.id } };
    const payload = { client_payload: { installation } };
    const result = await scene.main({}, { event: { name: 'repository_dispatch', payload } });
    assertFailed(
      result,
      /^The token is for another organization than the relayed webhook names\. Relay ICR’s webhook payload unchanged\./,
    );
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
      /^The token lacks `organization_inventory: request` and 1 more\. Ask .*Required: organization_info: read, organization_inventory: request, organization_members: read\. Granted: organization_info: read, /,
    );
    assertRevoked(scene, result);
  });

  test('required-permissions with a misspelled name', async () => {
    await using scene = await createScene();
    const result = await scene.main(forNordic(scene, { 'required-permissions': 'organisation_info: read' }));
    assertFailed(result, /names `organisation_info`, likely a misspelling\. Write `organization_info`\./);
    assertRevoked(scene, result);
  });

  test('a token that has expired by ICR’s own clock when it is minted', async () => {
    for (const ahead of [0, -7200, 7200]) {
      await using scene = await createScene({ settings: { tokenLifetimeSeconds: -60 } });
      scene.simulator.moveClock(ahead);
      assertFailed(await scene.main(forNordic(scene)), /^ICR minted a token that has expired already\. /);
    }
  });

  test('a token of fewer than 16 characters', async () => {
    await using scene = await createScene({ settings: { mintPatch: { token: 'crs_0123456789a' } } });
    assertFailed(await scene.main(forNordic(scene)), /^ICR minted a token of fewer than 16 characters\. /);
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

  const shapes: [field: string, value: null | number | string | undefined | string[]][] = [
    ['expiresAt', undefined],
    ['expiresAt', 'soon'],
    ['expiresAt', 7],
    ['isActive', undefined],
    ['isActive', 'true'],
    ['permissions', undefined],
    ['permissions', null],
    ['permissions', ['organization_info']],
    ['installationId', undefined],
    ['installationId', 7],
    ['organizationId', null],
    ['organizationId', '../x'],
  ];
  for (const [field, value] of shapes) {
    test(`a response whose ${field} is ${JSON.stringify(value)}: the error names the request and the field`, async () => {
      await using scene = await createScene({ settings: { mintPatch: { [field]: value } } });
      const result = await scene.main(forNordic(scene));
      assertFailed(
        result,
        new RegExp(`\`${field}\` is missing or not .* to POST /app/installations/.*/accessTokens on `),
      );
      assertRevoked(scene, result);
    });
  }

  for (const characters of [' ', '\n', '\t', '\u0000', '\u200b', '\u2028', 'é']) {
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
      assertFailed(result, /^ICR minted a token with white space, control or non-ASCII characters/);
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
    await using scene = await createScene({ settings: { mintPatch: { token: undefined } } });
    scene.simulator.settings.mintPatch = { token: null, message: 'what the body says' };
    const result = await scene.main(forNordic(scene));
    assertFailed(result, /`token` is missing or not a text/);
    assert.doesNotMatch(result.stdout, /what the body says/);
    assert.deepEqual([...result.state], []);
  });

  test('an output that cannot be written', async () => {
    await using scene = await createScene();
    const env = { GITHUB_OUTPUT: UNWRITABLE };
    const result = await scene.main(forNordic(scene), { env });
    assertFailed(
      result,
      /could not be written\. Check the runner: its disk is full.*\((?:ENOSPC|EISDIR|EPERM).*The token was revoked\.$/,
    );
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
    assertFailed(
      result,
      /could not be written\. Check the runner: its disk is full.*\((?:ENOSPC|EISDIR|EPERM).*The token was revoked\.$/,
    );
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

test('if neither the state can be written nor the token be revoked, the error says how long it is valid', async () => {
  await using scene = await createScene();
  scene.simulator.fault({ method: 'DELETE', path: '/app/installations/token', effect: json({ message: 'no' }, 422) });
  const step = await scene.step(forNordic(scene), { env: { GITHUB_STATE: UNWRITABLE } });
  const main = await step.main();
  assertFailed(
    main,
    /^The step’s state could not be written\..* The token could not be revoked, and is valid until 20\d\d-/,
  );
  assert.equal(main.outputs.get('token'), undefined);
  assert.equal(scene.liveTokens(), 1);
});

describe('a token that was minted a moment ago', () => {
  for (const status of [401, 403, 404]) {
    test(`is not taken for revoked by a ${status}: replicas lag, and post revokes it`, async () => {
      await using scene = await createScene({ settings: { mintPatch: { isActive: false } } });
      const effect = json({ statusCode: status, message: 'Access token invalid' }, status);
      scene.simulator.fault({ method: 'DELETE', path: '/app/installations/token', effect, times: 1 });
      const step = await scene.step(forNordic(scene));
      assertFailed(await step.main(), /could not be revoked yet; the post step tries again/);
      assert.equal(scene.liveTokens(), 1);
      assert.match((await step.post()).stdout, /^Revoked the access token\.$/m);
      assert.equal(scene.liveTokens(), 0);
    });
  }
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
  const granted = { organization_info: 'VIEW', inventory: 'REQUEST', warehouse: 'WRITE', odd: 'OWNER', Odd: 'view' };

  async function mainWith(input: 'required-permissions' | 'allowed-permissions', text: string): Promise<Result> {
    await using scene = await createScene();
    scene.nordic.permissions = granted;
    return await scene.main(forNordic(scene, { [input]: text }));
  }

  const met: [input: 'required-permissions' | 'allowed-permissions', text: string][] = [
    ['required-permissions', 'organization_info: read'],
    ['required-permissions', 'organization_info: View'],
    ['required-permissions', 'inventory: read, warehouse: READ'],
    ['required-permissions', 'inventory:request\n\nwarehouse : write,'],
    ['required-permissions', 'Odd: view'],
  ];
  for (const [input, text] of met) {
    test(`${input} “${text}” are met`, async () => assertSucceeded(await mainWith(input, text)));
  }

  const unmet: [input: 'required-permissions' | 'allowed-permissions', text: string, says: RegExp][] = [
    ['required-permissions', 'inventory: write', /^The token lacks `inventory: write` \(it has request\)\./],
    ['required-permissions', 'odd: read', /^The token lacks `odd: read` \(it has OWNER\)\./],
    ['required-permissions', 'Inventory: read', /names `Inventory`, likely a misspelling\. Write `inventory`\./],
    ['required-permissions', '__proto__: read', /^The token lacks `__proto__: read`\./],
    [
      'allowed-permissions',
      'organization_info: read, inventory: read, warehouse: write, Odd: read, odd: write',
      /`inventory: request` and 1 more\. .*Beyond it: inventory: request, odd: OWNER\./,
    ],
    [
      'allowed-permissions',
      'organization_info: read, inventory: write, odd: write, Odd: read',
      /Beyond it: warehouse: write, odd: OWNER\./,
    ],
  ];
  for (const [input, text, says] of unmet) {
    test(`${input} “${text}” are not met`, async () => assertFailed(await mainWith(input, text), says));
  }

  test('all known and within allowed-permissions pass', async () => {
    await using scene = await createScene();
    const allowed = 'organization_info: VIEW\norganization_warehouse: WRITE\norganization_members: read';
    assertSucceeded(await scene.main(forNordic(scene, { 'allowed-permissions': allowed })));
  });

  for (const text of [
    'organization_info: owner',
    'organization_info: read_write',
    'organization_info',
    ': read',
    'a: read, a: write',
    'a b: read',
  ]) {
    test(`required-permissions “${text}” is an error before anything is minted`, async () => {
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
