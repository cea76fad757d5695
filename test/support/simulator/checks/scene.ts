/** Sets up what most checks need: a simulator with one app and one installation, and JWTs. */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { TestContext } from 'node:test';
import type { Json, JsonObject } from '../json.ts';
import { type Installation, type Simulator, type SimulatorOptions, startSimulator } from '../simulator.ts';
import { type CallOptions, type CallResponse, call, textIn } from './call.ts';

export const APP_ID = '67890';
export const KEY = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
export const OTHER_KEY = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;

export interface Scene {
  readonly simulator: Simulator;
  readonly installation: Installation;
  /** Calls a path of the simulator. */
  send(method: string, path: string, options?: CallOptions): Promise<CallResponse>;
  /** Calls it as the app, with a valid JWT. */
  asApp(method: string, path: string, options?: CallOptions): Promise<CallResponse>;
  /** Mints an installation access token. */
  mint(): Promise<string>;
}

/** The simulator is closed at the end of the test. */
export async function scene(t: TestContext, options: SimulatorOptions = {}): Promise<Scene> {
  const simulator = await startSimulator(options);
  t.after(() => simulator.close());
  simulator.addApp({ id: APP_ID, keys: [KEY] });
  const permissions = { organization_info: 'VIEW', organization_warehouse: 'WRITE' };
  const installation = simulator.addInstallation({ appId: APP_ID, permissions });
  const send: Scene['send'] = (method, path, more) => call(method, simulator.url + path, more);
  const asApp: Scene['asApp'] = (method, path, more) => send(method, path, { bearer: jwt(), ...more });
  const mint = async () => textIn(await asApp('POST', mintPath(installation)), 'token');
  return { simulator, installation, send, asApp, mint };
}

export function mintPath(installation: Installation): string {
  return `/app/installations/${installation.id}/accessTokens`;
}

/** A JWT as ICR documents it; a claim that is undefined is left out. */
export function jwt(
  claims: Readonly<Record<string, Json | undefined>> = {},
  key: KeyObject = KEY,
  header: JsonObject = { alg: 'RS256', typ: 'JWT' },
): string {
  const now = Math.floor(Date.now() / 1000);
  const payload = { alg: 'RS256', iss: APP_ID, iat: now - 60, exp: now + 540, ...claims };
  const signed = `${base64url(header)}.${base64url(payload)}`;
  return `${signed}.${sign('sha256', Buffer.from(signed), key).toString('base64url')}`;
}

export function base64url(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
