/** Sets up the proxy's tests: the simulator as https://api.carbonregistry.com behind a private CA. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Result, StepOptions } from '../runner.ts';
import { assertNoSecrets, createScene, type Scene } from '../scene.ts';
import { type CertificateAuthority, makeAuthority } from '../simulator/certificates.ts';
import type { TlsIdentity } from '../simulator/simulator.ts';

export const HOST = 'api.carbonregistry.com';

/** For NODE_OPTIONS. With slashes alone, since a backslash there escapes what follows. */
export const PRELOAD_OPTION = `--require "${join(import.meta.dirname, 'resolve-to-loopback.cjs').replaceAll('\\', '/')}"`;

export interface Certificates extends AsyncDisposable {
  authority: CertificateAuthority;
  good: TlsIdentity;
  expired: TlsIdentity;
  otherHost: TlsIdentity;
  weak: TlsIdentity;
  /** For the address of a proxy on this machine alone, not for the API. */
  proxy: TlsIdentity;
}

export async function makeCertificates(): Promise<Certificates> {
  const folder = await mkdtemp(join(tmpdir(), 'icr-ca-'));
  const authority = await makeAuthority(folder);
  return {
    authority,
    good: await authority.issue({ hosts: [HOST], ips: ['127.0.0.1'] }),
    expired: await authority.issue({ hosts: [HOST], expired: true }),
    otherHost: await authority.issue({ hosts: ['api.example.com'] }),
    weak: await authority.issue({ hosts: [HOST], weak: true }),
    proxy: await authority.issue({ ips: ['127.0.0.1'] }),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

export interface ProxiedScene extends AsyncDisposable {
  scene: Scene;
  /** `host:port` of the simulator under the API's name. */
  target: string;
  /** Runs main, whose first request is for the installation; the API's name leads to the simulator directly, too. */
  main(env: StepOptions['env'], more?: Partial<StepOptions>): Promise<Result>;
  /** Main and then post, which must revoke what main minted. */
  mainAndPost(env: StepOptions['env']): Promise<{ main: Result; post: Result }>;
}

/** @param tls what the simulator shows for the API */
export async function openProxiedScene(
  { authority }: Certificates,
  tls: TlsIdentity,
  secrets: readonly string[] = [],
): Promise<ProxiedScene> {
  const scene = await createScene({ tls, settings: { echoAuthorization: true } });
  const target = `${HOST}:${scene.simulator.port}`;
  const step = (env: StepOptions['env'], ids: Record<string, string>, more: Partial<StepOptions> = {}) =>
    scene.step(
      { 'organization-id': scene.nordic.organization.id, 'api-url': `https://${target}`, ...ids },
      {
        env: {
          NODE_OPTIONS: PRELOAD_OPTION,
          NODE_EXTRA_CA_CERTS: authority.certFile,
          RUNNER_DEBUG: '1',
          ...env,
        },
        ...more,
      },
    );
  return {
    scene,
    target,
    main: async (env, more) => {
      const main = await (await step(env, { 'installation-id': scene.nordic.id }, more)).main();
      assertNoSecrets(main, scene.simulator, secrets);
      return main;
    },
    mainAndPost: async (env) => {
      const both = await step(env, {});
      const main = await both.main();
      assertNoSecrets(main, scene.simulator, secrets);
      assert.equal(main.exitCode, 0, main.stdout + main.stderr);
      const post = await both.post();
      assertNoSecrets(post, scene.simulator, secrets);
      assert.deepEqual([post.exitCode, ...post.errors, ...post.warnings], [0], post.stdout);
      assert.equal(scene.liveTokens(), 0);
      return { main, post };
    },
    [Symbol.asyncDispose]: () => scene[Symbol.asyncDispose](),
  };
}
