/** Opens the tunnel through a proxy. */
import type http from 'node:http';
import type https from 'node:https';
import type { Duplex } from 'node:stream';
import { describeNetworkError } from './errors.ts';
import { proxyDidNotRespond, proxyRefused } from './proxy-errors.ts';
import { credentialsOf, protocolModule } from './proxy-settings.ts';

/**
 * An agent whose connections go through the proxy by CONNECT (RFC 9110, section 9.3.6), TLS inside.
 * Node's own `proxyEnv` came with 24.5, and on releases before it would go around the proxy silently.
 *
 * @param timeoutMs after which a proxy that does not answer a CONNECT is given up
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

function openTunnel(proxy: URL, target: string, timeoutMs: number, userAgent: string): Promise<Duplex> {
  const { promise, resolve, reject } = Promise.withResolvers<Duplex>();
  const transport = protocolModule(proxy);
  const request = transport.request({
    method: 'CONNECT',
    host: proxy.hostname.replace(/^\[|\]$/g, ''),
    port: proxy.port || (proxy.protocol === 'https:' ? 443 : 80),
    path: target,
    headers: { host: target, 'user-agent': userAgent, ...authorization(proxy) },
    agent: false,
  });
  const timer = setTimeout(() => {
    reject(proxyDidNotRespond(proxy.host, timeoutMs));
    request.destroy();
  }, timeoutMs);
  request.once('connect', ({ statusCode = 0 }, socket, head) => {
    clearTimeout(timer);
    if (statusCode >= 200 && statusCode < 300) {
      socket.unshift(head);
      resolve(socket);
    } else {
      socket.destroy();
      reject(proxyRefused(proxy.host, target, statusCode, proxy.username !== '' || proxy.password !== ''));
    }
  });
  request.once('error', (error) => {
    clearTimeout(timer);
    reject(describeNetworkError(error, proxy.host));
  });
  request.end();
  return promise;
}

function authority({ host, port }: https.RequestOptions): string {
  return host?.includes(':') === true ? `[${host}]:${port}` : `${host}:${port}`;
}

function authorization(proxy: URL): http.OutgoingHttpHeaders {
  const { user, password } = credentialsOf(proxy);
  if (user === '' && password === '') return {};
  return { 'proxy-authorization': `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
}
