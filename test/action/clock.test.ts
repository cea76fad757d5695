/** The app's JWT: its claims, and the correction of the runner's clock. */
import assert from 'node:assert/strict';
import { createPrivateKey, verify } from 'node:crypto';
import { describe, test } from 'node:test';
import { readAppJwt, signAppJwt } from '../../src/icr/app-jwt.ts';
import { signWithKey } from '../../src/signing/private-key.ts';
import { assertFailed, assertSucceeded } from '../support/runner.ts';
import { APP_ID, createScene, KEYS, keyLines, PEM, type Scene } from '../support/scene.ts';
import { json } from '../support/simulator/simulator.ts';

function decode(part = ''): unknown {
  return JSON.parse(Buffer.from(part, 'base64url').toString());
}

function forNordic(scene: Scene): Record<string, string> {
  return { 'organization-id': scene.nordic.organization.id };
}

test('the JWT is exactly this one', async () => {
  const jwt = await signAppJwt('app-1', (text) => signWithKey(createPrivateKey(PEM), text), 1_700_000_000);
  const [header = '', payload = '', signature = ''] = jwt.split('.');
  assert.equal(Buffer.from(header, 'base64url').toString(), '{"alg":"RS256","typ":"JWT"}');
  assert.equal(
    Buffer.from(payload, 'base64url').toString(),
    '{"iss":"app-1","iat":1699999940,"exp":1700000540,"alg":"RS256"}',
  );
  const signed = Buffer.from(`${header}.${payload}`);
  assert.ok(verify('RSA-SHA256', signed, KEYS.publicKey, Buffer.from(signature, 'base64url')));
});

test('the JWT that is sent is of now', async () => {
  await using scene = await createScene();
  const before = Math.floor(Date.now() / 1000);
  assertSucceeded(await scene.main(forNordic(scene)));
  const after = Math.floor(Date.now() / 1000);
  for (const { bearer } of scene.simulator.requests()) {
    const claims = decode(bearer?.split('.')[1]);
    assert.ok(typeof claims === 'object' && claims !== null && 'iat' in claims && 'exp' in claims && 'iss' in claims);
    const now = Number(claims.iat) + 60;
    assert.ok(now >= before && now <= after);
    assert.equal(Number(claims.exp), now + 540);
    assert.equal(claims.iss, APP_ID);
  }
});

