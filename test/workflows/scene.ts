/** What the workflows meet: an ICR and its sandbox, the repository's variables and secrets, an importer. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fillWithDemo, type Installation, type IssuedToken, startSimulator } from '../support/simulator/simulator.ts';
import { type Outcome, openAct, type Run } from './act.ts';
import { type Network, openNetwork } from './network.ts';

export interface Result extends Outcome {
  /** Minted by production during this run, with their states after it. */
  tokens: readonly IssuedToken[];
  /** Minted by the sandbox. */
  sandboxTokens: readonly IssuedToken[];
  /** What the importer was sent. */
  imported: readonly string[];
}

export interface Scene extends AsyncDisposable {
  /** With organization_warehouse: WRITE. */
  forest: Installation;
  /** With organization_warehouse: VIEW. */
  basalt: Installation;
  /** With no permission but organization_info. */
  bare: Installation;
  /** In the sandbox, where nothing of production is known. */
  sandbox: Installation;
  /** The variables and the secret of the environment `sandbox`. */
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
  const sandboxSimulator = await startSimulator();
  const inSandbox = fillWithDemo(sandboxSimulator, sandboxPem);
  const [sandbox] = inSandbox.installations;
  assert.ok(sandbox !== undefined);
  const importer = await openImporter();
  const network = await openNetwork(folder, {
    'api.carbonregistry.com': simulator.port,
    'sandbox-api.carbonregistry.com': sandboxSimulator.port,
  });

  return {
    forest,
    basalt,
    sandbox,
    bare,
    ofSandbox: {
      vars: { ICR_APP_ID: inSandbox.appId, ICR_ORGANIZATION_ID: sandbox.organization.id },
      secrets: { ICR_PRIVATE_KEY: sandboxPem },
    },
    network,
    git: act.git,
    run: async (workflow, options = {}) => {
      const minted = simulator.tokens().length;
      const mintedInSandbox = sandboxSimulator.tokens().length;
      const imported = importer.received.length;
      const outcome = await act.run({
        workflow,
        event: 'workflow_dispatch',
        secrets: { ICR_PRIVATE_KEY: pem, HTTPS_PROXY: network.companyProxyUrl },
        ...options,
        vars: {
          ICR_APP_ID: appId,
          ICR_API_URL: simulator.url,
          ICR_ORGANIZATION_ID: forest.organization.id,
          ICR_ORGANIZATION_IDS: JSON.stringify([forest.organization.id, basalt.organization.id]),
          IMPORTER_URL: importer.url,
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

/** The service of `hand-over.yml` that goes on with a token after the job has ended. */
async function openImporter() {
  const received: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => {
      received.push(body);
      response.end('started\n');
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}
