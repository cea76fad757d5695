/** Sends a response, whole or spoiled by the effect of a fault. */
import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Effect } from './effect.ts';
import { parseJson } from './json.ts';
import type { Reply } from './reply.ts';

export interface Wire {
  readonly response: ServerResponse;
  /** Ends the connection with an RST. */
  reset(): void;
}

export function send({ response }: Wire, reply: Reply): void {
  writeHead(response, reply);
  response.end(reply.body);
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

function writeHead(response: ServerResponse, { status, headers, body }: Reply): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  // RFC 9110: a status without a body has no length. A fault may set its own framing.
  const framed = response.hasHeader('Content-Length') || response.hasHeader('Transfer-Encoding');
  if (!framed && status !== 204 && status !== 304) response.setHeader('Content-Length', Buffer.byteLength(body));
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
