/** Holds the state that all routes share, and finds out who calls. */
import type { App } from './app.ts';
import type { Clock } from './clock.ts';
import { checkJwt } from './jwt.ts';
import type { Registry } from './registry.ts';
import { ApiError } from './reply.ts';
import type { Settings } from './settings.ts';
import type { IssuedToken, TokenStore } from './tokens.ts';

export interface ServerState {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly registry: Registry;
  readonly tokens: TokenStore;
}

export function callingApp(server: ServerState, bearer: string | undefined): App {
  if (bearer === undefined) throw new ApiError(401, 'Unauthorized');
  const check = checkJwt(bearer, (id) => server.registry.app(id), server.clock.seconds());
  if ('error' in check) throw new ApiError(server.settings.jwtRefusalStatus, check.error);
  return check.app;
}

/** ICR's sandbox was seen to answer 403 with this text, not 401, to a bad token. */
export function callingToken(server: ServerState, bearer: string | undefined): IssuedToken {
  if (bearer === undefined) throw new ApiError(401, 'Unauthorized');
  const token = server.tokens.use(bearer, server.settings.replicaLag);
  if (token === undefined || token.state !== 'live') throw new ApiError(403, 'Access token invalid');
  if (token.installation?.state === 'suspended') throw new ApiError(403, 'Installation is suspended');
  return token;
}
