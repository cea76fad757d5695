/** Starts the simulator: an ICR App API on loopback that refuses what ICR would refuse. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Clock, type IssuedToken, type ServerState, TokenStore } from './credentials.ts';
import { type Effect, type Fault, Faults, processes, send, sendInstead, sendSpoiled } from './faults.ts';
import { Listener, type LiveRecord, RequestLog, type RequestRecord, type TlsIdentity } from './listener.ts';
import {
  type App,
  type AppInput,
  type AppKey,
  type Installation,
  type InstallationInput,
  Registry,
} from './registry.ts';
import { ApiError, errorReply, parseJson, type Reply, textReply } from './replies.ts';
import { appRoutes, findRoute, type Route, resourceRoutes } from './routes.ts';
import { type Answer, defaultSettings, type Settings } from './settings.ts';

export type { IssuedToken, TokenState } from './credentials.ts';
export { type Effect, empty, type Fault, html, json, type ReplacingEffect, redirect } from './faults.ts';
export type { RequestRecord, TlsIdentity } from './listener.ts';
export type {
  App,
  AppInput,
  AppKey,
  Installation,
  InstallationInput,
  InstallationState,
  Organization,
  OrganizationInput,
  Permissions,
} from './registry.ts';
export type { ErrorForm, Json, JsonObject } from './replies.ts';
export type { Answer, RateLimit, RouteName, Settings } from './settings.ts';

export interface SimulatorOptions {
  /** Default: any free port. */
  readonly port?: number;
  /** Serves HTTPS if it is given. */
  readonly tls?: TlsIdentity;
  /** A path such as `/v0.5` in front of every route. docs: Versions. */
  readonly basePath?: string;
  readonly settings?: Partial<Settings>;
  /** Routes besides ICR's own. */
  readonly extraRoutes?: (tokens: () => readonly IssuedToken[]) => readonly Route[];
}

export interface Simulator {
  /** With the base path and without a trailing slash. The host is 127.0.0.1. */
  readonly url: string;
  readonly port: number;
  /** Can be changed at any time. */
  readonly settings: Settings;
  addApp(app: AppInput): App;
  /** The app must exist. The result's `state` and `permissions` can be changed at any time. */
  addInstallation(installation: InstallationInput): Installation;
  fault(fault: Fault): void;
  clearFaults(): void;
  /** Sets `settings.clockAheadSeconds`. */
  moveClock(aheadOfRealTimeSeconds: number): void;
  /** Every token that was minted, the oldest first. */
  tokens(): readonly IssuedToken[];
  requests(): readonly RequestRecord[];
  /** TCP connections accepted so far. */
  connections(): number;
  /** TLS handshakes completed so far. */
  handshakes(): number;
  /** Ends at once, with all connections, even those that hang. */
  close(): Promise<void>;
}

export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const settings: Settings = { ...defaultSettings(), ...options.settings };
  const clock = new Clock(settings);
  const server: ServerState = { settings, clock, registry: new Registry(settings), tokens: new TokenStore(clock) };
  const tokens = () => server.tokens.all();
  const routes = [...appRoutes(server), ...resourceRoutes(server), ...(options.extraRoutes?.(tokens) ?? [])];
  const basePath = options.basePath ?? '';
  const api: Api = { server, routes, basePath, passed: [] };
  const faults = new Faults();
  const requestLog = new RequestLog();
  const listener = new Listener(options.tls, {
    request: (request, response, connection) => {
      if (requestLog.isFull()) {
        const message = 'This client goes on and on: the simulator takes no more requests';
        return send({ response, gzip: false, reset: () => undefined }, errorReply(new ApiError(400, message), 'nest'));
      }
      const record = requestLog.open(request, response, connection);
      const effect = faults.hit(record.method, targetOf(api, record) ?? record.path);
      exchange(api, { request, response, record, effect, reset: () => listener.reset(request) }).catch(
        (error: unknown) => {
          // A mistake in the simulator, or in the `change` of a test.
          console.error(error);
          response.destroy();
        },
      );
    },
  });
  await listener.listen(options.port ?? 0);
  return {
    url: `${options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${listener.port}${basePath}`,
    port: listener.port,
    settings,
    addApp: (app) => server.registry.addApp(app),
    addInstallation: (installation) => server.registry.addInstallation(installation, clock.iso()),
    fault: (fault) => faults.add(fault),
    clearFaults: () => faults.clear(),
    moveClock: (aheadOfRealTimeSeconds) => {
      settings.clockAheadSeconds = aheadOfRealTimeSeconds;
    },
    tokens,
    requests: () => requestLog.all(),
    connections: () => listener.connections,
    handshakes: () => listener.handshakes,
    close: () => listener.close(),
  };
}

