/** Answers a benchmark's requests, in a process of its own so that it takes no time from the one that measures. */
import { generateKeyPairSync } from 'node:crypto';
import { makeAuthority } from '../support/simulator/certificates.ts';
import { jsonReply, textReply } from '../support/simulator/replies.ts';
import type { Route } from '../support/simulator/routes.ts';
import { startSimulator } from '../support/simulator/simulator.ts';
import type { Change, Counts, Registry } from './remote.ts';

const APP_ID = '5b1c7b0e-0f0a-4f7e-8a52-4f5e0f3a9c11';
const registry: Registry = JSON.parse(process.argv[2] ?? '{}');

const authority = registry.certificatesIn === undefined ? undefined : await makeAuthority(registry.certificatesIn);
const simulator = await startSimulator({
  ...(authority === undefined ? {} : { tls: await authority.issue({ ips: ['127.0.0.1'] }) }),
  settings: { organizationInstallationRoute: registry.hasOrganizationRoute },
  extraRoutes: githubRoutes,
});
const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
simulator.addApp({ id: APP_ID, appNameId: 'octo-app', keys: [publicKey] });
const organizationIds = Array.from({ length: registry.installations }, () => {
  return simulator.addInstallation({ appId: APP_ID }).organization.id;
});

process.on('message', ({ latencyMs }: Change) => {
  if (latencyMs !== undefined) simulator.settings.latencyMs = latencyMs;
  const counts: Counts = {
    requests: simulator.requests().length,
    connections: simulator.connections(),
    liveTokens: simulator.tokens().filter(({ state }) => state === 'live').length,
  };
  process.send?.(counts);
});
process.send?.({
  url: simulator.url,
  appId: APP_ID,
  privateKey: privateKey.export({ type: 'pkcs1', format: 'pem' }),
  firstOrganizationId: organizationIds.at(0),
  lastOrganizationId: organizationIds.at(-1),
  env: authority === undefined ? {} : { NODE_EXTRA_CA_CERTS: authority.certFile },
});

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
