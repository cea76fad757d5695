/** Sets up what most tests need: a simulator with one app and two organizations, and the inputs to reach it. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { readWorld } from '../probe/world.ts';
import { isOf, REQUEST_KINDS } from './faults/request-kinds.ts';
import { type Result, type Step, type StepOptions, startStep, visibleText } from './runner.ts';
import { type Installation, type Simulator, type SimulatorOptions, startSimulator } from './simulator/simulator.ts';

export const KEYS = generateKeyPairSync('rsa', { modulusLength: 2048 });
export const PEM = KEYS.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
export const APP_ID = '5b1c7b0e-0f0a-4f7e-8a52-4f5e0f3a9c11';

/** A run whose log only the repository's collaborators can read. */
export const PRIVATE = { event: { name: 'push', payload: { repository: { private: true } } } };

export interface Scene extends AsyncDisposable {
  simulator: Simulator;
  /** Of the organization Nordic Carbon, with `organization_info` and `organization_warehouse`. */
  nordic: Installation;
  /** Of the organization Baltic Forests, with `organization_info`. */
  baltic: Installation;
  /** `app-id`, `private-key` and `api-url`, and others that add to them or replace them. */
  inputs(others?: Readonly<Record<string, string>>): Record<string, string>;
  step(inputs?: Readonly<Record<string, string>>, options?: Partial<StepOptions>): Promise<Step>;
  /** Runs main alone. */
  main(inputs?: Readonly<Record<string, string>>, options?: Partial<StepOptions>): Promise<Result>;
  /** `METHOD /path` of every request so far. */
  asked(): string[];
  liveTokens(): number;
}

export interface SceneOptions extends SimulatorOptions {
  /** What `npm run probe` wrote of an API: the simulator behaves so as far as its settings reach. */
  readonly world?: string;
}

export async function createScene({ world, ...options }: SceneOptions = {}): Promise<Scene> {
  const simulator = await startSimulator(world === undefined ? options : withWorld(world, options));
  simulator.addApp({ id: APP_ID, appNameId: 'octo-app', keys: [KEYS.publicKey] });
  const nordic = simulator.addInstallation({
    appId: APP_ID,
    organization: { fullName: 'Nordic Carbon ehf.' },
    permissions: { organization_info: 'VIEW', organization_warehouse: 'WRITE' },
  });
  const baltic = simulator.addInstallation({
    appId: APP_ID,
    organization: { fullName: 'Baltic Forests OÜ' },
    permissions: { organization_info: 'VIEW' },
  });
  const steps: Step[] = [];
  const scene: Scene = {
    simulator,
    nordic,
    baltic,
    inputs: (others = {}) => ({ 'app-id': APP_ID, 'private-key': PEM, 'api-url': simulator.url, ...others }),
    step: async (inputs, options = {}) => {
      const step = await startStep({ inputs: scene.inputs(inputs), ...options });
      steps.push(step);
      return step;
    },
    main: async (inputs, options) => {
      const result = await (await scene.step(inputs, options)).main();
      assertNoSecrets(result, simulator);
      return result;
    },
    asked: () => simulator.requests().map(({ method, path }) => `${method} ${path}`),
    liveTokens: () => simulator.tokens().filter(({ state }) => state === 'live').length,
    [Symbol.asyncDispose]: async () => {
      await simulator.close();
      for (const step of steps) await step[Symbol.asyncDispose]();
      assertFaultsAreTried(simulator);
    },
  };
  return scene;
}

function withWorld(file: string, options: SimulatorOptions): SimulatorOptions {
  const { basePath, settings } = readWorld(file);
  return { basePath, ...options, settings: { ...settings, ...options.settings } };
}

/** Checks that each request of the action is a row of the fault matrix. */
function assertFaultsAreTried(simulator: Simulator): void {
  for (const request of simulator.requests()) {
    const isFromAction = request.headers['user-agent']?.startsWith('create-icr-app-token/') === true;
    const isListed = REQUEST_KINDS.some((kind) => isOf(kind)(request));
    assert.ok(
      !isFromAction || isListed,
      `${request.method} ${request.path} has no row in test/support/faults/request-kinds.ts`,
    );
  }
}

/** Checks that people can read no token, no JWT that was sent, and no line of the key. */
export function assertNoSecrets(result: Result, simulator: Simulator, others: readonly string[] = []): void {
  const text = visibleText(result);
  const secrets = [
    ...simulator.tokens().map(({ token }) => token),
    ...simulator.requests().flatMap(({ bearer }) => bearer ?? []),
    ...keyLines(PEM),
    ...others,
  ];
  for (const secret of secrets)
    assert.ok(!text.includes(secret), `a secret is in clear: ${secret.slice(0, 12)}… in\n${text}`);
}

/** The lines of a PEM's body, without a short last one. */
export function keyLines(pem: string): string[] {
  return pem.split('\n').filter((line) => line.length >= 16 && !line.startsWith('-----'));
}
