/** Tests the words for a request that got no response: the cause that the facts show, and the fix. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { describeError, noResponse, RequestError, type Route } from '../../src/http/request-error.ts';

const SET: Route = {
  host: 'icr.example',
  isDefaultHost: false,
  proxy: undefined,
  ignoredProxy: undefined,
};
const DEFAULT = { ...SET, host: 'api.carbonregistry.com', isDefaultHost: true };
const BEHIND = { ...SET, proxy: 'proxy.example:3128' };
const NOTHING = { wasSent: false, isAtProxy: false };
const ONLY_HTTP = { ...DEFAULT, ignoredProxy: 'HTTP_PROXY' };

const folder = await mkdtemp(join(tmpdir(), 'icr-ca-'));
after(() => rm(folder, { recursive: true, force: true }));

function networkError(code: string, message = 'words', more: object = {}): Error {
  return Object.assign(new Error(message), { code, ...more });
}

/** What is said of an error before anything was sent. */
function said(code: string, route: Route, isAtProxy = false, more: object = {}): string {
  const { problem, fix } = describeError(networkError(code, 'words', more), route, { wasSent: false, isAtProxy });
  return `${problem}. ${fix}`;
}

const FILE =
  'If a company’s proxy or a private CA signs it, set NODE_EXTRA_CA_CERTS to the CA’s certificate file on the runner.';
const cases: [code: string, route: Route, isAtProxy: boolean, says: string, isFinal?: true][] = [
  ['ENOTFOUND', SET, false, 'icr.example was not found. Check `api-url`, and the runner’s network and name server.'],
  ['ENOTFOUND', DEFAULT, false, 'api.carbonregistry.com was not found. Check the runner’s network and name server.'],
  [
    'ENOTFOUND',
    ONLY_HTTP,
    false,
    'api.carbonregistry.com was not found, and `HTTP_PROXY` does not count for https. Set `https_proxy` to the proxy.',
  ],
  ['ENOTFOUND', BEHIND, true, 'The proxy proxy.example:3128 was not found. Check `https_proxy` and the proxy.'],
  [
    'ETIMEDOUT',
    ONLY_HTTP,
    false,
    'api.carbonregistry.com can’t be reached, and `HTTP_PROXY` does not count for https. Set `https_proxy` to the proxy.',
  ],
  [
    'ECONNREFUSED',
    SET,
    false,
    'icr.example can’t be reached. Check `api-url`, and the runner’s network and name server.',
  ],
  ['EAI_AGAIN', DEFAULT, false, 'api.carbonregistry.com can’t be reached. Check the runner’s network and name server.'],
  ['ECONNREFUSED', BEHIND, true, 'The proxy proxy.example:3128 can’t be reached. Check `https_proxy` and the proxy.'],
  [
    'ECONNRESET',
    BEHIND,
    false,
    'icr.example can’t be reached. Check `api-url`, and the runner’s network and name server.',
  ],
  ['HPE_INVALID_CONSTANT', SET, false, 'The server’s response is not HTTP. Check `api-url` and any proxy on the way.'],
  [
    'HPE_INVALID_CONSTANT',
    DEFAULT,
    false,
    'The server’s response is not HTTP. Check any proxy or firewall on the way.',
  ],
  ['SELF_SIGNED_CERT_IN_CHAIN', SET, false, `The server’s certificate is not trusted. ${FILE}`, true],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', SET, false, `The server’s certificate is not trusted. ${FILE}`, true],
  [
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    BEHIND,
    true,
    `The proxy proxy.example:3128’s certificate is not trusted. ${FILE}`,
    true,
  ],
  [
    'CERT_HAS_EXPIRED',
    DEFAULT,
    false,
    'The server’s certificate is not valid at this time. Check the runner’s clock, and when the certificate expires.',
    true,
  ],
  [
    'ERR_TLS_CERT_ALTNAME_INVALID',
    DEFAULT,
    false,
    'The server’s certificate is for another host. Check any proxy or firewall on the way.',
    true,
  ],
  ['UNSPECIFIED', SET, false, 'The server’s certificate is not accepted. Check it, and the CA that signs it.', true],
];
for (const [code, route, isAtProxy, says, isFinal] of cases) {
  test(`${code}: ${says}`, () => {
    assert.equal(said(code, route, isAtProxy), says);
    assert.equal(describeError(networkError(code), route, { wasSent: false, isAtProxy }).isFinal, isFinal);
  });
}

const LOGIN =
  'requires a valid user name and password (407). Set them in `https_proxy`: http://USER:PASSWORD@HOST:PORT, percent-encoded.';
const ENDED =
  'ended the connection, or does not speak HTTP. Check the scheme (http or https) and the port of `https_proxy`.';
const notConnected = (status: number) =>
  `did not connect to icr.example (${status}). Check \`api-url\`, allow the host on the proxy, or name it in \`no_proxy\`.`;
