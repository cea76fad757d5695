/** Listens on loopback for HTTP or HTTPS, follows every connection so that it can be reset, and records every request. */
import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Effect } from './faults.ts';

export interface TlsIdentity {
  readonly key: string;
  readonly cert: string;
  readonly ciphers?: string;
}

export interface Handlers {
  request(request: IncomingMessage, response: ServerResponse, connection: number): void;
  /** For CONNECT. Without it Node ends the connection. */
  connect?(request: IncomingMessage, tunnel: Duplex, head: Uint8Array): void;
}

interface Connection {
  readonly number: number;
  /** The TCP socket, also under TLS. */
  readonly socket: Socket;
}

export class Listener {
  readonly #server: Server;
  readonly #live = new Map<number, Connection>();
  connections = 0;
  handshakes = 0;
  port = 0;

  constructor(tls: TlsIdentity | undefined, handlers: Handlers) {
    this.#server = tls === undefined ? createServer() : createTlsServer({ ...tls });
    this.#server.on('request', (request, response) => {
      handlers.request(request, response, this.#live.get(remotePort(request))?.number ?? 0);
    });
    if (handlers.connect !== undefined) this.#server.on('connect', handlers.connect);
    this.#server.on('connection', (socket: Socket) => this.#follow(socket));
    this.#server.on('secureConnection', () => {
      this.handshakes += 1;
    });
  }

  async listen(port: number): Promise<void> {
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.port = addressOf(this.#server).port;
  }

  /** RST rather than FIN, on the TCP socket: a TLS socket cannot be reset itself. */
  reset(request: IncomingMessage): void {
    this.#live.get(remotePort(request))?.socket.resetAndDestroy();
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const { socket } of this.#live.values()) socket.destroy();
    await closed;
  }

  #follow(socket: Socket): void {
    this.connections += 1;
    // On loopback the peer's port identifies a live connection. It is all that a TLS socket and its TCP socket share.
    const port = socket.remotePort ?? 0;
    const connection = { number: this.connections, socket };
    this.#live.set(port, connection);
    socket.once('close', () => {
      if (this.#live.get(port) === connection) this.#live.delete(port);
    });
    // Clients reset connections in many tests. Without a listener that would end the process.
    socket.on('error', () => undefined);
  }
}

function remotePort(request: IncomingMessage): number {
  return request.socket.remotePort ?? 0;
}

function addressOf(server: Server): AddressInfo {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening on TCP');
  return address;
}

export interface RequestRecord {
  /** From 1, in the order of arrival. */
  readonly number: number;
  readonly method: string;
  /** As sent: with the base path and the query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly bearer: string | undefined;
  /** Milliseconds of real time, untouched by the movable clock. */
  readonly at: number;
  /** The TCP connection it came on, from 1. */
  readonly connection: number;
  /** '' until all of it was read. */
  readonly body: string;
  /** Undefined if nothing was answered, or not yet. */
  readonly status: number | undefined;
  /** The fault that hit it. */
  readonly fault: Effect['kind'] | undefined;
  /** Whether the routes saw it. If a fault replaced them, it changed nothing. */
  readonly processed: boolean;
}

/** The same record while the request is in progress. */
export interface LiveRecord extends Omit<RequestRecord, 'body' | 'status' | 'fault' | 'processed'> {
  body: string;
  fault: Effect['kind'] | undefined;
  processed: boolean;
}

interface Entry {
  readonly record: LiveRecord;
  /** Only while it is under way: it holds its body. */
  response: ServerResponse | undefined;
  status: number | undefined;
}

/** Five times what `npm run load` sends. */
const MAX_REQUESTS = 10_000;

export class RequestLog {
  readonly #entries: Entry[] = [];

  /** Whether this is a client that goes on and on, which from then on is refused. */
  isFull(): boolean {
    return this.#entries.length >= MAX_REQUESTS;
  }

  open(request: IncomingMessage, response: ServerResponse, connection: number): LiveRecord {
    const record: LiveRecord = {
      number: this.#entries.length + 1,
      method: request.method ?? '',
      path: request.url ?? '',
      headers: request.headers,
      bearer: bearerIn(request.headers.authorization),
      at: Date.now(),
      connection,
      body: '',
      fault: undefined,
      processed: false,
    };
    const entry: Entry = { record, response, status: undefined };
    response.once('close', () => {
      if (response.headersSent) entry.status = response.statusCode;
      entry.response = undefined;
    });
    this.#entries.push(entry);
    return record;
  }

  /** A copy of the records as they are now. */
  all(): readonly RequestRecord[] {
    return this.#entries.map(({ record, response, status }) => ({
      ...record,
      status: response?.headersSent === true ? response.statusCode : status,
    }));
  }
}

function bearerIn(authorization: string | undefined): string | undefined {
  return /^Bearer +(.+)$/i.exec(authorization ?? '')?.[1];
}
