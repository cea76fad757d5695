/** Calls the simulator in its own tests: as an app with one installation, by HTTP requests with JWTs and tokens. */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { isJsonObject, type Json, type JsonObject, parseJson } from './replies.ts';
import { type Installation, type Simulator, type SimulatorOptions, startSimulator } from './simulator.ts';

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

export interface CallOptions {
  readonly bearer?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly ca?: string;
  /** Milliseconds to wait for the next byte before the call fails. */
  readonly patience?: number;
  /** An open connection to use, for instance a proxy's tunnel. */
  readonly socket?: Socket;
}

export interface CallResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** @throws Error unless a whole response comes */
export function call(method: string, url: string, options: CallOptions = {}): Promise<CallResponse> {
  const { bearer, body, ca, patience, socket } = options;
  const headers = {
    ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
    ...options.headers,
  };
  const request = url.startsWith('https:') ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const connection = socket === undefined ? { agent: false } : { createConnection: () => socket };
    const sent = request(url, { method, headers, ...connection, ...(ca === undefined ? {} : { ca }) });
    sent.on('error', reject);
    if (patience !== undefined) sent.setTimeout(patience, () => sent.destroy(new Error('out of patience')));
    sent.on('response', (response) => {
      const chunks: Uint8Array[] = [];
      response.on('data', (chunk: Uint8Array) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
      });
    });
    sent.end(body);
  });
}

export function objectIn(response: CallResponse): JsonObject {
  const value = parseJson(response.text);
  if (!isJsonObject(value)) throw new Error(`not a JSON object: ${response.text}`);
  return value;
}

export function textIn(response: CallResponse, name: string): string {
  const value = objectIn(response)[name];
  if (typeof value !== 'string') throw new Error(`no text ${name} in ${response.text}`);
  return value;
}

export function listIn(response: CallResponse, name: string): readonly JsonObject[] {
  const value: Json | undefined = objectIn(response)[name];
  if (!Array.isArray(value)) throw new Error(`no list ${name} in ${response.text}`);
  return value.filter(isJsonObject);
}
