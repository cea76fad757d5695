/** Opens the tunnel through a proxy. */
import type http from 'node:http';
import type https from 'node:https';
import type { Duplex } from 'node:stream';
import { describeNetworkError, NetworkError, NonRetryableError } from './errors.ts';
import { credentialsOf, protocolModule } from './proxy-settings.ts';
import { SECOND_MS } from './retry.ts';

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
    reject(new NetworkError(`the proxy ${proxy.host} did not answer within ${timeoutMs / SECOND_MS} s`));
    request.destroy();
  }, timeoutMs);
  request.once('connect', ({ statusCode = 0 }, socket, head) => {
    clearTimeout(timer);
    if (statusCode >= 200 && statusCode < 300) {
      socket.unshift(head);
      resolve(socket);
    } else {
      socket.destroy();
      reject(refusal(proxy, target, statusCode));
    }
  });
  request.once('error', (error) => {
    clearTimeout(timer);
    reject(describeNetworkError(error, `the proxy ${proxy.host}`));
  });
  request.end();
  return promise;
}

function authority({ host, port }: https.RequestOptions): string {
  return host?.includes(':') === true ? `[${host}]:${port}` : `${host}:${port}`;
}

/** @param status tinyproxy says 401 of a wrong password, where others say 407 */
function refusal(proxy: URL, target: string, status: number): Error {
  if (status === 407 || status === 401) {
    return new NonRetryableError(
      `the proxy ${proxy.host} asks for a user name and password, or refuses those in \`https_proxy\` (${status})`,
    );
  }
  const sentence = `the proxy ${proxy.host} refused the connection (${status})`;
  return status >= 500 || status === 408 || status === 429
    ? new NetworkError(sentence)
    : new NonRetryableError(`${sentence}: it has to allow ${target}`);
}

function authorization(proxy: URL): http.OutgoingHttpHeaders {
  const { user, password } = credentialsOf(proxy);
  if (user === '' && password === '') return {};
  return { 'proxy-authorization': `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
}
