/** Owns the assembly of the simulator: an ICR App API on loopback that refuses what ICR would refuse. */
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
import { Journal, type RequestRecord } from './request-log.ts';
import { resourceRoutes } from './resource-routes.ts';
import type { Route } from './router.ts';
import { defaultSettings, type Settings } from './settings.ts';
import { type IssuedToken, TokenStore } from './tokens.ts';
import type { World } from './world.ts';

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
  /** Served over HTTPS when given. */
  readonly tls?: TlsIdentity;
  /** A path such as `/v0.5` in front of every route. docs: Versions. */
  readonly basePath?: string;
  readonly settings?: Partial<Settings>;
  /** Routes beside ICR's own, made once the simulator's tokens exist. */
  readonly extraRoutes?: (tokens: () => readonly IssuedToken[]) => readonly Route[];
}

export interface Simulator {
  /** With the base path, without a slash at the end. The host is 127.0.0.1. */
  readonly url: string;
  readonly port: number;
  /** May be changed at any time. */
  readonly settings: Settings;
  addApp(app: AppInput): App;
  /** The app must be known. The result's `state` and `permissions` may be changed at any time. */
  addInstallation(installation: InstallationInput): Installation;
  fault(fault: Fault): void;
  clearFaults(): void;
  /** From now on the server's clock, its Date header too, is so far ahead of real time (not of itself). */
  moveClock(aheadOfRealTimeSeconds: number): void;
  /** Every token issued, the oldest first, with its state by the server's clock now. */
  tokens(): readonly IssuedToken[];
  requests(): readonly RequestRecord[];
  /** TCP connections accepted so far. */
  connections(): number;
  /** TLS handshakes completed so far. */
  handshakes(): number;
  /** Ends at once, with every connection, also those that hang. */
  close(): Promise<void>;
}

export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const clock = new Clock();
  const settings: Settings = { ...defaultSettings(), ...options.settings };
  const world: World = { settings, clock, registry: new Registry(), tokens: new TokenStore(clock) };
  const tokens = () => world.tokens.all();
  const routes = [...appRoutes(world), ...resourceRoutes(world), ...(options.extraRoutes?.(tokens) ?? [])];
  const basePath = options.basePath ?? '';
  const processor = new Processor(world, routes, new RateLimiter(), basePath);
  const faults = new Faults();
  const journal = new Journal();
  const listener = new Listener(options.tls, {
    request: (request, response, connection) => {
      const record = journal.open(request, response, connection);
      const reset = () => listener.reset(request);
      exchange({ request, response, record, reset }, world, faults, processor).catch((error: unknown) => {
        // Only a mistake in the simulator or in a test's own `change` comes here.
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
    addApp: (app) => world.registry.addApp(app),
    addInstallation: (installation) => world.registry.addInstallation(installation, clock.iso()),
    fault: (fault) => faults.add(fault),
    clearFaults: () => faults.clear(),
    moveClock: (aheadOfRealTimeSeconds) => {
      clock.offsetSeconds = aheadOfRealTimeSeconds;
    },
    tokens,
    requests: () => journal.all(),
    connections: () => listener.connections,
    handshakes: () => listener.handshakes,
    close: () => listener.close(),
  };
}