interface Api {
  readonly server: ServerState;
  readonly routes: readonly Route[];
  readonly basePath: string;
  /** When each request of the last second was let through, by the monotonic clock. */
  passed: number[];
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly record: LiveRecord;
  readonly effect: Effect | undefined;
  readonly reset: () => void;
}

/** Records one request, applies a fault if there is one, processes it and responds. */
async function exchange(api: Api, { request, response, record, effect, reset }: Exchange): Promise<void> {
  const { settings, clock } = api.server;
  const wire = { response, reset, gzip: settings.gzip };
  // The Date header shows the server's clock. Node would send the real time.
  response.sendDate = false;
  if (settings.sendDate) response.setHeader('Date', clock.httpDate());
  record.fault = effect?.kind;
  if (effect?.kind === 'reset' && !processes(effect)) return reset();
  const body = await read(request);
  if (body === undefined) return;
  record.body = body;
  await pause(settings.latencyMs, response);
  if (effect !== undefined && !processes(effect)) return sendInstead(wire, effect);
  const reply = process(api, record);
  await pause(reply.delayMs ?? 0, response);
  if (effect === undefined) send(wire, reply);
  else await sendSpoiled(wire, reply, effect);
}

/** Undefined if the client went away before it had sent everything. */
async function read(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of request) chunks.push(chunk);
    return Buffer.concat(chunks).toString('utf8');
  } catch {
    return undefined;
  }
}

