/** What can go wrong with a response: the faults that a test sets, and how a response is sent, whole or spoiled. */
import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { gzipSync } from 'node:zlib';
import { type Json, parseJson, type Reply } from './replies.ts';

/**
 * These replace the real response. Without `process` the routes never see the request. With `process: true`
 * they do, so that a token is minted and only the response is lost.
 */
export type ReplacingEffect = {
  readonly process?: boolean;
} /** Resets the TCP connection (RST), before the body is read unless it is processed. */ & (
  | { readonly kind: 'reset' }
  /** Sends nothing, not even headers. */
  | { readonly kind: 'hang' }
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string | readonly string[]>>;
      /** A function gets the request's Authorization header, so that it can repeat it. */
      readonly body?: string | ((authorization: string) => string);
    }
  /** Status 200 and a JSON object of that many bytes, without Content-Length. */
  | { readonly kind: 'huge'; readonly bytes: number }
  /** These bytes instead of an HTTP response. Then the connection ends or, with `staysOpen`, is silent. */
  | { readonly kind: 'raw'; readonly bytes: string; readonly staysOpen?: boolean }
);

/** These spoil the real response, so the request is always processed. */
export type SpoilingEffect =
  /** Headers and half of the body, then silence. */
  | { readonly kind: 'hang-body' }
  /** The body comes one byte at a time, with this time between them. */
  | { readonly kind: 'drip'; readonly everyMs: number }
  /**
   * Only half of the body comes before the connection ends. Content-Length says how long it should be,
   * unless `isUndeclared`: then the end of the connection is the end of the body.
   */
  | { readonly kind: 'truncate'; readonly isUndeclared?: boolean }
  /** The text comes before the body, for instance a byte order mark. */
  | { readonly kind: 'prefix'; readonly text: string }
  /** The text comes after the body. */
  | { readonly kind: 'suffix'; readonly text: string }
  /** All of the body comes, and then the connection ends; Content-Length says that there is more. */
  | { readonly kind: 'overstate' }
  /** undefined: no Content-Type at all. */
  | { readonly kind: 'content-type'; readonly value: string | undefined }
  /** `change` gets undefined if the body is not JSON. */
  | { readonly kind: 'transform'; readonly change: (answer: Json | undefined) => Json };

export type Effect = ReplacingEffect | SpoilingEffect;

export function html(status = 200): ReplacingEffect {
  const body = '<!doctype html><html><head><title>Sign in</title></head><body>Proxy</body></html>';
  return { kind: 'answer', status, headers: { 'Content-Type': 'text/html; charset=utf-8' }, body };
}

/** For instance `json(null)`. */
export function json(value: Json, status = 200): ReplacingEffect {
  const headers = { 'Content-Type': 'application/json; charset=utf-8' };
  return { kind: 'answer', status, headers, body: JSON.stringify(value) };
}

export function empty(status = 200): ReplacingEffect {
  return { kind: 'answer', status };
}

export function redirect(location: string, status = 307): ReplacingEffect {
  return { kind: 'answer', status, headers: { Location: location } };
}

export function processes(effect: Effect): boolean {
  switch (effect.kind) {
    case 'reset':
    case 'hang':
    case 'answer':
    case 'huge':
    case 'raw':
      return effect.process ?? false;
    default:
      return true;
  }
}

export interface Fault {
  /** Any method when left out. */
  readonly method?: string;
  /**
   * Without the base path. A text must be equal to the path without its query: `*` is any one segment and `**`
   * is anything. A regular expression is tried on the path with its query.
   */
  readonly path: string | RegExp;
  readonly effect: Effect;
  /** So many matching requests pass before the first one gets it. Default: 0. */
  readonly skip?: number;
  /** So many requests get it. Default: all. */
  readonly times?: number;
}

interface Entry {
  readonly fault: Fault;
  readonly pattern: RegExp;
  matched: number;
}

export class Faults {
  #entries: Entry[] = [];

  add(fault: Fault): void {
    this.#entries.push({ fault, pattern: expression(fault.path), matched: 0 });
  }

  clear(): void {
    this.#entries = [];
  }

  /** The first fault that matches, in the order in which they were added. */
  hit(method: string, target: string): Effect | undefined {
    for (const entry of this.#entries) {
      const { fault } = entry;
      if (fault.method !== undefined && fault.method !== method) continue;
      if (!entry.pattern.test(typeof fault.path === 'string' ? (target.split('?', 1)[0] ?? '') : target)) continue;
      const past = entry.matched - (fault.skip ?? 0);
      entry.matched += 1;
      if (past >= 0 && past < (fault.times ?? Number.POSITIVE_INFINITY)) return fault.effect;
    }
    return undefined;
  }
}