describe('a clock that is off', () => {
  for (const ahead of [-7200, -90, 900]) {
    for (const settings of [
      { jwtRefusalStatus: 401 },
      { jwtRefusalStatus: 403, errorForm: 'text' },
      { jwtRefusalStatus: 400, errorForm: 'html' },
    ] as const) {
      test(`by ${-ahead} s is corrected for every call, refused with ${settings.jwtRefusalStatus}`, async () => {
        await using scene = await createScene({ settings });
        scene.simulator.moveClock(ahead);
        const step = await scene.step(forNordic(scene));
        const result = await step.main();
        assertSucceeded(result);
        const word = ahead < 0 ? 'ahead of' : 'behind';
        const lines = result.log.filter((line) => line.includes('signing again'));
        assert.equal(lines.length, 1);
        assert.match(lines[0] ?? '', new RegExp(`clock is \\d+ s ${word} the server’s, and the answer was 40`));
        assert.equal(scene.asked().length, 3, 'the offset is kept for the mint');
        assertSucceeded(await step.post());
        assert.equal(scene.liveTokens(), 0);
      });
    }
  }

  for (const ahead of [90, -25, 60]) {
    test(`by ${-ahead} s does not matter, since the JWT is made for it`, async () => {
      await using scene = await createScene();
      scene.simulator.moveClock(ahead);
      const result = await scene.main(forNordic(scene));
      assertSucceeded(result);
      assert.doesNotMatch(result.stdout, /signing again/);
      assert.equal(scene.asked().length, 2);
    });
  }

  test('is not what a page of a proxy shows: its time is forgotten when the next request is refused as well', async () => {
    await using scene = await createScene();
    const headers = { date: new Date(Date.now() - 3_600_000).toUTCString(), 'content-type': 'text/html' };
    const effect = { kind: 'answer', status: 403, headers, body: '<h1>Forbidden</h1>' } as const;
    scene.simulator.fault({ path: '/app/organizations/**', effect });
    assertSucceeded(await scene.main(forNordic(scene)));
    const methods = scene.asked().map((request) => request.replace(/\?.*/, '').split('/').slice(0, 3).join('/'));
    assert.deepEqual(methods, [
      'GET /app/organizations',
      'GET /app/organizations',
      'GET /app/installations',
      'GET /app/installations',
      'POST /app/installations',
    ]);
    const [first, second, third, fourth] = scene.simulator.requests().map(({ bearer }) => bearer);
    assert.notEqual(first, second);
    assert.equal(third, second, 'the other JWT may still help');
    assert.equal(fourth, first, 'the first JWT is sent again');
  });

  test('is corrected at the mint if that is the first request', async () => {
    await using scene = await createScene();
    scene.simulator.moveClock(-300);
    assertSucceeded(await scene.main({ 'installation-id': scene.nordic.id }));
    assert.equal(scene.asked().length, 2);
  });

  test('is corrected for the list and for an app token', async () => {
    await using scene = await createScene();
    scene.simulator.moveClock(-300);
    scene.baltic.state = 'uninstalled';
    assertSucceeded(await scene.main());
    assertSucceeded(await scene.main({ 'token-type': 'app' }));
  });

  test('is corrected once: a server that goes on answering 401 ends it', async () => {
    await using scene = await createScene();
    scene.simulator.moveClock(-300);
    scene.simulator.fault({ path: '/app/**', effect: json({ message: 'never' }, 401) });
    const result = await scene.main({ 'installation-id': scene.nordic.id });
    assertFailed(result, /clock is 30\d s ahead of ICR’s\. .*ICR answered 401 \(“never”\)/);
    assert.equal(scene.asked().length, 2);
  });

  test('is not blamed for a mint that is refused after the look-up passed', async () => {
    await using scene = await createScene();
    const effect = json({ message: 'Forbidden resource', statusCode: 403 }, 403);
    scene.simulator.fault({ method: 'POST', path: '/app/**', effect });
    const result = await scene.main(forNordic(scene));
    assertFailed(
      result,
      /^The installation is suspended, or the app has no right to it\. Check its id, then ask the organization’s admin/,
    );
    assert.doesNotMatch(result.errors[0] ?? '', /SHA256|clock|sandbox/);
  });

  test('is corrected once in a step: a later request that is refused ends it', async () => {
    await using scene = await createScene();
    scene.simulator.moveClock(-300);
    scene.simulator.fault({ method: 'POST', path: '/app/**', effect: json({ message: 'never' }, 401) });
    assertFailed(
      await scene.main(forNordic(scene)),
      /^ICR took the app’s JWT a moment ago and refuses it now\. .* answered 401 \(“never”\) to POST/,
    );
    assert.deepEqual(
      scene.asked().map((request) => request.split(' ')[0]),
      ['GET', 'GET', 'POST'],
    );
  });

  test('is not corrected after ICR took the JWT: the refusal is of something else', async () => {
    await using scene = await createScene();
    scene.simulator.moveClock(-45);
    scene.simulator.fault({ method: 'POST', path: '/app/**', effect: json({ message: 'no' }, 401) });
    const result = await scene.main(forNordic(scene));
    assertFailed(result, /^ICR took the app’s JWT a moment ago and refuses it now\./);
    assert.doesNotMatch(result.stdout, /signing again/);
    assert.equal(scene.asked().length, 2);
  });

  test('of 30 s and less is not what a refusal is blamed on', async () => {
    await using scene = await createScene();
    scene.simulator.moveClock(-25);
    scene.simulator.fault({ path: '/app/**', effect: json({ message: 'no' }, 401) });
    assertFailed(await scene.main({ 'installation-id': scene.nordic.id }), /answered 401/);
    assert.equal(scene.asked().length, 1);
  });

  test('is not known without a Date header', async () => {
    await using scene = await createScene({ settings: { sendDate: false } });
    scene.simulator.moveClock(-300);
    assertFailed(await scene.main({ 'installation-id': scene.nordic.id }), /answered 401/);
    assert.equal(scene.asked().length, 1);
  });
});

