/** Owns the way through a proxy: whether the environment names one for a host, and the tunnel through it. */
import type http from 'node:http';
import type https from 'node:https';
import type { Duplex } from 'node:stream';
import { FinalError, inWords, NetworkError } from './network-errors.ts';
import { SECOND_MS } from './retry.ts';

/**
 * The proxy that `https_proxy` names for the URL, unless `no_proxy` exempts its host. The lower-case variable
 * wins, as in curl. Loopback hosts are never proxied.
 *
 * @throws FinalError for a setting that cannot be used; it holds nothing of the setting
 */
export function proxyFor(url: URL, environment: NodeJS.ProcessEnv): URL | undefined {
  const setting = settingOf(environment);
  const exempt = environment['no_proxy'] || environment['NO_PROXY'] || '';
  if (setting === '' || isLoopback(url) || isExempt(url, exempt)) return undefined;
  if (/@.*@|[^/][/?#][^/].*@/.test(setting)) {
    throw unusable(
      'its user name or password must be percent-encoded (`@` is %40, `/` is %2F, `#` is %23, `?` is %3F)',
    );
  }
  const proxy = URL.parse(setting);
  if (proxy === null) throw unusable('it is not a URL');
  if (proxy.protocol !== 'http:' && proxy.protocol !== 'https:') {
    throw unusable(`its scheme is ${proxy.protocol.slice(0, -1)}, and only http and https proxies are supported`);
  }
  credentialsOf(proxy);
  return proxy;
}

/** The password in `https_proxy`, as it is written and as it is sent; read as text, since it may not be encoded. */
export function proxyPasswords(environment: NodeJS.ProcessEnv): string[] {
  const [, password = ''] = /^[^:]*:\/\/[^:@]*:(.*)@/.exec(settingOf(environment)) ?? [];
  if (password === '') return [];
  try {
    return [password, decodeURIComponent(password)];
  } catch {
    return [password];
  }
}

/** Node's module for the URL's protocol, loaded when it is needed: TLS is a good part of the time that it takes to start. */
export function protocolModule({ protocol }: URL): typeof http | typeof https {
  return process.getBuiltinModule(protocol === 'https:' ? 'node:https' : 'node:http');
}

export function isLoopback({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d+){3}$/.test(hostname);
}

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
    reject(inWords(error, `the proxy ${proxy.host}`));
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
    return new FinalError(
      `the proxy ${proxy.host} asks for a user name and password, or refuses those in \`https_proxy\` (${status})`,
    );
  }
  const sentence = `the proxy ${proxy.host} refused the connection (${status})`;
  return status >= 500 || status === 408 || status === 429
    ? new NetworkError(sentence)
    : new FinalError(`${sentence}: it has to allow ${target}`);
}

/** With the scheme that curl takes for granted where there is none. */
function settingOf(environment: NodeJS.ProcessEnv): string {
  const setting = (environment['https_proxy'] || environment['HTTPS_PROXY'] || '').trim();
  return setting === '' || /^https?:|:\/\//i.test(setting) ? setting : `http://${setting}`;
}

function authorization(proxy: URL): http.OutgoingHttpHeaders {
  const { user, password } = credentialsOf(proxy);
  if (user === '' && password === '') return {};
  return { 'proxy-authorization': `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
}

function credentialsOf(proxy: URL): { user: string; password: string } {
  try {
    return { user: decodeURIComponent(proxy.username), password: decodeURIComponent(proxy.password) };
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    throw unusable(
      'its user name or password holds a `%` that is not followed by two hexadecimal digits (write it as %25)',
    );
  }
}

function unusable(reason: string): FinalError {
  return new FinalError(
    `The environment variable \`https_proxy\` cannot be used: ${reason}. Write it as http://host:port, or name the API’s host in \`no_proxy\`.`,
  );
}

/** As curl reads it: names match themselves and what is below them, an entry may end in a port, `*` matches all. */
function isExempt(url: URL, exempt: string): boolean {
  const host = url.hostname.replace(/^\[|\]$|\.$/g, '');
  const port = url.port || '443';
  return exempt
    .toLowerCase()
    .split(/[\s,]+/)
    .some((entry) => {
      if (entry === '*') return true;
      const [, bracketed, name, entryPort] = /^(?:\[(.+)\]|(.*?))(?::(\d+))?$/.exec(entry) ?? [];
      const isBareIpv6 = entry.split(':').length > 2 && bracketed === undefined;
      const suffix = isBareIpv6 ? entry : (bracketed ?? name ?? '').replace(/^\*?\.|\.$/g, '');
      if (suffix === '' || (!isBareIpv6 && entryPort !== undefined && entryPort !== port)) return false;
      return host === suffix || host.endsWith(`.${suffix}`);
    });
}
