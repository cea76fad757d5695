/** Owns the way through a proxy: whether the environment names one for a host, and the tunnel through it. */
import type http from 'node:http';
import type https from 'node:https';
import { NonRetryableError } from './errors.ts';

/**
 * The proxy that `https_proxy` names for the URL, unless `no_proxy` exempts its host. The lower-case variable
 * wins, as in curl. Loopback hosts are never proxied.
 *
 * @throws NonRetryableError for a setting that cannot be used; it holds nothing of the setting
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

/** With the scheme that curl takes for granted where there is none. */
function settingOf(environment: NodeJS.ProcessEnv): string {
  const setting = (environment['https_proxy'] || environment['HTTPS_PROXY'] || '').trim();
  return setting === '' || /^https?:|:\/\//i.test(setting) ? setting : `http://${setting}`;
}

/** User name and password as they are sent, percent-decoded. */
export function credentialsOf(proxy: URL): { user: string; password: string } {
  try {
    return { user: decodeURIComponent(proxy.username), password: decodeURIComponent(proxy.password) };
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    throw unusable(
      'its user name or password holds a `%` that is not followed by two hexadecimal digits (write it as %25)',
    );
  }
}

function unusable(reason: string): NonRetryableError {
  return new NonRetryableError(
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
