/** Owns the state that all routes share, and the question of who is calling. */
import type { App } from './app.ts';
import type { Clock } from './clock.ts';
import { judgeJwt } from './jwt.ts';
import type { Registry } from './registry.ts';
import { Refusal } from './reply.ts';
import type { Settings } from './settings.ts';
import type { IssuedToken, TokenStore } from './tokens.ts';

export interface World {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly registry: Registry;
  readonly tokens: TokenStore;
}

export function callingApp(world: World, bearer: string | undefined): App {
  if (bearer === undefined) throw new Refusal(401, 'Unauthorized');
  const verdict = judgeJwt(bearer, (id) => world.registry.app(id), world.clock.seconds());
  if ('refusal' in verdict) throw new Refusal(world.settings.jwtRefusalStatus, verdict.refusal);
  return verdict.app;
}

/** A bad bearer was seen answered with 403 and this text, not with 401, on the sandbox's projects. */
export function callingToken(world: World, bearer: string | undefined): IssuedToken {
  if (bearer === undefined) throw new Refusal(401, 'Unauthorized');
  const token = world.tokens.use(bearer, world.settings.replicaLag);
  if (token === undefined || token.state !== 'live') throw new Refusal(403, 'Access token invalid');
  if (token.installation?.state === 'suspended') throw new Refusal(403, 'Installation is suspended');
  return token;
}
