/** Owns the way through a proxy: whether the environment names one for a host, and the tunnel through it. */
import type http from 'node:http';
import type https from 'node:https';
import { unusableProxySetting } from './proxy-errors.ts';

const AS_URL = 'Write it as http://HOST:PORT, or name the API’s host in `no_proxy`.';

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
    throw notEncoded();
  }
  const proxy = URL.parse(setting);
  if (proxy === null) throw unusableProxySetting('it is not a URL', AS_URL);
  if (proxy.protocol !== 'http:' && proxy.protocol !== 'https:') {
    throw unusableProxySetting('its scheme is not http or https', AS_URL);
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
    throw notEncoded();
  }
}

function notEncoded(): Error {
  return unusableProxySetting(
    'its user name or password is not percent-encoded',
    'Write `@` as %40, `:` as %3A, `/` as %2F, `#` as %23, `?` as %3F and `%` as %25.',
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
