/** A small CONNECT proxy on loopback. It can misbehave, and never connects to another machine. */
import { type IncomingMessage, STATUS_CODES } from 'node:http';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { Listener, type TlsIdentity } from './listener.ts';

/** `silent` never answers, `reset` resets the connection, and `status` refuses with that status. */
export type ProxyBehaviour = 'normal' | 'silent' | 'reset' | { readonly status: number };

export interface ConnectProxyOptions {
  /** Needs basic authentication, or answers 407. */
  readonly auth?: { readonly username: string; readonly password: string };
  /**
   * The port of 127.0.0.1 that stands for a `host:port`, so that a client can reach api.carbonregistry.com:443
   * without DNS. Any other target but 127.0.0.1 and localhost is answered with 502.
   */
  readonly targets?: Readonly<Record<string, number>>;
  /** Makes it an https:// proxy. */
  readonly tls?: TlsIdentity;
  readonly behaviour?: ProxyBehaviour;
  /** Sends a 100 and a 103 before the response to a CONNECT. */
  readonly isChatty?: boolean;
}

export interface ProxyRequest {
  readonly method: string;
  /** `host:port`. For any other method than CONNECT, which is refused with 501, the address of the request. */
  readonly target: string;
  readonly authorization: string | undefined;
  /** 200 if the tunnel was opened, undefined if nothing was answered. */
  readonly status: number | undefined;
}

export interface ConnectProxy {
  readonly url: string;
  readonly port: number;
  /** Can be changed at any time. */
  behaviour: ProxyBehaviour;
  requests(): readonly ProxyRequest[];
  close(): Promise<void>;
}

export async function startConnectProxy(options: ConnectProxyOptions = {}): Promise<ConnectProxy> {
  const requests: ProxyRequest[] = [];
  const note = (request: IncomingMessage, status: number | undefined) => {
    const { method = '', url: target = '' } = request;
    requests.push({ method, target, authorization: request.headers['proxy-authorization'], status });
  };
  const listener = new Listener(options.tls, {
    request: (request, response) => {
      note(request, 501);
      response.writeHead(501).end();
    },
    connect: (request, client, head) => {
      if (options.isChatty === true) {
        client.write('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </>; rel=preload\r\n\r\n');
      }
      client.on('error', () => client.destroy());
      const decision = decide(request, options, proxy.behaviour);
      if ('port' in decision) return tunnel(decision.port, client, head, (status) => note(request, status));
      note(request, decision.status);
      if (decision.status !== undefined) refuse(client, decision.status);
      else if (decision.reset) listener.reset(request);
    },
  });
  await listener.listen(0);
  const proxy: ConnectProxy = {
    url: `${options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${listener.port}`,
    port: listener.port,
    behaviour: options.behaviour ?? 'normal',
    requests: () => [...requests],
    close: () => listener.close(),
  };
  return proxy;
}

type Decision = { readonly port: number } | { readonly status: number | undefined; readonly reset: boolean };

function decide(request: IncomingMessage, options: ConnectProxyOptions, behaviour: ProxyBehaviour): Decision {
  if (behaviour === 'silent' || behaviour === 'reset') return { status: undefined, reset: behaviour === 'reset' };
  if (behaviour !== 'normal') return { status: behaviour.status, reset: false };
  const { auth, targets } = options;
  const wanted = auth && `Basic ${Buffer.from(`${auth.username}:${auth.password}`).toString('base64')}`;
  if (wanted !== undefined && request.headers['proxy-authorization'] !== wanted) return { status: 407, reset: false };
  const target = request.url ?? '';
  const port = targets?.[target] ?? Number(/^(?:127\.0\.0\.1|localhost):(\d+)$/.exec(target)?.[1]);
  return Number.isInteger(port) ? { port } : { status: 502, reset: false };
}

function tunnel(port: number, client: Duplex, head: Uint8Array, note: (status: number) => void): void {
  const upstream = connect(port, '127.0.0.1');
  const unreachable = () => {
    note(502);
    refuse(client, 502);
  };
  upstream.once('error', unreachable);
  upstream.once('connect', () => {
    upstream.off('error', unreachable).on('error', () => upstream.destroy());
    upstream.once('close', () => client.destroy());
    note(200);
    client.write('HTTP/1.1 200 Connection established\r\n\r\n');
    upstream.write(head);
    client.pipe(upstream).pipe(client);
  });
  client.once('close', () => upstream.destroy());
}

function refuse(client: Duplex, status: number): void {
  const challenge = status === 407 ? 'Proxy-Authenticate: Basic realm="proxy"\r\n' : '';
  client.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${challenge}Content-Length: 0\r\n\r\n`);
}