function expression(path: string | RegExp): RegExp {
  // A copy without g and y, which would make the result depend on the request before.
  if (path instanceof RegExp) return new RegExp(path.source, path.flags.replace(/[gy]/g, ''));
  const source = path.replace(/\*\*|\*|[.+?^${}()|[\]\\]/g, (sign) => {
    if (sign === '**') return '.*';
    return sign === '*' ? '[^/]*' : `\\${sign}`;
  });
  return new RegExp(`^${source}$`);
}

export interface Wire {
  readonly response: ServerResponse;
  readonly gzip: boolean;
  /** Ends the connection with an RST. */
  reset(): void;
}

export function send({ response, gzip }: Wire, reply: Reply): void {
  const bytes = gzip && reply.body !== '' ? gzipSync(reply.body) : Buffer.from(reply.body);
  if (gzip) response.setHeader('Content-Encoding', 'gzip');
  writeHead(response, reply, bytes.length);
  response.end(bytes);
}

/** Sends an effect that needs no real response. */
export async function sendInstead(wire: Wire, effect: Effect): Promise<void> {
  switch (effect.kind) {
    case 'reset':
      return wire.reset();
    case 'answer': {
      const { status, headers = {}, body = '' } = effect;
      const authorization = wire.response.req.headers.authorization ?? '';
      return send(wire, { status, headers, body: typeof body === 'string' ? body : body(authorization) });
    }
    case 'raw':
      if (effect.staysOpen === true) wire.response.socket?.write(effect.bytes, 'latin1');
      else wire.response.socket?.end(effect.bytes, 'latin1');
      return;
    case 'huge':
      wire.response.writeHead(200, { 'Content-Type': 'application/json' });
      // A client may close early when it has seen enough.
      return pipeline(Readable.from(filler(effect.bytes)), wire.response).catch(() => undefined);
    default:
      // 'hang' sends nothing.
      return;
  }
}

/** Sends the real response, spoiled by the effect. */
export function sendSpoiled(wire: Wire, reply: Reply, effect: Effect): void | Promise<void> {
  const { response } = wire;
  const bytes = Buffer.from(reply.body);
  const half = bytes.subarray(0, Math.floor(bytes.length / 2));
  switch (effect.kind) {
    case 'hang-body':
      writeHead(response, reply);
      response.flushHeaders();
      response.write(half);
      return;
    case 'prefix':
      return send(wire, { ...reply, body: effect.text + reply.body });
    case 'suffix':
      return send(wire, { ...reply, body: reply.body + effect.text });
    case 'overstate':
      writeHead(response, reply, bytes.length + 100);
      response.flushHeaders();
      response.write(bytes, () => response.socket?.end());
      return;
    case 'truncate':
      if (effect.isUndeclared === true) return sendUndeclared(response, reply, half);
      writeHead(response, reply);
      response.flushHeaders();
      response.write(half, () => response.socket?.end());
      return;
    case 'drip':
      writeHead(response, reply);
      response.flushHeaders();
      return drip(response, bytes, effect.everyMs);
    case 'content-type': {
      const { 'Content-Type': _, ...headers } = reply.headers;
      const type = effect.value === undefined ? {} : { 'Content-Type': effect.value };
      return send(wire, { ...reply, headers: { ...headers, ...type } });
    }
    case 'transform':
      return send(wire, { ...reply, body: JSON.stringify(effect.change(parseJson(reply.body))) });
    default:
      return sendInstead(wire, effect);
  }
}

/** RFC 9112, 6.3: without a length, the body ends with the connection. */
function sendUndeclared(response: ServerResponse, { status, headers }: Reply, body: Buffer): void {
  response.shouldKeepAlive = false;
  response.useChunkedEncodingByDefault = false;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.writeHead(status);
  response.end(body);
}

function writeHead(response: ServerResponse, { status, headers, body }: Reply, length = Buffer.byteLength(body)): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  // RFC 9110: a status without a body has no length. A fault may set its own framing.
  const framed = response.hasHeader('Content-Length') || response.hasHeader('Transfer-Encoding');
  if (!framed && status !== 204 && status !== 304) response.setHeader('Content-Length', length);
  response.writeHead(status);
}

function drip(response: ServerResponse, bytes: Buffer, everyMs: number): void {
  let sent = 0;
  const timer = setInterval(() => {
    if (sent >= bytes.length) response.end();
    else response.write(bytes.subarray(sent, ++sent));
  }, everyMs);
  response.once('close', () => clearInterval(timer));
}

function* filler(bytes: number): Generator<string> {
  const [before, after, chunk] = ['{"filler":"', '"}', 65_536];
  yield before;
  for (let left = bytes - before.length - after.length; left > 0; left -= chunk)
    yield 'x'.repeat(Math.min(left, chunk));
  yield after;
}