for (const [status, says, isFinal] of [
  [407, LOGIN, true],
  [401, LOGIN.replace('407', '401'), true],
  [403, notConnected(403), true],
  [204, notConnected(204), true],
  [501, notConnected(501), true],
  [502, notConnected(502), undefined],
  [408, notConnected(408), undefined],
  [429, notConnected(429), undefined],
  [Number.NaN, ENDED, undefined],
  [undefined, ENDED, undefined],
] as const) {
  test(`a proxy that answers ${status}: ${says}`, () => {
    const error = networkError(
      'ERR_PROXY_TUNNEL',
      'via http://u:hunter2@proxy',
      status === undefined ? {} : { statusCode: status },
    );
    const failure = describeError(error, BEHIND, NOTHING);
    assert.equal(`${failure.problem}. ${failure.fix}`, `The proxy proxy.example:3128 ${says}`);
    assert.equal(failure.isFinal, isFinal);
    assert.ok(!JSON.stringify(failure).includes('hunter2'));
  });
}

test('a port that speaks no TLS is named, and is final', () => {
  const error = networkError('EPROTO', 'write EPROTO 40:error:0A00010B:SSL routines::wrong version number:x.c:77:\n');
  const tell = (route: Route, isAtProxy = false) => {
    const { problem, fix, isFinal } = describeError(error, route, { wasSent: false, isAtProxy });
    assert.ok(isFinal);
    return `${problem}. ${fix}`;
  };
  assert.equal(
    tell({ ...SET, host: 'icr.example:8080' }),
    'The server icr.example:8080 does not speak TLS. Check `api-url` and any proxy on the way.',
  );
  assert.equal(
    tell(DEFAULT),
    'The server api.carbonregistry.com does not speak TLS. Check any proxy or firewall on the way.',
  );
  assert.equal(
    tell(BEHIND, true),
    'The proxy proxy.example:3128 does not speak TLS. Begin `https_proxy` with http://, or correct its port.',
  );
});

const UNUSABLE = (file: string) =>
  `, and NODE_EXTRA_CA_CERTS names a file that is missing or holds no certificate. Put the CA’s certificate in ${file}, in PEM.`;

test('NODE_EXTRA_CA_CERTS is named if its file is missing, holds no certificate, or not the right one', () => {
  const [missing, none, other] = ['missing.pem', 'none.pem', 'other.pem'].map((name) => join(folder, name));
  assert.ok(missing !== undefined && none !== undefined && other !== undefined);
  writeFileSync(none, 'hello');
  writeFileSync(other, '-----BEGIN CERTIFICATE-----\n');
  const before = process.env['NODE_EXTRA_CA_CERTS'];
  try {
    for (const [file, says] of [
      [missing, UNUSABLE(missing)],
      [folder, UNUSABLE(folder)],
      [none, UNUSABLE(none)],
      [other, `. Add the certificate of the CA that signs it to ${other}.`],
      ['', `. ${FILE}`],
    ] as const) {
      process.env['NODE_EXTRA_CA_CERTS'] = file;
      assert.equal(said('SELF_SIGNED_CERT_IN_CHAIN', SET), `The server’s certificate is not trusted${says}`);
    }
  } finally {
    if (before === undefined) delete process.env['NODE_EXTRA_CA_CERTS'];
    else process.env['NODE_EXTRA_CA_CERTS'] = before;
  }
});

test('no response in time names the proxy if that did not answer, and no connection is not silence', () => {
  const tell = (...[route, wasSent, isAtProxy]: [Route, boolean, boolean]) => {
    const { problem, fix, detail } = noResponse(route, { wasSent, isAtProxy }, 15_000);
    return [problem, fix, detail];
  };
  assert.deepEqual(tell(BEHIND, false, true), [
    'The proxy proxy.example:3128 did not respond within 15 s',
    'Check `https_proxy` and the proxy.',
    undefined,
  ]);
  assert.deepEqual(tell(SET, true, false), ['ICR did not respond within 15 s', 'Run the job again later.', undefined]);
  assert.deepEqual(tell(ONLY_HTTP, false, false).slice(1), [
    'Set `https_proxy` to the proxy.',
    'There was no connection within 15 s.',
  ]);
});

for (const error of [
  new TypeError('Promise.withResolvers is not a function'),
  new RangeError('Invalid array length'),
  new Error('no code'),
  Object.assign(new TypeError('Invalid character in header content'), { code: 'ERR_INVALID_CHAR' }),
  Object.assign(new Error('x'), { code: 'ERR_ASSERTION' }),
]) {
  test(`an error of the program itself is thrown as it is: ${error.message}`, () => {
    assert.throws(
      () => describeError(error, SET, NOTHING),
      (thrown) => thrown === error,
    );
  });
}

test('an error without a message, as Node has for several addresses, is told by its code alone', () => {
  const error = Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' });
  assert.equal(describeError(error, SET, NOTHING).detail, 'It failed with ECONNREFUSED.');
});

test('the message has the cause, the fix, what came back and the request, and the facts lack the fix', () => {
  const cause = networkError('ECONNREFUSED', 'connect ECONNREFUSED 192.0.2.1:443 ##[error]');
  const error = new RequestError(describeError(cause, SET, NOTHING), 'GET /app on icr.example.', 3);
  const [came, request] = [
    'It failed with ECONNREFUSED: connect ECONNREFUSED 192.0.2.1:443 ## [error].',
    'GET /app on icr.example.',
  ];
  assert.equal(
    error.message,
    `icr.example can’t be reached. Check \`api-url\`, and the runner’s network and name server. ${came} ${request}`,
  );
  assert.equal(error.facts, `icr.example can’t be reached. ${came} ${request}`);
  assert.deepEqual([error.cause, error.unanswered], [cause, 3]);
});
