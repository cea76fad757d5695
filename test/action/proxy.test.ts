/** Tests the ways through and around a proxy, over TLS with a private CA. The proxy is the tests' own. */
import assert from 'node:assert/strict';
import { connect as connectSocket, createServer } from 'node:net';
import { after, describe, test } from 'node:test';
import { type ShortDist, shortenSecond } from '../support/faults/short-second.ts';
import { HOST, makeCertificates, openProxiedScene, PRELOAD_OPTION } from '../support/proxy/proxied-scene.ts';
import { assertFailed, assertSucceeded, type Result, signalWhen } from '../support/runner.ts';
import { assertNoSecrets, createScene } from '../support/scene.ts';
import { type ConnectProxyOptions, startConnectProxy } from '../support/simulator/connect-proxy.ts';

const PASSWORD = 'p@ss:w0rd%&x';
const WRITTEN = encodeURIComponent(PASSWORD);
const BASIC = Buffer.from(`runner:${PASSWORD}`).toString('base64');
const AUTH = { username: 'runner', password: PASSWORD };
const SECRETS = [PASSWORD, WRITTEN, BASIC];
/** For what is retried until it is given up. */
const SECOND_MS = 60;

const certificates = await makeCertificates();
const short: ShortDist = await shortenSecond(SECOND_MS);
after(async () => {
  await certificates[Symbol.asyncDispose]();
  await short[Symbol.asyncDispose]();
});

async function open(options: ConnectProxyOptions = {}, tls = certificates.good) {
  const proxied = await openProxiedScene(certificates, tls, SECRETS);
  const { target, scene } = proxied;
  const targets = { [target]: scene.simulator.port, [`${HOST}:443`]: scene.simulator.port };
  const proxy = await startConnectProxy({ targets, ...options });
  return {
    ...proxied,
    proxy,
    reached: () => scene.simulator.connections(),
    [Symbol.asyncDispose]: async () => {
      await proxied[Symbol.asyncDispose]();
      await proxy.close();
    },
  };
}

function failedOnce(result: Result, sentence: RegExp): string {
  assertFailed(result, sentence);
  assert.match(result.errors[0] ?? '', /\.$/);
  return result.errors[0] ?? '';
}

describe('through the proxy', () => {
  test('main and post go, TLS inside', async () => {
    await using it = await open();
    await it.mainAndPost({ https_proxy: it.proxy.url });
    assert.ok(it.proxy.requests().length >= 2);
    for (const request of it.proxy.requests()) {
      assert.deepEqual(request, { method: 'CONNECT', target: it.target, authorization: undefined, status: 200 });
    }
    assert.equal(it.scene.simulator.requests().length, 3);
  });

  test('they go to the default address, whose port is 443', async () => {
    await using it = await open();
    const env = { HTTPS_PROXY: it.proxy.url, NODE_EXTRA_CA_CERTS: certificates.authority.certFile };
    const inputs = { 'installation-id': it.scene.nordic.id, 'api-url': '' };
    assertSucceeded(await it.scene.main(inputs, { env }));
    assert.deepEqual(
      it.proxy.requests().map(({ target }) => target),
      [`${HOST}:443`],
    );
  });

  test('they go with a password, which is masked and never shown', async () => {
    await using it = await open({ auth: AUTH });
    const { main, post } = await it.mainAndPost({
      https_proxy: it.proxy.url.replace('://', `://runner:${WRITTEN}@`),
    });
    for (const { masks } of [main, post]) {
      assert.ok(masks.includes(PASSWORD));
      assert.ok(masks.includes(WRITTEN));
      assert.ok(masks.includes(BASIC));
    }
    assert.ok(it.proxy.requests().every(({ authorization }) => authorization === `Basic ${BASIC}`));
  });

  test('they go if its address has no scheme', async () => {
    await using it = await open({ auth: AUTH });
    await it.mainAndPost({ https_proxy: `runner:${WRITTEN}@127.0.0.1:${it.proxy.port}` });
  });

  test('they go if its address is IPv6', async () => {
    await using it = await open();
    const sixToFour = createServer((client) => {
      const upstream = connectSocket(it.proxy.port, '127.0.0.1');
      client.pipe(upstream).pipe(client);
      client.on('error', () => upstream.destroy());
      upstream.on('error', () => client.destroy());
    });
    sixToFour.unref();
    await new Promise<void>((resolve) => sixToFour.listen(0, '::1', resolve));
    const address = sixToFour.address();
    assert.ok(typeof address === 'object' && address !== null);
    await it.mainAndPost({ https_proxy: `http://[::1]:${address.port}` });
    assert.ok(it.proxy.requests().length >= 2);
    sixToFour.close();
  });

  test('they go if it is spoken to over TLS itself, with a certificate for its own address alone', async () => {
    await using it = await open({ tls: certificates.proxy, auth: AUTH });
    await it.mainAndPost({ https_proxy: it.proxy.url.replace('://', `://runner:${WRITTEN}@`) });
    assert.ok(it.proxy.requests().length >= 2);
  });
});

