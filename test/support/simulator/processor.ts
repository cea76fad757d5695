/** Turns a request into the response that ICR would give. */
import { parseJson } from './json.ts';
import type { RateLimiter } from './rate-limiter.ts';
import { ApiError, errorReply, type Reply } from './reply.ts';
import type { LiveRecord } from './request-log.ts';
import { type Route, route } from './router.ts';
import type { ServerState } from './server-state.ts';

/** docs: API versions. There is one, and any other is answered with 400. */
const API_VERSION = '2023-06-16';

/** Express' default: 100 kB. */
const LARGEST_BODY = 102_400;

export class Processor {
  readonly #server: ServerState;
  readonly #routes: readonly Route[];
  readonly #limiter: RateLimiter;
  readonly #basePath: string;

  constructor(server: ServerState, routes: readonly Route[], limiter: RateLimiter, basePath: string) {
    this.#server = server;
    this.#routes = routes;
    this.#limiter = limiter;
    this.#basePath = basePath;
  }

  /** The request's path below the base path. Undefined if it is elsewhere. */
  targetOf(record: LiveRecord): string | undefined {
    const inside = record.path.startsWith(`${this.#basePath}/`);
    return inside ? record.path.slice(this.#basePath.length) : undefined;
  }

  /** In the order of an Express server: the checks of every request, then the route, then its permissions. */
  process(record: LiveRecord): Reply {
    record.processed = true;
    try {
      this.#limiter.check(this.#server.settings.rateLimit, this.#server.clock);
      checkBody(record.body);
      checkVersion(record.headers['x-icr-api-version']);
      const target = this.targetOf(record);
      const reply = target === undefined ? undefined : route(this.#routes, record.method, target, record);
      // NestJS' words, which tell a missing route from a missing record.
      if (reply === undefined) throw new ApiError(404, `Cannot ${record.method} ${record.path}`);
      return reply;
    } catch (error) {
      return this.#refused(record, error);
    }
  }

  #refused(record: LiveRecord, error: unknown): Reply {
    const echoed = this.#server.settings.echoAuthorization ? record.headers.authorization : undefined;
    if (error instanceof ApiError) return errorReply(error, echoed);
    // A mistake in the simulator. It must be seen, and not pass for a response of ICR.
    console.error(error);
    return errorReply(new ApiError(500, 'Internal server error'), echoed);
  }
}

/** Express' JSON parser takes no body, an object or a list. */
function checkBody(body: string): void {
  if (body.trim() === '') return;
  if (Buffer.byteLength(body) > LARGEST_BODY) throw new ApiError(413, 'request entity too large');
  const value = parseJson(body);
  if (typeof value !== 'object' || value === null) throw new ApiError(400, 'Body is not valid JSON');
}

function checkVersion(version: string | readonly string[] | undefined): void {
  if (version !== undefined && version !== API_VERSION) {
    throw new ApiError(400, `Unsupported API version: ${String(version)}`);
  }
}
