/** Owns the way of one request from what was sent to the answer ICR would give. */

import { parseJson } from './json.ts';
import type { RateLimiter } from './rate-limiter.ts';
import { Refusal, type Reply, refusalReply } from './reply.ts';
import type { OpenRecord } from './request-log.ts';
import { type Route, route } from './router.ts';
import type { World } from './world.ts';

/** docs: API versions: one date exists, and an unsupported one is answered with 400. */
const API_VERSION = '2023-06-16';

/** Express' default: 100 kB. */
const LARGEST_BODY = 102_400;

export class Processor {
  readonly #world: World;
  readonly #routes: readonly Route[];
  readonly #limiter: RateLimiter;
  readonly #basePath: string;

  constructor(world: World, routes: readonly Route[], limiter: RateLimiter, basePath: string) {
    this.#world = world;
    this.#routes = routes;
    this.#limiter = limiter;
    this.#basePath = basePath;
  }

  /** The request's path below the base path; undefined when it is elsewhere. */
  targetOf(record: OpenRecord): string | undefined {
    const inside = record.path.startsWith(`${this.#basePath}/`);
    return inside ? record.path.slice(this.#basePath.length) : undefined;
  }

  /** In the order of an Express server: what concerns every request, then the route, then its rights. */
  process(record: OpenRecord): Reply {
    record.processed = true;
    try {
      this.#limiter.check(this.#world.settings.rateLimit, this.#world.clock);
      checkBody(record.body);
      checkVersion(record.headers['x-icr-api-version']);
      const target = this.targetOf(record);
      const reply = target === undefined ? undefined : route(this.#routes, record.method, target, record);
      // NestJS' words, by which a missing route can be told from a missing record.
      if (reply === undefined) throw new Refusal(404, `Cannot ${record.method} ${record.path}`);
      return reply;
    } catch (error) {
      return this.#refused(record, error);
    }
  }

  #refused(record: OpenRecord, error: unknown): Reply {
    const echoed = this.#world.settings.echoAuthorization ? record.headers.authorization : undefined;
    if (error instanceof Refusal) return refusalReply(error, echoed);
    // A mistake in the simulator, not an answer of ICR: it must not pass for one unseen.
    console.error(error);
    return refusalReply(new Refusal(500, 'Internal server error'), echoed);
  }
}

/** Express' JSON parser takes an absent body, and of JSON only objects and lists. */
function checkBody(body: string): void {
  if (body.trim() === '') return;
  if (Buffer.byteLength(body) > LARGEST_BODY) throw new Refusal(413, 'request entity too large');
  const value = parseJson(body);
  if (typeof value !== 'object' || value === null) throw new Refusal(400, 'Body is not valid JSON');
}

function checkVersion(version: string | readonly string[] | undefined): void {
  if (version !== undefined && version !== API_VERSION) {
    throw new Refusal(400, `Unsupported API version: ${String(version)}`);
  }
}
