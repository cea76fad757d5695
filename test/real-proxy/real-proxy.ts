/**
 * Tests the ways through and around the proxies that companies run. `.ci/run` starts it, where squid and
 * tinyproxy are installed; `npm test` has its own proxy instead.
 */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { shortenSecond } from '../support/faults/short-second.ts';
import { HOST, makeCertificates, openProxiedScene, type ProxiedScene } from '../support/proxy/proxied-scene.ts';
import { assertFailed } from '../support/runner.ts';
import { type DebianProxy, startSquid, startTinyproxy } from './debian-proxies.ts';

const LOGINS = {
  squid: { username: 'runner', password: 'p@ss:w0rd%&x' },
  // Its configuration takes no other characters.
  tinyproxy: { username: 'runner', password: 's3cret-pw_1.x' },
};

const certificates = await makeCertificates();
/** A retried failure takes a tenth of its time; the proxies' own timers know nothing of it. */
const short = await shortenSecond(100);
const open = await startSquid(HOST);
const started: DebianProxy[] = [open];
after(async () => {
  await Promise.all(started.map((proxy) => proxy[Symbol.asyncDispose]()));
  await certificates[Symbol.asyncDispose]();
  await short[Symbol.asyncDispose]();
});

for (const kind of ['squid', 'tinyproxy'] as const) {
  const { username, password } = LOGINS[kind];
  const start = async (login?: typeof LOGINS.squid) => {
    const proxy = await (kind === 'squid' ? startSquid(HOST, login) : startTinyproxy(open, login));
    started.push(proxy);
    return proxy;
  };
  const scene = () =>
    openProxiedScene(certificates, certificates.good, [
      password,
      encodeURIComponent(password),
      Buffer.from(`${username}:${password}`).toString('base64'),
    ]);
  const login = (address: string, secret = password) => `http://${username}:${encodeURIComponent(secret)}@${address}`;

  describe(kind, async () => {
    const proxy = await start();
    const guarded = await start(LOGINS[kind]);

    test('through it', async () => {
      await using it = await scene();
      await it.mainAndPost({ https_proxy: `http://${proxy.address}` });
      await assertLogged(proxy, it);
    });

    test('through it with a password', async () => {
      await using it = await scene();
      const { main, post } = await it.mainAndPost({ https_proxy: login(guarded.address) });
      assert.ok(main.masks.includes(password) && post.masks.includes(password));
      await assertLogged(guarded, it);
    });

    test('around it by no_proxy, with one TLS handshake in main and one in post', async () => {
      await using it = await scene();
      await it.mainAndPost({ https_proxy: `http://${proxy.address}`, no_proxy: HOST });
      assert.equal(it.scene.simulator.handshakes(), 2);
      assert.ok(!(await proxy.log()).includes(it.target));
    });

    for (const [what, address] of [
      ['without a password', `http://${guarded.address}`],
      ['with a wrong password', login(guarded.address, 'wrong-password')],
    ] as const) {
      test(`refused by it ${what}: one annotation that names https_proxy, and no second attempt`, async () => {
        await using it = await scene();
        const main = await it.main({ https_proxy: address });
        assertFailed(main, /proxy 127\.0\.0\.1:\d+ .*user name (?:and|or) password.*`https_proxy`/);
        assert.ok(!main.stdout.includes('trying again'));
        assert.ok(!main.log.join('\n').includes('wrong-password'));
        assert.equal(it.scene.simulator.connections(), 0);
      });
    }

    test('the API is not to be reached through it: an error that names it, after twelve attempts', async () => {
      await using it = await scene();
      await it.scene.simulator.close();
      const main = await it.main({ https_proxy: `http://${proxy.address}` }, short);
      assertFailed(main, /^The proxy 127\.0\.0\.1:\d+ did not connect to \S+ \(50[0-4]\) \(\d+ attempts in/);
      assert.ok(main.log.filter((line) => line.includes('trying again')).length >= 8);
    });

    test('a certificate that no one vouches for, behind it', async () => {
      await using it = await scene();
      const main = await it.main({ https_proxy: `http://${proxy.address}`, NODE_EXTRA_CA_CERTS: undefined });
      assertFailed(main, /NODE_EXTRA_CA_CERTS/);
      assert.equal(it.scene.simulator.requests().length, 0);
    });

    test('dead: an error that names it, after twelve attempts, and nothing goes around it', async () => {
      await using it = await scene();
      const dead = await start(LOGINS[kind]);
      await dead.stop();
      const main = await it.main({ https_proxy: login(dead.address) }, short);
      assertFailed(main, /^The proxy 127\.0\.0\.1:\d+ can’t be reached .*ECONNREFUSED/);
      assert.equal(it.scene.simulator.connections(), 0);
    });
  });
}

/** The proxy saw where the action went, and nothing of what it said there. */
async function assertLogged(proxy: DebianProxy, { scene, target }: ProxiedScene): Promise<void> {
  const log = await proxy.log();
  assert.ok(log.includes(target), log);
  for (const { bearer } of scene.simulator.requests()) assert.ok(!log.includes(bearer ?? 'no bearer'));
}
