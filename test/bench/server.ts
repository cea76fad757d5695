/** The benchmark's server: a simulator in a process of its own, so that it takes no time from the one that measures. */
import { type ChildProcess, fork } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { makeAuthority } from '../support/simulator/certificates.ts';
import { jsonReply, textReply } from '../support/simulator/replies.ts';
import type { Route } from '../support/simulator/routes.ts';
import { startSimulator } from '../support/simulator/simulator.ts';

const APP_ID = '5b1c7b0e-0f0a-4f7e-8a52-4f5e0f3a9c11';

export interface Counts {
  requests: number;
  connections: number;
  liveTokens: number;
}

interface Address {
  url: string;
  appId: string;
  privateKey: string;
  organizationId: string;
  /** What a client needs to trust the server if it speaks TLS. */
  env: Readonly<Record<string, string>>;
}

export interface Server extends Address, Disposable {
  /** Sets the server's latency if it is given, and returns what the server has seen so far. */
  tell(latencyMs?: number): Promise<Counts>;
}

/** @param certificatesIn a folder for the files of a private certificate authority; with it, the server speaks TLS */
export async function startServer(certificatesIn?: string): Promise<Server> {
  const child = fork(import.meta.filename, certificatesIn === undefined ? [] : [certificatesIn]);
  const address = await message<Address>(child);
  return {
    ...address,
    tell: (latencyMs) => {
      child.send({ latencyMs });
      return message<Counts>(child);
    },
    [Symbol.dispose]: () => void child.kill(),
  };
}

async function message<T>(child: ChildProcess): Promise<T> {
  const [value] = await once(child, 'message');
  return value;
}

async function serve(certificatesIn?: string): Promise<void> {
  const authority = certificatesIn === undefined ? undefined : await makeAuthority(certificatesIn);
  const simulator = await startSimulator({
    ...(authority === undefined ? {} : { tls: await authority.issue({ ips: ['127.0.0.1'] }) }),
    extraRoutes: githubRoutes,
  });
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  simulator.addApp({ id: APP_ID, appNameId: 'octo-app', keys: [publicKey] });
  const { organization } = simulator.addInstallation({ appId: APP_ID });

  process.on('message', ({ latencyMs }: { latencyMs?: number }) => {
    if (latencyMs !== undefined) simulator.settings.latencyMs = latencyMs;
    const counts: Counts = {
      requests: simulator.requests().length,
      connections: simulator.connections(),
      liveTokens: simulator.tokens().filter(({ state }) => state === 'live').length,
    };
    process.send?.(counts);
  });
  const address: Address = {
    url: simulator.url,
    appId: APP_ID,
    privateKey: privateKey.export({ type: 'pkcs1', format: 'pem' }).toString(),
    organizationId: organization.id,
    env: authority === undefined ? {} : { NODE_EXTRA_CA_CERTS: authority.certFile },
  };
  process.send?.(address);
}

/** The three requests of actions/create-github-app-token, answered as GitHub's documentation has it. */
function githubRoutes(): Route[] {
  const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
  return [
    {
      method: 'GET',
      path: '/repos/octo-org/octo-repo/installation',
      handle: () => jsonReply(200, { id: 123456, app_slug: 'octo-app' }),
    },
    {
      method: 'POST',
      path: '/app/installations/123456/access_tokens',
      handle: () =>
        jsonReply(201, { token: 'ghs_0123456789abcdef', expires_at: expiresAt, permissions: { contents: 'read' } }),
    },
    { method: 'DELETE', path: '/installation/token', handle: () => textReply(204, '') },
  ];
}

if (import.meta.main) await serve(process.argv[2]);
