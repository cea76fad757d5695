/** Chooses the proxy for a host from the environment, and opens connections through it. */
import { Agent } from 'node:https';
import { Socket } from 'node:net';
import { orUndefined } from '../runner/or-undefined.ts';
import { maskSecret } from '../runner/secrets.ts';
import { RequestError } from './request-error.ts';

/** RFC 3986, section 3.2.1. */
const USER_INFO = /^(?:[\w.~!$&'()*+,;=:-]|%[\da-f]{2})*$/i;
/** Older ones ignore `proxyEnv`, and would go around the proxy. */
const MIN_NODE = [24, 5] as const;

/**
 * The proxy that `https_proxy` names for the URL, unless `no_proxy` exempts its host. The lower-case variable
 * wins, as in curl. Loopback hosts are never proxied. Masks the proxy's password first.
 *
 * @param node the version of Node
 * @throws RequestError for a setting that can't be used, or a Node that would go around the proxy; it holds nothing of
 * the setting
 */
export function proxyFor(url: URL, environment: NodeJS.ProcessEnv, node = process.versions.node): URL | undefined {
  const setting = settingOf(environment);
  for (const password of passwordsIn(setting)) maskSecret(password);
  const userInfo = userInfoOf(setting);
  const exempt = environment['no_proxy'] || environment['NO_PROXY'] || '';
  if (setting === '' || isLoopback(url) || isExempt(url, exempt)) return undefined;
  if (!USER_INFO.test(userInfo) || decoded(userInfo) === undefined) {
    throw unusable(
      'its user name or password is not percent-encoded',
      'Write `@` as %40, `:` as %3A, `/` as %2F, `#` as %23, `?` as %3F and `%` as %25.',
    );
  }
  // The scheme that curl takes for granted.
  const proxy = URL.parse(/^https?:|:\/\//i.test(setting) ? setting : `http://${setting}`);
  if (proxy === null) throw unusable('it is not a URL');
  if (!/^https?:$/.test(proxy.protocol)) throw unusable('its scheme is not http or https');
  maskSecret(credentialsOf(proxy));
  assertProxySupport(node);
  return proxy;
}

/** What Node sends it as `Proxy-Authorization: Basic` (RFC 7617); empty without a user name and a password. */
export function credentialsOf({ username, password }: URL): string {
  const login = username === '' && password === '' ? '' : `${decoded(username)}:${decoded(password)}`;
  return Buffer.from(login).toString('base64');
}

/** As it is written and as it is sent; read as text, since it may not be encoded. */
export function passwordsIn(setting: string): string[] {
  const [, password = ''] = /^[^:]*:(.*)$/s.exec(userInfoOf(setting)) ?? [];
  const sent = decoded(password);
  return sent === undefined ? [password] : [password, sent];
}

/** Undefined if it is not UTF-8, percent-encoded. */
function decoded(text: string): string | undefined {
  return orUndefined(() => decodeURIComponent(text));
}

/** A variable that names a proxy, though not for https, if no other one does. */
export function proxyForHttpOnly(environment: NodeJS.ProcessEnv): string | undefined {
  if (settingOf(environment) !== '') return undefined;
  return ['http_proxy', 'HTTP_PROXY'].find((name) => (environment[name] ?? '') !== '');
}

/**
 * An agent for one attempt through the proxy: CONNECT, and TLS inside.
 *
 * @param onSocket gets the socket to the proxy itself, which Node shows nobody until the tunnel is open
 */
export function proxyAgent(proxy: URL, onSocket: (socket: Socket) => void): Agent {
  const agent = new Agent({ proxyEnv: { https_proxy: proxy.href } });
  const { createConnection } = agent;
  agent.createConnection = (...args) => {
    const socket = createConnection.apply(agent, args);
    if (socket instanceof Socket) onSocket(socket);
    return socket;
  };
  return agent;
}

function assertProxySupport(node: string): void {
  const [major = 0, minor = 0] = node.split('.').map(Number);
  if (major > MIN_NODE[0] || (major === MIN_NODE[0] && minor >= MIN_NODE[1])) return;
  throw new RequestError({
    problem: `\`https_proxy\` needs Node ${MIN_NODE.join('.')} or later, and Node ${node} runs the action`,
    fix: 'Update the runner, or name the API’s host in `no_proxy` if it can be reached without the proxy.',
  });
}

function unusable(
  problem: string,
  fix = 'Write it as http://HOST:PORT, or name the API’s host in `no_proxy`.',
): RequestError {
  return new RequestError({ problem: `\`https_proxy\` can’t be used: ${problem}`, fix });
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
 * A name matches itself and what is below it, an entry may end in a port, `*` matches all. An address matches as it is
 * written, IPv6 in brackets: ranges such as 10.0.0.0/8, which curl reads, match none.
 */
function isExempt(url: URL, exempt: string): boolean {
  const host = url.hostname.replace(/\.$/, '');
  return exempt.split(/[\s,]+/).some((entry) => {
    const [, name = '', port] = /^(?:\*?\.)?(.*?)\.?(?::(\d+))?$/.exec(entry.toLowerCase()) ?? [];
    const isName = name !== '' && (host === name || host.endsWith(`.${name}`));
    return entry === '*' || (isName && (port === undefined || port === (url.port || '443')));
  });
}