describe('around the proxy', () => {
  for (const entry of [HOST, '.carbonregistry.com', '*', `localhost,${HOST}`]) {
    test(`no_proxy=${entry} leads, with one TLS handshake in main and one in post`, async () => {
      await using it = await open();
      await it.mainAndPost({ https_proxy: 'http://127.0.0.1:9', no_proxy: entry });
      assert.deepEqual(
        it.scene.simulator.requests().map(({ connection }) => connection),
        [1, 1, 2],
      );
      assert.equal(it.scene.simulator.handshakes(), 2);
    });
  }

  test('no other entry leads', async () => {
    await using it = await open();
    await it.mainAndPost({ https_proxy: it.proxy.url, no_proxy: 'registry.com,example.com,api' });
    assert.ok(it.proxy.requests().length >= 2);
  });
});

describe('no way around is taken silently', () => {
  test('if the proxy asks for a password (407)', async () => {
    await using it = await open({ auth: AUTH });
    const main = await it.main({ https_proxy: it.proxy.url });
    assert.match(failedOnce(main, /407/), /https_proxy/);
    assert.deepEqual([it.proxy.requests().length, it.reached()], [1, 0], 'asked once');
  });

  test('if the proxy refuses the password (407)', async () => {
    await using it = await open({ auth: { username: 'runner', password: 'other' } });
    const main = await it.main({ https_proxy: it.proxy.url.replace('://', `://runner:${WRITTEN}@`) });
    assert.match(failedOnce(main, /407/), /https_proxy/);
    assert.deepEqual([it.proxy.requests().length, it.reached()], [1, 0], 'asked once');
  });

  test('if the proxy refuses the host (403)', async () => {
    await using it = await open({ behaviour: { status: 403 } });
    failedOnce(await it.main({ https_proxy: it.proxy.url }), /proxy.*403/);
    assert.deepEqual([it.proxy.requests().length, it.reached()], [1, 0], 'asked once');
  });

  test('if the proxy cannot reach the host (502), after twelve attempts', async () => {
    await using it = await open({ behaviour: { status: 502 } });
    failedOnce(
      await it.main({ https_proxy: it.proxy.url }, short),
      /^The proxy 127\.0\.0\.1:\d+ did not connect to \S+ \(502\) \(1[0-2] attempts in \d+ s\)\. Check/,
    );
    assert.ok(it.proxy.requests().length >= 10 && it.proxy.requests().length <= 12);
    assert.equal(it.reached(), 0);
  });

  test('if the proxy is dead, after twelve attempts', async () => {
    await using it = await open();
    await it.proxy.close();
    const main = await it.main({ https_proxy: `http://runner:${WRITTEN}@127.0.0.1:${it.proxy.port}` }, short);
    failedOnce(
      main,
      new RegExp(
        `^The proxy 127\\.0\\.0\\.1:${it.proxy.port} can’t be reached \\(1[0-2] attempts.*https_proxy.*ECONNREFUSED`,
      ),
    );
    assert.ok(main.log.filter((line) => line.includes('trying again')).length >= 9);
    assert.equal(it.reached(), 0);
  });

  test('if the proxy resets every connection, after twelve attempts', async () => {
    await using it = await open({ behaviour: 'reset' });
    failedOnce(await it.main({ https_proxy: it.proxy.url }, short), /^The proxy .* can’t be reached/);
    assert.ok(it.proxy.requests().length >= 10 && it.proxy.requests().length <= 12);
    assert.equal(it.reached(), 0);
  });

  test('if the proxy never answers, within the time of all requests', async () => {
    await using it = await open({ behaviour: 'silent' });
    const main = await it.main({ https_proxy: it.proxy.url }, short);
    assert.match(main.stdout, /The proxy 127\.0\.0\.1:\d+ did not respond within 15 s; trying again/);
    failedOnce(main, /^The proxy 127\.0\.0\.1:\d+ did not respond within 15 s \([4-7] attempts in \d+ s\)/);
    assert.ok(main.milliseconds < 90 * SECOND_MS + 4000, `${main.milliseconds} ms`);
    assert.ok(it.proxy.requests().length >= 4 && it.proxy.requests().length <= 6);
    assert.equal(it.reached(), 0);
  });

  for (const [setting, words] of [
    ['socks5://runner:hunter2-hunter2@127.0.0.1:9', /scheme is not http or https/],
    ['http://runner:hunter2-hunter2%zz@127.0.0.1:9', /not percent-encoded.*%25/],
    ['http://runner:hunter2-hunter2@127.0.0.1:99999', /not a URL/],
    ['http://runner:31337#hunter2-hunter2@127.0.0.1:9', /not percent-encoded.*%23/],
    ['http://runner:31337//hunter2-hunter2@127.0.0.1:9', /not percent-encoded.*%2F/],
    ['http://runner:31337?hunter2-hunter2@127.0.0.1:9', /not percent-encoded.*%3F/],
    ['http://runner:31337#@hunter2-hunter2:9', /not percent-encoded/],
  ] as const) {
    test(`if the setting cannot be used: ${setting}`, async () => {
      await using it = await open();
      const main = await it.main({ https_proxy: setting });
      failedOnce(main, /^`https_proxy` can’t be used: /);
      assert.match(main.errors[0] ?? '', words);
      assertNoSecrets(main, it.scene.simulator, ['hunter2', '31337']);
      assert.equal(it.reached(), 0);
    });
  }

  test('if Node is too old to go through it', async () => {
    await using it = await open();
    const old = `data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'24.4.1'}})`;
    const main = await it.main({ https_proxy: it.proxy.url, NODE_OPTIONS: `--import "${old}"` });
    failedOnce(main, /^`https_proxy` needs Node 24\.5 or later, and Node 24\.4\.1 runs the action\. Update the runner/);
    assert.deepEqual([it.proxy.requests().length, it.reached()], [0, 0]);
  });

  test('if it is spoken to over TLS, and speaks none', async () => {
    await using it = await open();
    const main = await it.main({ https_proxy: it.proxy.url.replace('http:', 'https:') });
    failedOnce(main, /^The proxy 127\.0\.0\.1:\d+ does not speak TLS\. Begin `https_proxy` with http:\/\//);
    assert.doesNotMatch(main.stdout, /trying again/);
  });

  test('if it speaks TLS, and is spoken to without', async () => {
    await using it = await open({ tls: certificates.proxy });
    const main = await it.main({ https_proxy: it.proxy.url.replace('https:', 'http:') }, short);
    failedOnce(
      main,
      /^The proxy 127\.0\.0\.1:\d+ ended the connection, or does not speak HTTP \(1[0-2] attempts.*scheme/,
    );
  });

  test('by post, which warns once if the proxy is gone', async () => {
    await using it = await open();
    const env = { https_proxy: it.proxy.url, NODE_EXTRA_CA_CERTS: certificates.authority.certFile };
    const inputs = { 'installation-id': it.scene.nordic.id, 'api-url': `https://${it.target}` };
    const step = await it.scene.step(inputs, { env, dist: short.dist });
    assertSucceeded(await step.main());
    await it.proxy.close();
    const reached = it.reached();
    const post = await step.post();
    assert.deepEqual([post.exitCode, post.errors.length, post.warnings.length], [0, 0, 1], post.stdout);
    assert.match(post.warnings[0] ?? '', /The proxy .* can’t be reached/);
    assert.equal(it.reached(), reached);
  });

  test('and a signal ends a CONNECT that is not answered', async () => {
    await using it = await open({ behaviour: 'silent' });
    const inputs = { 'installation-id': it.scene.nordic.id, 'api-url': `https://${it.target}` };
    const step = await it.scene.step({ ...inputs }, { env: { https_proxy: it.proxy.url } });
    const main = await step.main((child) => {
      signalWhen(child, 'SIGINT', () => it.proxy.requests().length > 0);
    });
    failedOnce(main, /cancelled/);
    // The grace for a mint's answer, which this may become.
    assert.ok(main.milliseconds < 9_000, `${main.milliseconds} ms`);
  });
});

describe('a certificate', () => {
  for (const way of ['directly', 'through the proxy'] as const) {
    const cases = [
      ['that no one vouches for', certificates.good, { NODE_EXTRA_CA_CERTS: undefined }, /NODE_EXTRA_CA_CERTS/],
      [
        'that has expired',
        certificates.expired,
        {},
        /not valid at this time\. Check the runner’s clock.*CERT_HAS_EXPIRED/,
      ],
      ['that is too weak', certificates.weak, {}, /^The server’s certificate is too weak\. Renew it.*UNSPECIFIED/],
      [
        'of another host',
        certificates.otherHost,
        {},
        /^The server’s certificate is for another host\. Check `api-url`/,
      ],
    ] as const;
    for (const [what, tls, env, sentence] of cases) {
      test(`${what} ends the step at once, ${way}`, async () => {
        await using it = await open({}, tls);
        const main = await it.main({ ...env, ...(way === 'directly' ? {} : { https_proxy: it.proxy.url }) });
        const error = failedOnce(main, sentence);
        if (what !== 'that no one vouches for') assert.doesNotMatch(error, /NODE_EXTRA_CA_CERTS/);
        assert.equal(it.reached(), 1, 'asked once');
        assert.equal(it.scene.simulator.requests().length, 0, 'no JWT was sent');
      });
    }
  }

  for (const way of ['directly', 'through the proxy'] as const) {
    test(`is verified by main and post though NODE_TLS_REJECT_UNAUTHORIZED is 0, ${way}`, async () => {
      await using it = await open();
      const env = {
        ...(way === 'directly' ? {} : { https_proxy: it.proxy.url }),
        NODE_OPTIONS: PRELOAD_OPTION,
        NODE_EXTRA_CA_CERTS: certificates.authority.certFile,
        NODE_TLS_REJECT_UNAUTHORIZED: '0',
      };
      failedOnce(await it.main({ ...env, NODE_EXTRA_CA_CERTS: undefined }), /certificate is not trusted/);
      const inputs = { 'installation-id': it.scene.nordic.id, 'api-url': `https://${it.target}` };
      const step = await it.scene.step(inputs, { env });
      assertSucceeded(await step.main());
      assert.equal(it.scene.liveTokens(), 1);
      const requests = it.scene.simulator.requests().length;
      const post = await step.post({ NODE_EXTRA_CA_CERTS: undefined });
      assert.deepEqual([post.exitCode, post.stderr, post.warnings.length], [0, '', 1], post.stdout);
      assert.match(post.warnings[0] ?? '', /certificate is not trusted/);
      assert.equal(it.scene.simulator.requests().length, requests, 'post did not send the token');
    });
  }

  test('that no one vouches for, with a file for NODE_EXTRA_CA_CERTS that does not exist', async () => {
    await using it = await open();
    const main = await it.main({ NODE_EXTRA_CA_CERTS: '/nowhere/ca.pem' });
    assert.match(
      main.errors[0] ?? '',
      /^The server’s certificate is not trusted, and NODE_EXTRA_CA_CERTS names a file that is missing or holds no certificate\. Put .*\/nowhere\/ca\.pem/,
    );
  });

  test('is not there: a port that speaks no TLS ends the step at once', async () => {
    await using scene = await createScene();
    const address = { 'api-url': scene.simulator.url.replace('http:', 'https:') };
    for (const id of [{ 'installation-id': scene.nordic.id }, { 'organization-id': scene.nordic.organization.id }]) {
      const main = await scene.main({ ...id, ...address });
      failedOnce(main, /^The server 127\.0\.0\.1:\d+ does not speak TLS\. Check `api-url`/);
      assert.doesNotMatch(main.stdout, /trying again|reading the list/);
    }
  });

  test('of the proxy itself that no one vouches for ends the step at once', async () => {
    await using it = await open({ tls: certificates.good });
    const lax = { NODE_EXTRA_CA_CERTS: undefined, NODE_TLS_REJECT_UNAUTHORIZED: '0' };
    const main = await it.main({ https_proxy: it.proxy.url, ...lax });
    const error = failedOnce(main, /NODE_EXTRA_CA_CERTS/);
    assert.match(error, /proxy/);
    assert.doesNotMatch(main.stdout, /trying again/);
    assert.equal(it.reached(), 0);
  });
});
