/**
 * Runs the simulator as a process, for a shell or a workflow:
 *   npm run simulator -- --state FILE.json [--port P] [--base-path /v0.5] [--private-key FILE] [--world FILE] [--settings JSON]
 * A world is what `npm run probe` wrote of an API. The settings are those of settings.ts.
 * When it is ready, it writes FILE.json and a line on standard output. SIGTERM or SIGINT ends it.
 */
import { createHash, generateKeyPairSync } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { readWorld } from '../../probe/world.ts';
import { jsonReply } from './replies.ts';
import { fillWithDemo, type IssuedToken, type JsonObject, startSimulator } from './simulator.ts';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    state: { type: 'string' },
    'base-path': { type: 'string' },
    'private-key': { type: 'string' },
    world: { type: 'string' },
    settings: { type: 'string', default: '{}' },
  },
});
const { state } = values;
if (state === undefined) throw new Error('--state FILE.json is needed: where to write the address and the ids');

const world = values.world === undefined ? undefined : readWorld(values.world);
for (const difference of world?.unreached ?? []) console.log(`The settings do not reach this: ${difference}`);
const keyFile = resolve(values['private-key'] ?? freshKey(`${state}.private-key.pem`));
const simulator = await startSimulator({
  port: Number(values.port),
  basePath: values['base-path'] ?? world?.basePath ?? '',
  settings: { ...world?.settings, ...JSON.parse(values.settings) },
  extraRoutes: (tokens) => [
    {
      method: 'GET',
      path: '/__simulator/tokens',
      handle: () => jsonReply(200, { tokens: tokens().map(describeToken) }),
    },
  ],
});
const { appId, installations } = fillWithDemo(simulator, readFileSync(keyFile, 'utf8'));
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void simulator.close());

// Written elsewhere and then renamed, so that nobody reads half of it.
writeFileSync(`${state}.part`, `${JSON.stringify(describe(), undefined, 2)}\n`);
renameSync(`${state}.part`, state);
console.log(`ICR simulator ready on ${simulator.url}, described in ${state}`);

function describe(): JsonObject {
  return {
    url: simulator.url,
    pid: process.pid,
    appId,
    privateKeyPath: keyFile,
    installations: installations.map((it) => ({
      installationId: it.id,
      organizationId: it.organization.id,
      organizationName: it.organization.fullName,
      permissions: it.permissions,
    })),
  };
}

/** With the hash of the token instead of the token, so that a log of this response leaks nothing. */
function describeToken(token: IssuedToken): JsonObject {
  return {
    id: token.id,
    state: token.state,
    sha256: createHash('sha256').update(token.token).digest('hex'),
    kind: token.installation === undefined ? 'app' : 'installation',
    installationId: token.installation?.id ?? null,
    organizationId: token.installation?.organization.id ?? null,
    expiresAt: new Date(token.expiresAt).toISOString(),
  };
}

function freshKey(file: string): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  return file;
}