describe('a JWT given from outside', () => {
  const now = () => Math.floor(Date.now() / 1000);
  const sign = (at = now(), appId = APP_ID) => signAppJwt(appId, (text) => signWithKey(KEYS.privateKey, text), at);
  const forge = (header: object | string, payload: object | string) => {
    const encode = (part: object | string) =>
      Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');
    return `${encode(header)}.${encode(payload)}.c2ln`;
  };
  const RS256 = { alg: 'RS256' };

  test('mints, with app-id and without', async () => {
    await using scene = await createScene();
    const jwt = await sign();
    for (const appId of ['', APP_ID]) {
      const result = await scene.main({ ...forNordic(scene), 'private-key': '', 'app-id': appId, jwt });
      assertSucceeded(result);
      assert.equal(result.masks[0], jwt, 'it is masked before anything else');
    }
    assert.ok(scene.simulator.requests().every(({ bearer }) => bearer === jwt));
  });

  test('of another app than app-id is an error', async () => {
    await using scene = await createScene();
    const result = await scene.main({ 'private-key': '', 'app-id': 'other', jwt: await sign() });
    assertFailed(result, /^`app-id` is not the `iss` of `jwt`\. .* It is other, and `iss` is 5b1c7b0e/);
    assert.deepEqual(scene.asked(), []);
  });

  test('that is a key in the wrong place is masked as a key is, and refused', async () => {
    await using scene = await createScene();
    const result = await scene.main({ jwt: PEM, 'private-key': '' });
    assertFailed(result, /three base64url parts/);
    for (const line of keyLines(PEM)) assert.ok(result.masks.includes(line));
    for (const mask of result.masks) assert.doesNotMatch(mask, /-----|\n/);
  });

  test('beside a key is an error', async () => {
    await using scene = await createScene();
    assertFailed(await scene.main({ jwt: await sign() }), /Exactly one of/);
    assert.deepEqual(scene.asked(), []);
  });

  const unusable: [what: string, jwt: () => string | Promise<string>, says: RegExp][] = [
    ['two parts', () => 'eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxIn0', /three base64url parts/],
    ['five parts', () => 'part-one.part-two.c.d.e', /three base64url parts/],
    ['a word', () => 'hello-of-no-meaning', /three base64url parts/],
    ['white space inside', async () => (await sign()).replace('.', '. '), /three base64url parts/],
    ['HS256', () => forge({ alg: 'HS256' }, { iss: APP_ID, exp: now() + 60 }), /not signed with RS256/],
    ['alg none', () => forge({ alg: 'none' }, { iss: APP_ID, exp: now() + 60 }), /not signed with RS256/],
    ['a header that is no JSON', () => forge('x', { iss: APP_ID, exp: now() + 60 }), /can’t be decoded/],
    ['claims that are no JSON', () => forge(RS256, 'x'), /can’t be decoded/],
    ['no exp', () => forge(RS256, { iss: APP_ID }), /no claim `exp`/],
    ['a text as exp', () => forge(RS256, { iss: APP_ID, exp: '9999999999' }), /no claim `exp`/],
    ['no iss', () => forge(RS256, { exp: now() + 60 }), /no claim `iss`/],
    ['an empty iss', () => forge(RS256, { iss: '', exp: now() + 60 }), /no claim `iss`/],
    ['a number as iss', () => forge(RS256, { iss: 7, exp: now() + 60 }), /no claim `iss`/],
    [
      '“Bearer ” before it',
      async () => `Bearer ${await sign()}`,
      /^`jwt` begins with “Bearer ”\. Give it the JWT alone\.$/,
    ],
    ['exp behind', () => sign(now() - 3600), /expired \d+ s ago/],
  ];
  for (const [what, make, says] of unusable) {
    test(`with ${what} is refused`, async () => {
      const jwt = await make();
      assert.throws(
        () => readAppJwt(jwt, now()),
        ({ message }) => says.test(message) && !message.includes(jwt.slice(0, 12)),
      );
    });
  }

  for (const jwt of ['hello', forge({ alg: 'HS256' }, { iss: APP_ID, exp: now() + 60 })]) {
    test(`as “${jwt.slice(0, 10)}” is refused before any request`, async () => {
      await using scene = await createScene();
      const result = await scene.main({ ...forNordic(scene), 'private-key': '', 'app-id': '', jwt });
      assertFailed(result, /^`jwt` is not/);
      assert.deepEqual(scene.asked(), []);
    });
  }

  test('can’t be corrected, and the error begins with the clock', async () => {
    await using scene = await createScene();
    scene.simulator.moveClock(-300);
    const result = await scene.main({ 'installation-id': scene.nordic.id, 'private-key': '', jwt: await sign() });
    assertFailed(result, /^The runner’s clock is 30\d s ahead of ICR’s, and ICR refused `jwt`\. Correct the clock/);
    assert.equal(scene.asked().length, 1);
  });

  test('signed by a right clock is not blamed on a runner’s clock that is wrong', async () => {
    await using scene = await createScene();
    scene.simulator.moveClock(-300);
    scene.simulator.fault({ path: '/app/**', effect: json({ statusCode: 401, message: 'no such app' }, 401) });
    const inputs = { 'installation-id': scene.nordic.id, 'private-key': '' };
    const result = await scene.main({ ...inputs, jwt: await sign(now() - 300) });
    assertFailed(result, /^ICR refused `jwt` of `app-id` .*clock is 30\d s ahead of ICR’s/);
  });

  test('is read by the time that is given', async () => {
    const jwt = await sign(1000);
    assert.equal(readAppJwt(jwt, 1539).issuer, APP_ID);
    assert.throws(() => readAppJwt(jwt, 1540), /expired 0 s ago/);
  });
});
