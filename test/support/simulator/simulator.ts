/** Starts the simulator: an ICR App API on loopback that refuses what ICR would refuse. */
import type { App, AppInput } from './app.ts';
import { appRoutes } from './app-routes.ts';
import { Clock } from './clock.ts';
import { exchange } from './exchange.ts';
import { type Fault, Faults } from './faults.ts';
import type { Installation, InstallationInput } from './installation.ts';
import { Listener, type TlsIdentity } from './listener.ts';
import { Processor } from './processor.ts';
import { RateLimiter } from './rate-limiter.ts';
import { Registry } from './registry.ts';
import { RequestLog, type RequestRecord } from './request-log.ts';
import { resourceRoutes } from './resource-routes.ts';
import type { Route } from './router.ts';
import type { ServerState } from './server-state.ts';
import { defaultSettings, type Settings } from './settings.ts';
import { type IssuedToken, TokenStore } from './tokens.ts';

export type { App, AppInput, AppKey } from './app.ts';
export { type Effect, empty, html, json, type ReplacingEffect, redirect } from './effect.ts';
export type { Fault } from './faults.ts';
export type { Installation, InstallationInput, InstallationState, Permissions } from './installation.ts';
export type { Json, JsonObject } from './json.ts';
export type { TlsIdentity } from './listener.ts';
export type { Organization, OrganizationInput } from './organization.ts';
export type { RequestRecord } from './request-log.ts';
export type { RateLimit, Settings } from './settings.ts';
export type { IssuedToken, TokenState } from './tokens.ts';

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
  /** Sets how far the server's clock, and its Date header, is ahead of the real time. */
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
  const clock = new Clock();
  const settings: Settings = { ...defaultSettings(), ...options.settings };
  const server: ServerState = { settings, clock, registry: new Registry(), tokens: new TokenStore(clock) };
  const tokens = () => server.tokens.all();
  const routes = [...appRoutes(server), ...resourceRoutes(server), ...(options.extraRoutes?.(tokens) ?? [])];
  const basePath = options.basePath ?? '';
  const processor = new Processor(server, routes, new RateLimiter(), basePath);
  const faults = new Faults();
  const requestLog = new RequestLog();
  const listener = new Listener(options.tls, {
    request: (request, response, connection) => {
      if (requestLog.isFull()) {
        const message = 'This client goes on and on: the simulator takes no more requests';
        return void response
          .writeHead(400, { 'Content-Type': 'application/json' })
          .end(JSON.stringify({ statusCode: 400, message }));
      }
      const record = requestLog.open(request, response, connection);
      const reset = () => listener.reset(request);
      exchange({ request, response, record, reset }, server, faults, processor).catch((error: unknown) => {
        // A mistake in the simulator, or in the `change` of a test.
        console.error(error);
        response.destroy();
      });
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
      clock.offsetSeconds = aheadOfRealTimeSeconds;
    },
    tokens,
    requests: () => requestLog.all(),
    connections: () => listener.connections,
    handshakes: () => listener.handshakes,
    close: () => listener.close(),
  };
}
