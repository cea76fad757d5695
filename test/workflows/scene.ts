/** What the workflows meet: an ICR and its sandbox, the repository's variables and secrets, an importer. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Effect,
  fillWithDemo,
  type Installation,
  type IssuedToken,
  startSimulator,
} from '../support/simulator/simulator.ts';
import { type Outcome, openAct, type Run } from './act.ts';
import { type Network, openNetwork } from './network.ts';

export interface Result extends Outcome {
  /** Minted by production during this run, with their states after it. */
  tokens: readonly IssuedToken[];
  /** Minted by the sandbox. */
  sandboxTokens: readonly IssuedToken[];
  /** The paths and tokens that the importer was sent. */
  imported: readonly (readonly [path: string, token: string])[];
  /** The bodies of the requests to retire, in the sandbox. */
  retirements: readonly string[];
}

export interface Scene extends AsyncDisposable {
  /** With organization_warehouse: WRITE. */
  forest: Installation;
  /** With organization_warehouse: VIEW. */
  basalt: Installation;
  /** With no permission but organization_info. */
  bare: Installation;
  /** With organization_inventory: VIEW, like the next. */
  meadow: Installation;
  moor: Installation;
  /** In the sandbox, where nothing of production is known, with no permission but organization_info. */
  sandbox: Installation;
  /** In the sandbox, with organization_inventory: REQUEST. */
  requester: Installation;
  /** Has the sandbox answer the next request to retire so, though it has taken it. */
  loseRetirement(effect: Effect): void;
  /** The variables and the secret of an environment for the sandbox. */
  ofSandbox: Required<Pick<Run, 'vars' | 'secrets'>>;
  /** Runs a workflow for the forest unless `vars` says otherwise, and checks that its log holds no secret. */
  run(workflow: string, options?: Partial<Run>): Promise<Result>;
  git(...options: readonly string[]): string;
  network: Network;
  /** The status that ICR answers to a request with the token. */
  ask(token: string): Promise<number>;
}

export async function createScene(): Promise<Scene> {
  // First, since it may fail for want of Go, with nothing to clean up yet.
  const act = await openAct();
  const [pem, sandboxPem] = [newPem(), newPem()];
  const folder = await mkdtemp(join(tmpdir(), 'icr-key-'));
  const keyFile = join(folder, 'key.pem');
  await writeFile(keyFile, pem, { mode: 0o600 });

  const simulator = await startSimulator();
  const { appId, installations } = fillWithDemo(simulator, pem);
  const [forest, basalt] = installations;
  assert.ok(forest !== undefined && basalt !== undefined);
  const bare = simulator.addInstallation({ appId, permissions: { organization_info: 'VIEW' } });
  const reads = { organization_info: 'VIEW', organization_inventory: 'VIEW' };
  const [meadow, moor] = ['Engjar ehf.', 'Heiði ehf.'].map((fullName) =>
    simulator.addInstallation({ appId, organization: { fullName }, permissions: reads }),
  );
  assert.ok(meadow !== undefined && moor !== undefined);
  const sandboxSimulator = await startSimulator();
  const inSandbox = fillWithDemo(sandboxSimulator, sandboxPem);
  const sandbox = sandboxSimulator.addInstallation({ appId: inSandbox.appId });
  const requester = sandboxSimulator.addInstallation({
    appId: inSandbox.appId,
    permissions: { organization_info: 'VIEW', organization_inventory: 'REQUEST' },
  });
  const retirements = () =>
    sandboxSimulator.requests().filter(({ method, path }) => method === 'POST' && path.endsWith('/requests/retire'));
  const importer = await openImporter();
  const network = await openNetwork(folder, {
    'api.carbonregistry.com': simulator.port,
    'sandbox-api.carbonregistry.com': sandboxSimulator.port,
    'importer.example.com': importer.port,
  });

  return {
    forest,
    basalt,
    bare,
    meadow,
    moor,
    sandbox,
    requester,
    loseRetirement: (effect) =>
      sandboxSimulator.fault({ method: 'POST', path: '/organizations/*/inventory/requests/retire', times: 1, effect }),
    ofSandbox: {
      vars: {
        ICR_APP_ID: inSandbox.appId,
        ICR_ORGANIZATION_ID: sandbox.organization.id,
        ICR_ORGANIZATIONS: JSON.stringify({ forest: requester.organization.id }),
      },
      secrets: { ICR_PRIVATE_KEY: sandboxPem, HTTPS_PROXY: network.companyProxyUrl },
    },
    network,
    git: act.git,
    run: async (workflow, options = {}) => {
      const minted = simulator.tokens().length;
      const mintedInSandbox = sandboxSimulator.tokens().length;
      const imported = importer.received.length;
      const retired = retirements().length;
      const outcome = await act.run({
        workflow,
        event: 'workflow_dispatch',
        secrets: { ICR_PRIVATE_KEY: pem, HTTPS_PROXY: network.companyProxyUrl },
        ...options,
        vars: {
          ICR_APP_ID: appId,
          ICR_ORGANIZATION_ID: forest.organization.id,
          ICR_ORGANIZATIONS: JSON.stringify({ forest: meadow.organization.id, basalt: moor.organization.id }),
          IMPORTER_URL: 'https://importer.example.com',
          VAULT_ADDR: 'https://vault.example:8200',
          ICR_KMS_KEY_ID: 'alias/icr-app',
          AWS_ROLE: 'arn:aws:iam::123456789012:role/icr',
          AWS_REGION: 'eu-north-1',
          ...options.vars,
        },
        env: { STAND_IN_KEY: keyFile, ...(options.env ?? network.env) },
      });
      const secrets = [
        ...[simulator, sandboxSimulator].flatMap((icr) => [
          ...icr.tokens().map(({ token }) => token),
          ...icr.requests().flatMap(({ bearer }) => bearer ?? []),
        ]),
        network.password,
        ...`${pem}\n${sandboxPem}`.split('\n').filter((line) => line.length >= 16 && !line.startsWith('-----')),
      ];
      for (const secret of secrets) assert.ok(!outcome.log.includes(secret), 'a secret is in the log in clear');
      return {
        ...outcome,
        tokens: simulator.tokens().slice(minted),
        sandboxTokens: sandboxSimulator.tokens().slice(mintedInSandbox),
        imported: importer.received.slice(imported),
        retirements: retirements()
          .slice(retired)
          .map(({ body }) => body),
      };
    },
    ask: async (token) => {
      const answer = await fetch(`${simulator.url}/projects?limit=1&page=0`, {
        headers: { authorization: `Bearer ${token}` },
      });
      return answer.status;
    },
    [Symbol.asyncDispose]: async () => {
      await act[Symbol.asyncDispose]();
      await network[Symbol.asyncDispose]();
      await importer.close();
      await simulator.close();
      await sandboxSimulator.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function newPem(): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** The service of `hand-over.yml` that goes on with a token after the job has ended. Below /down, it takes nothing. */
async function openImporter() {
  const received: (readonly [string, string])[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => {
      received.push([path, body]);
      response.writeHead(path.startsWith('/down/') ? 503 : 200).end('started\n');
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    received,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}
