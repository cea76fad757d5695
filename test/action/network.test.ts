/** Tests how names are looked up and connected to: several addresses, names that don't exist, look-ups without an end. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { shortenSecond } from '../support/faults/short-second.ts';
import { startLateListener } from '../support/proxy/late-listener.ts';
import { HOST, makeCertificates, openProxiedScene } from '../support/proxy/proxied-scene.ts';
import { assertFailed, assertSucceeded } from '../support/runner.ts';
import { startConnectProxy } from '../support/simulator/connect-proxy.ts';

const TIMEOUT_MS = 60_000;
/** Nothing listens there, so that it refuses a connection at once. */
const UNREACHABLE = '127.0.0.2';
const LATE = '127.0.0.1';

const folder = await mkdtemp(join(tmpdir(), 'icr-network-'));
const certificates = await makeCertificates();
const short = await shortenSecond(60);
let files = 0;
after(async () => {
  await certificates[Symbol.asyncDispose]();
  await short[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** What the preload of the tests needs to know: the addresses of names, and where to write down look-ups. */
function namesAt(addresses: Record<string, readonly string[]>) {
  files += 1;
  const file = join(folder, `lookups-${files}`);
  return {
    env: { TEST_ADDRESSES: JSON.stringify(addresses), TEST_LOOKUPS: file },
    lookups: async () => (await readFile(file, 'utf8').catch(() => '')).split('\n').filter((line) => line !== ''),
  };
}

describe('a name with an address that is a second away and one that refuses', {
  skip: process.platform !== 'linux',
}, () => {
  for (const addresses of [
    [LATE, UNREACHABLE],
    [UNREACHABLE, LATE],
  ]) {
    test(`is reached at the first attempt: ${addresses.join(', ')}`, { timeout: TIMEOUT_MS }, async () => {
      await using it = await openProxiedScene(certificates, certificates.good);
      await using late = await startLateListener(it.scene.simulator.port);
      const names = namesAt({ [HOST]: addresses });
      await late.sleep();
      const [main] = await Promise.all([
        it.main(
          { ...names.env },
          {
            inputs: it.scene.inputs({
              'organization-id': it.scene.nordic.organization.id,
              'api-url': `https://${HOST}:${late.port}`,
            }),
          },
        ),
        wakeAfterLookUp(late, names),
      ]);
      assertSucceeded(main);
      assert.doesNotMatch(main.stdout, /trying again/);
    });

    test(`is reached as a proxy at the first attempt: ${addresses.join(', ')}`, { timeout: TIMEOUT_MS }, async () => {
      await using it = await openProxiedScene(certificates, certificates.good);
      const proxy = await startConnectProxy({ targets: { [it.target]: it.scene.simulator.port } });
      await using late = await startLateListener(proxy.port);
      const names = namesAt({ 'proxy.example': addresses });
      await late.sleep();
      const [main] = await Promise.all([
        it.main({ ...names.env, https_proxy: `http://proxy.example:${late.port}` }),
        wakeAfterLookUp(late, names),
      ]);
      await proxy.close();
      assertSucceeded(main);
      assert.doesNotMatch(main.stdout, /trying again/);
    });
  }
});

async function wakeAfterLookUp(late: { wake(): Promise<void> }, names: ReturnType<typeof namesAt>): Promise<void> {
  while ((await names.lookups()).length === 0) await pause(20);
  await late.wake();
}

describe('a look-up', () => {
  for (const [whose, addresses, proxy, says] of [
    ['of the API', { [HOST]: [] }, {}, / can’t be reached \([4-6] attempts in \d+ s\)\..*no connection within 15 s/],
    [
      'of the proxy',
      { 'proxy.example': [] },
      { https_proxy: 'http://proxy.example:3128' },
      /^The proxy proxy\.example:3128 did not respond within 15 s \([4-6] attempts in \d+ s\)/,
    ],
  ] as const) {
    test(`${whose} that does not end is named`, { timeout: TIMEOUT_MS }, async () => {
      await using it = await openProxiedScene(certificates, certificates.good);
      assertFailed(await it.main({ ...namesAt(addresses).env, ...proxy }, short), says);
    });
  }

  for (const [whose, options] of [
    ['of post is short, because it holds up the exit', undefined],
    ['of post is as long as the runner sets it', 'timeout:9'],
  ] as const) {
    test(whose, { timeout: TIMEOUT_MS }, async () => {
      await using it = await openProxiedScene(certificates, certificates.good);
      const names = namesAt({ [HOST]: ['127.0.0.1'] });
      await it.mainAndPost({ ...names.env, RES_OPTIONS: options });
      assert.deepEqual(
        await names.lookups(),
        options === undefined ? [HOST, `${HOST} timeout:2 attempts:2`] : [`${HOST} ${options}`, `${HOST} ${options}`],
      );
    });
  }

  for (const [what, name, env, says] of [
    ['the API', HOST, {}, / was not found \(3 attempts in \d s\)\. Check `api-url`, and/],
    [
      'the API without the proxy that http alone has',
      HOST,
      { HTTP_PROXY: 'http://proxy.example:3128' },
      /^api\.carbonregistry\.com:\d+ was not found, and `HTTP_PROXY` does not count for https \(3 attempts in \d s\)\. Set `https_proxy`/,
    ],
    [
      'the proxy',
      'proxy.example',
      { https_proxy: 'http://proxy.example:3128' },
      /^The proxy proxy\.example:3128 was not found \(3 attempts in \d s\)\. Check `https_proxy`/,
    ],
  ] as const) {
    test(`that does not find ${what} is tried three times`, { timeout: TIMEOUT_MS }, async () => {
      await using it = await openProxiedScene(certificates, certificates.good);
      const names = namesAt({ [name]: ['ENOTFOUND'] });
      assertFailed(await it.main({ ...names.env, ...env }, short), says);
      assert.equal((await names.lookups()).length, 3);
    });
  }

  test('that does not find the default host says nothing of `api-url`', { timeout: TIMEOUT_MS }, async () => {
    await using it = await openProxiedScene(certificates, certificates.good);
    const names = namesAt({ [HOST]: ['ENOTFOUND'] });
    const inputs = it.scene.inputs({ 'installation-id': it.scene.nordic.id, 'api-url': '' });
    const main = await it.main(names.env, { ...short, inputs });
    assertFailed(main, /^api\.carbonregistry\.com was not found \(3 attempts in \d s\)\. Check the runner’s network/);
    assert.ok(!main.stdout.includes('`api-url`'));
  });
});
