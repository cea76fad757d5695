/** Reads from the environment which proxy is for a host, if any. */
import type http from 'node:http';
import type https from 'node:https';
import { unusableProxySetting } from './proxy-errors.ts';

const AS_URL = 'Write it as http://HOST:PORT, or name the API’s host in `no_proxy`.';
/** RFC 3986, section 3.2.1. */
const USER_INFO = /^(?:[\w.~!$&'()*+,;=:-]|%[\da-f]{2})*$/i;

/**
 * The proxy that `https_proxy` names for the URL, unless `no_proxy` exempts its host. The lower-case variable
 * wins, as in curl. Loopback hosts are never proxied.
 *
 * @throws NonRetryableError for a setting that can't be used; it holds nothing of the setting
 */
export function proxyFor(url: URL, environment: NodeJS.ProcessEnv): URL | undefined {
  const setting = settingOf(environment);
  const exempt = environment['no_proxy'] || environment['NO_PROXY'] || '';
  if (setting === '' || isLoopback(url) || isExempt(url, exempt)) return undefined;
  if (!USER_INFO.test(userInfoOf(setting))) throw notEncoded();
  // The scheme that curl takes for granted.
  const proxy = URL.parse(/^https?:|:\/\//i.test(setting) ? setting : `http://${setting}`);
  if (proxy === null) throw unusableProxySetting('it is not a URL', AS_URL);
  if (proxy.protocol !== 'http:' && proxy.protocol !== 'https:') {
    throw unusableProxySetting('its scheme is not http or https', AS_URL);
  }
  credentialsOf(proxy);
  return proxy;
}

/** The password in `https_proxy`, as it is written and as it is sent; read as text, since it may not be encoded. */
export function proxyPasswords(environment: NodeJS.ProcessEnv): string[] {
  const [, password = ''] = /^[^:]*:(.*)$/s.exec(userInfoOf(settingOf(environment))) ?? [];
  if (password === '') return [];
  try {
    return [password, decodeURIComponent(password)];
  } catch {
    return [password];
  }
}

/** What the proxy is sent as `Proxy-Authorization: Basic` (RFC 7617); empty without a user name and a password. */
export function basicCredentials(proxy: URL): string {
  const { user, password } = credentialsOf(proxy);
  return user === '' && password === '' ? '' : Buffer.from(`${user}:${password}`).toString('base64');
}

/** User name and password, percent-decoded. */
export function credentialsOf(proxy: URL): { user: string; password: string } {
  try {
    return { user: decodeURIComponent(proxy.username), password: decodeURIComponent(proxy.password) };
  } catch {
    // Bytes that are not UTF-8.
    throw notEncoded();
  }
}

function notEncoded(): Error {
  return unusableProxySetting(
    'its user name or password is not percent-encoded',
    'Write `@` as %40, `:` as %3A, `/` as %2F, `#` as %23, `?` as %3F and `%` as %25.',
  );
}

/** Node's module for the URL's protocol, loaded when it is needed: TLS is a good part of the time that it takes to start. */
export function protocolModule({ protocol }: URL): typeof http | typeof https {
  return process.getBuiltinModule(protocol === 'https:' ? 'node:https' : 'node:http');
}

export function isLoopback({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d+){3}$/.test(hostname);
}

function settingOf(environment: NodeJS.ProcessEnv): string {
  return (environment['https_proxy'] || environment['HTTPS_PROXY'] || '').trim();
}

/** What stands between the scheme, which may be missing, and the last `@`. */
function userInfoOf(setting: string): string {
  const [, userInfo = ''] = /^(?:[a-z][a-z\d+.-]*:\/\/|https?:)?(.*)@/is.exec(setting) ?? [];
  return userInfo;
}

/**
 * Names match themselves and what is below them, an entry may end in a port, `*` matches all. Addresses match as they
 * are written: ranges such as 10.0.0.0/8, which curl reads, match none.
 */
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
