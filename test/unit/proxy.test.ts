/** Which proxy the environment names for a URL, with literals; the tunnels themselves are tested over sockets. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { credentialsOf, isLoopback, passwordsIn, proxyFor, proxyForHttpOnly } from '../../src/http/proxy.ts';

const API = new URL('https://api.carbonregistry.com');

function hostOf(environment: NodeJS.ProcessEnv, url = API): string | undefined {
  return proxyFor(url, environment)?.host;
}

describe('https_proxy', () => {
  test('is read in either case, the lower first', () => {
    assert.equal(hostOf({}), undefined);
    assert.equal(hostOf({ https_proxy: 'http://a:1' }), 'a:1');
    assert.equal(hostOf({ HTTPS_PROXY: 'http://b:2' }), 'b:2');
    assert.equal(hostOf({ https_proxy: 'http://a:1', HTTPS_PROXY: 'http://b:2' }), 'a:1');
    assert.equal(hostOf({ https_proxy: '', HTTPS_PROXY: 'http://b:2' }), 'b:2');
    assert.equal(hostOf({ http_proxy: 'http://c:3', HTTP_PROXY: 'http://c:3' }), undefined);
  });

  test('may hold a user name and a password of any character, percent-encoded', () => {
    const all = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index)).join('');
    const proxy = proxyFor(API, { https_proxy: `http://us%65r:${encodeURIComponent(`${all}äö€`)}@a:1` });
    assert.ok(proxy);
    assert.equal(Buffer.from(credentialsOf(proxy), 'base64').toString(), `user:${all}äö€`);
    assert.equal(hostOf({ https_proxy: "http://u:a:b!$&'()*+,;=~-._@a:1" }), 'a:1');
  });

  test('may lack its scheme, and may be IPv6', () => {
    assert.equal(proxyFor(API, { https_proxy: 'proxy.corp:3128' })?.href, 'http://proxy.corp:3128/');
    assert.equal(proxyFor(API, { https_proxy: 'user:pass@proxy.corp:3128' })?.password, 'pass');
    assert.equal(hostOf({ https_proxy: 'http://[::1]:3128' }), '[::1]:3128');
    assert.equal(hostOf({ https_proxy: 'http://u:p@proxy.corp:3128/' }), 'proxy.corp:3128');
    assert.equal(hostOf({ https_proxy: 'http://proxy.corp:3128/path?x#y' }), 'proxy.corp:3128');
  });

  const unusable = [
    'socks5://u:hunter2@a:1',
    'ftp://u:hunter2@a',
    'http://u:hunter2@',
    'u:hunter2@a:99999',
    'http://u:hunter2%zz@a:1',
    '://hunter2',
    'ht!tp://hunter2',
    'http://u:p@hunter2/x@a:1',
    'http://u:p/hunter2@a:1',
    'http://u:1/hunter2@a:1',
    'http://u:p@hunter2#x@a:1',
    'u:p@hunter2@a:1',
    'http://u:1?hunter2@a:1',
    'https:',
    'http://u:31337#@hunter2:1',
    'http://u:31337//@hunter2:1',
    'http://u:31337?@hunter2:1',
    'http://u:p#hunter2@a:1',
    'http://u:p\\hunter2@a:1',
    'http://u:p hunter2@a:1',
    'http://u:p^hunter2@a:1',
    'http://u:pä-hunter2@a:1',
    'http://u:%ffhunter2@a:1',
    'http://u:%4hunter2@a:1',
    'u:p://hunter2@a:1',
    'http:/u:hunter2@a:1',
    'http:///u:hunter2@a:1',
    'hunter2://u:p@a:1',
  ];
  for (const setting of unusable) {
    test(`as ${setting} is an error that does not repeat it`, () => {
      assert.throws(
        () => proxyFor(API, { https_proxy: setting }),
        ({ message }: Error) =>
          /^`https_proxy` can’t be used: [^.]+\. Write .*\.$/.test(message) && !message.includes('hunter2'),
      );
      assert.equal(
        hostOf({ https_proxy: setting, no_proxy: 'carbonregistry.com' }),
        undefined,
        'unless it is not used',
      );
    });
  }

  test('has a password as it is written and as it is sent', () => {
    assert.deepEqual(passwordsIn('http://u:p%40ss@a:1'), ['p%40ss', 'p@ss']);
    assert.deepEqual(passwordsIn('u:pass@a:1'), ['pass', 'pass']);
    assert.deepEqual(passwordsIn('http://u:p%zz@a:1'), ['p%zz']);
    assert.deepEqual(passwordsIn('http://u:31337#@a:1'), ['31337#', '31337#']);
    assert.deepEqual(passwordsIn('socks5://u:p://s@a:1'), ['p://s', 'p://s']);
    assert.deepEqual(passwordsIn('u:p://s@a:1'), ['p://s', 'p://s']);
    assert.deepEqual(passwordsIn('http:u:pass@a:1'), ['pass', 'pass']);
    assert.deepEqual(passwordsIn('http://u:p@s/s#1@a:1'), ['p@s/s#1', 'p@s/s#1']);
    for (const setting of ['http://a:1', '', '://']) assert.deepEqual(passwordsIn(setting).filter(Boolean), []);
  });
});

describe('no_proxy', () => {
  const cases: [entry: string, host: string, isExempt: boolean][] = [
    ['*', 'https://api.carbonregistry.com', true],
    ['api.carbonregistry.com', 'https://api.carbonregistry.com', true],
    ['API.CarbonRegistry.com', 'https://api.carbonregistry.com', true],
    ['carbonregistry.com', 'https://api.carbonregistry.com', true],
    ['.carbonregistry.com', 'https://api.carbonregistry.com', true],
    ['*.carbonregistry.com', 'https://api.carbonregistry.com', true],
    ['registry.com', 'https://api.carbonregistry.com', false],
    ['api.carbonregistry.com.evil', 'https://api.carbonregistry.com', false],
    ['other, carbonregistry.com', 'https://api.carbonregistry.com', true],
    ['other carbonregistry.com', 'https://api.carbonregistry.com', true],
    ['carbonregistry.com:443', 'https://api.carbonregistry.com', true],
    ['carbonregistry.com:8443', 'https://api.carbonregistry.com', false],
    ['carbonregistry.com:8443', 'https://api.carbonregistry.com:8443', true],
    ['carbonregistry.com', 'https://api.carbonregistry.com:8443', true],
    ['api.carbonregistry.com.', 'https://api.carbonregistry.com', true],
    ['api.carbonregistry.com', 'https://api.carbonregistry.com.', true],
    ['10.0.0.1', 'https://10.0.0.1', true],
    ['10.0.0.1', 'https://10.0.0.10', false],
    ['[2001:db8::1]', 'https://[2001:db8::1]', true],
    ['[2001:db8::1]:443', 'https://[2001:db8::1]', true],
    // Ranges are not read: 10.0.0.1 goes through the proxy.
    ['10.0.0.0/8', 'https://10.0.0.1', false],
    ['', 'https://api.carbonregistry.com', false],
    [',,', 'https://api.carbonregistry.com', false],
  ];
  for (const [entry, url, isExempt] of cases) {
    test(`“${entry}” ${isExempt ? 'exempts' : 'does not exempt'} ${url}`, () => {
      for (const name of ['no_proxy', 'NO_PROXY']) {
        const host = hostOf({ https_proxy: 'http://a:1', [name]: entry }, new URL(url));
        assert.equal(host, isExempt ? undefined : 'a:1');
      }
    });
  }
});

test('loopback hosts are never proxied', () => {
  for (const url of ['https://localhost', 'http://127.0.0.1:8080', 'https://127.8.9.1', 'https://[::1]:1']) {
    assert.ok(isLoopback(new URL(url)), url);
    assert.equal(hostOf({ https_proxy: 'socks5://unusable' }, new URL(url)), undefined);
  }
  for (const url of ['https://127.0.0.1.evil', 'https://localhost.evil', 'https://128.0.0.1', 'https://[::2]']) {
    assert.ok(!isLoopback(new URL(url)), url);
  }
});

test('what a proxy is sent is base64 of the user name and the password, decoded', () => {
  const cases: [setting: string, sent: string][] = [
    ['http://user:p%40ss@proxy:1', 'dXNlcjpwQHNz'],
    ['http://user@proxy:1', 'dXNlcjo='],
    ['http://proxy:1', ''],
  ];
  for (const [setting, sent] of cases) assert.equal(credentialsOf(new URL(setting)), sent);
});

test('a variable that names a proxy for http alone is told if there is none for https', () => {
  const cases: [environment: NodeJS.ProcessEnv, name: string | undefined][] = [
    [{}, undefined],
    [{ http_proxy: '' }, undefined],
    [{ http_proxy: 'http://a:1' }, 'http_proxy'],
    [{ HTTP_PROXY: 'http://a:1' }, 'HTTP_PROXY'],
    [{ HTTP_PROXY: 'http://a:1', https_proxy: 'http://a:1' }, undefined],
    [{ HTTP_PROXY: 'http://a:1', HTTPS_PROXY: 'http://a:1', no_proxy: '*' }, undefined],
  ];
  for (const [environment, name] of cases) assert.equal(proxyForHttpOnly(environment), name);
});

test('a Node that would go around the proxy is an error', () => {
  const PROXY = { https_proxy: 'http://a:1' };
  for (const node of ['24.5.0', '24.10.0', '25.0.0', '26.1.0']) assert.doesNotThrow(() => proxyFor(API, PROXY, node));
  for (const node of ['24.4.1', '24.0.0', '22.21.0']) {
    assert.throws(() => proxyFor(API, PROXY, node), {
      message: `\`https_proxy\` needs Node 24.5 or later, and Node ${node} runs the action. Update the runner, or name the API’s host in \`no_proxy\` if it can be reached without the proxy.`,
    });
  }
});
