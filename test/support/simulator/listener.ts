/** Listens on loopback for HTTP or HTTPS, and follows every connection so that it can be reset or closed. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';

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