/** Ends early if the connection does. The request has arrived, so it is processed all the same. */
function pause(ms: number, response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    if (ms <= 0 || response.destroyed) return resolve();
    const timer = setTimeout(resolve, ms);
    response.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** The request's path below the base path. Undefined if it is elsewhere. */
function targetOf({ basePath }: Api, { path }: LiveRecord): string | undefined {
  return path.startsWith(`${basePath}/`) ? path.slice(basePath.length) : undefined;
}

/** In the order of an Express server: the checks of every request, then the route, then its permissions. */
function process(api: Api, record: LiveRecord): Reply {
  const { settings } = api.server;
  record.processed = true;
  try {
    const target = targetOf(api, record);
    const route = target === undefined ? undefined : findRoute(api.routes, record.method, target);
    const answer = (route?.name && settings.answers[route.name]) ?? settings.answers.all;
    if (answer?.atOnce === true) return changed(textReply(200, ''), answer);
    checkRate(api);
    checkBody(record.body);
    checkVersion(record.headers['x-icr-api-version'], settings.apiVersionHeader);
    if (target === undefined && settings.outsideBasePath < 400) {
      return { ...textReply(settings.outsideBasePath, ''), headers: { Location: `${api.basePath}${record.path}` } };
    }
    // NestJS' words, which tell a missing route from a missing record.
    if (route === undefined) throw new ApiError(404, `Cannot ${record.method} ${record.path}`);
    const reply = route.answer(record);
    return answer === undefined ? reply : changed(reply, answer);
  } catch (error) {
    if (error instanceof ApiError) return errorReply(withEcho(error, record, settings), settings.errorForm);
    // A mistake in the simulator. It must be seen, and not pass for a response of ICR.
    console.error(error);
    return errorReply(new ApiError(500, 'Internal server error'), 'nest');
  }
}

function changed(reply: Reply, { status = reply.status, headers, json, text, under, delayMs = 0 }: Answer): Reply {
  let { headers: ownHeaders, body } = reply;
  if (json !== undefined) ({ headers: ownHeaders, body } = textReply(status, JSON.stringify(json)));
  else if (text !== undefined) ({ headers: ownHeaders, body } = textReply(status, text, 'text/plain; charset=utf-8'));
  else if (under !== undefined) body = under === '[]' ? `[${body}]` : `{${JSON.stringify(under)}:${body}}`;
  return { status, headers: { ...ownHeaders, ...headers }, body, delayMs };
}

function withEcho(error: ApiError, { headers }: LiveRecord, { echoAuthorization }: Settings): ApiError {
  if (!echoAuthorization || headers.authorization === undefined) return error;
  const { status, reasons } = error;
  const echo = `authorization was ${headers.authorization}`;
  return new ApiError(status, typeof reasons === 'string' ? `${reasons} (${echo})` : [...reasons, echo], error.headers);
}

/** docs: Best practices announces limits without numbers. */
function checkRate(api: Api): void {
  const { settings, clock } = api.server;
  const { rateLimit: limit } = settings;
  if (limit === undefined) return;
  const now = performance.now();
  api.passed = api.passed.filter((at) => at > now - 1000);
  if (api.passed.length >= limit.perSecond) {
    const wait = limit.retryAfterSeconds;
    const retryAfter = limit.retryAfterAs === 'seconds' ? String(wait) : clock.httpDate(wait);
    throw new ApiError(429, 'ThrottlerException: Too Many Requests', { 'Retry-After': retryAfter });
  }
  api.passed.push(now);
}

/** Express' default: 100 kB. */
const LARGEST_BODY = 102_400;

/** Express' JSON parser takes no body, an object or a list. */
function checkBody(body: string): void {
  if (body.trim() === '') return;
  if (Buffer.byteLength(body) > LARGEST_BODY) throw new ApiError(413, 'request entity too large');
  const value = parseJson(body);
  if (typeof value !== 'object' || value === null) throw new ApiError(400, 'Body is not valid JSON');
}

/** docs: API versions. There is one, and any other is answered with 400. */
const API_VERSION = '2023-06-16';

function checkVersion(version: string | readonly string[] | undefined, rule: Settings['apiVersionHeader']): void {
  if (rule === 'ignored' || version === API_VERSION || (version === undefined && rule === 'optional')) return;
  throw new ApiError(400, `Unsupported API version: ${String(version)}`);
}

export interface DemoRegistry {
  readonly appId: string;
  readonly installations: readonly Installation[];
}

/** Registers an app and two organizations, for the example workflows and for a simulator that is started from a shell. */
export function fillWithDemo(simulator: Simulator, key: AppKey): DemoRegistry {
  const appId = randomUUID();
  simulator.addApp({ id: appId, appNameId: 'carbon-ledger-sync', keys: [key] });
  const forest = simulator.addInstallation({
    appId,
    organization: {
      fullName: 'Skógarkolefni ehf.',
      city: 'Egilsstaðir',
      website: 'https://skogarkolefni.example',
    },
    permissions: {
      organization_info: 'VIEW',
      organization_inventory: 'REQUEST',
      organization_warehouse: 'WRITE',
    },
  });
  const basalt = simulator.addInstallation({
    appId,
    organization: {
      fullName: 'Basaltbinding hf.',
      city: 'Hveragerði',
      website: 'https://basaltbinding.example',
      industry: { code: 'E39', name: 'Remediation activities' },
    },
    permissions: { organization_info: 'VIEW', organization_warehouse: 'VIEW' },
  });
  return { appId, installations: [forest, basalt] };
}
