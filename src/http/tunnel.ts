/** Opens the tunnel through a proxy. */
import type https from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { CONNECTION_OPTIONS } from './connection.ts';
import { describeNetworkError, type NetworkError } from './errors.ts';
import { basicCredentials } from './proxy.ts';
import { proxyDidNotRespond, proxyRefused } from './proxy-errors.ts';

/** Node's own limit for a response's head. */
const MAX_HEAD_BYTES = 16 * 1024;

/**
 * An agent whose connections go through the proxy by CONNECT (RFC 9110, section 9.3.6), TLS inside.
 * Node's own `proxyEnv` came with 24.5, and on releases before it would go around the proxy silently.
 *
 * @param timeoutMs after which a proxy that does not respond to a CONNECT is given up, and is named as the cause
 */
export function tunnelAgent(proxy: URL, timeoutMs: number, userAgent: string): https.Agent {
  const { Agent } = process.getBuiltinModule('node:https');
  return new (class TunnelAgent extends Agent {
    override createConnection(
      options: https.RequestOptions,
      callback: (error: Error | null, socket?: Duplex | null) => void,
    ): undefined {
      openTunnel(proxy, authority(options), timeoutMs, userAgent).then(
        (socket) => {
          const inTunnel = { ...options, socket };
          callback(null, super.createConnection(inTunnel));
        },
        (error: Error) => callback(error),
      );
    }
  })();
}

/**
 * Node's HTTP client is of no use here: it takes a 1xx for the response to the CONNECT, and over TLS it checks the
 * proxy's certificate for the name in the `Host` header, which is the target's.
 */
function openTunnel(proxy: URL, target: string, timeoutMs: number, userAgent: string): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const credentials = basicCredentials(proxy);
  const hasLogin = credentials !== '';
  const socket = connectTo(proxy, () => {
    const headers = `Host: ${target}\r\nUser-Agent: ${userAgent}\r\n${hasLogin ? `Proxy-Authorization: Basic ${credentials}\r\n` : ''}`;
    socket.write(`CONNECT ${target} HTTP/1.1\r\n${headers}\r\n`);
  });
  const giveUp = (error: NetworkError) => {
    clearTimeout(timer);
    reject(error);
    socket.destroy();
  };
  const failWith = (message: string, code: string) =>
    giveUp(describeNetworkError(Object.assign(new Error(message), { code }), proxy.host));
  const timer = setTimeout(() => giveUp(proxyDidNotRespond(proxy.host, timeoutMs)), timeoutMs);
  const onEnd = () => failWith('the connection ended', 'ECONNRESET');
  const onError = (error: Error) => giveUp(describeNetworkError(error, proxy.host));
  let received = Buffer.alloc(0);
  const onData = (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    for (;;) {
      const end = received.indexOf('\r\n\r\n');
      const status = Number(/^HTTP\/1\.\d (\d{3})(?: |\r\n)/.exec(received.toString('latin1'))?.[1]);
      if (end === -1 && received.length < MAX_HEAD_BYTES) return;
      if (end === -1 || Number.isNaN(status)) return failWith('no status line', 'HPE_INVALID_CONSTANT');
      received = received.subarray(end + 4);
      if (status >= 200 || status === 101) return finish(status);
    }
  };
  const finish = (status: number) => {
    if (status < 200 || status >= 300) return giveUp(proxyRefused(proxy.host, target, status, hasLogin));
    clearTimeout(timer);
    socket.off('data', onData).off('end', onEnd).off('error', onError).pause();
    if (received.length > 0) socket.unshift(received);
    resolve(socket);
  };
  socket.on('data', onData).on('end', onEnd).on('error', onError);
  return promise;
}

/** TLS is loaded only for a proxy that is spoken to over TLS. */
function connectTo({ protocol, hostname, port }: URL, onConnect: () => void): Socket {
  const host = hostname.replace(/^\[|\]$/g, '');
  const { connect, isIP } = process.getBuiltinModule('node:net');
  if (protocol === 'http:') return connect({ host, port: Number(port || 80), ...CONNECTION_OPTIONS }, onConnect);
  const servername = isIP(host) === 0 ? { servername: host } : {};
  const options = { host, port: Number(port || 443), ...servername, ...CONNECTION_OPTIONS };
  return process.getBuiltinModule('node:tls').connect(options, onConnect);
}

function authority({ host, port }: https.RequestOptions): string {
  return host?.includes(':') === true ? `[${host}]:${port}` : `${host}:${port}`;
}
