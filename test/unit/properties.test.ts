/** Owns what holds of any text from outside, tried with generated inputs: no crash, no hang, no command, no secret. */
import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { EOL } from 'node:os';
import { test } from 'node:test';
import fc from 'fast-check';
import { httpDateMs, nextWaitMs, retryAfterMs } from '../../src/http/retry.ts';
import { readAppJwt } from '../../src/icr/app-jwt.ts';
import { isId, isSameId } from '../../src/icr/id.ts';
import {
  describeLevel,
  describePermissions,
  excessPermissions,
  missingPermissions,
  type Permissions,
  parsePermissions,
} from '../../src/icr/permissions.ts';
import {
  parseErrorMessage,
  parseExpiry,
  parseInstallation,
  parseInstallationPage,
  parseToken,
  parseTokenDetails,
  ShapeError,
} from '../../src/icr/responses.ts';
import { explainMissingSecrets, isRepositoryPrivate, relayedInstallationId } from '../../src/inputs/event.ts';
import { info, warning } from '../../src/runner/log.ts';
import { sanitize } from '../../src/runner/sanitize.ts';
import { maskSecret } from '../../src/runner/secrets.ts';
import { summaryText } from '../../src/runner/summary.ts';
import { fingerprint, readPrivateKey } from '../../src/signing/private-key.ts';
import { assertSucceeded } from '../support/runner.ts';
import { APP_ID, createScene } from '../support/scene.ts';

/** No input, however it is made, may hang the action; long enough for a machine that is busy. */
const HANG_MS = 15_000;
/** The longest that an environment variable can be on Linux is 128 KiB; an answer may have 1 MiB. */
const LONG = 120_000;

let inputs = 0;

/** The same inputs in every run, so that a failure is the change's own; another seed tries others. */
fc.configureGlobal({ seed: Number(process.env['PROPERTY_SEED'] ?? 1) });

/** Prints how many inputs the property held for. */
function property<T>(name: string, runs: number, arbitrary: fc.Arbitrary<T>, holds: (input: T) => void): void {
  test(name, (t) => {
    const before = inputs;
    fc.assert(
      fc.property(arbitrary, (input) => {
        inputs += 1;
        const started = performance.now();
        holds(input);
        const took = performance.now() - started;
        assert.ok(took < HANG_MS, `took ${Math.round(took)} ms`);
      }),
      { numRuns: runs },
    );
    t.diagnostic(`${inputs - before} inputs`);
  });
}

// Text that means something to whoever reads it next: a runner, a terminal, Markdown, a parser of ours.
const FRAGMENTS = [
  '::error::',
  '::add-mask::x',
  '##[error]',
  '##',
  '[',
  '::',
  '\n',
  '\r\n',
  '\r',
  '\u2028',
  '\u0085',
  '\u001b[31m',
  '\u202e',
  '\u200b',
  '\uFEFF',
  '\0',
  '\ud800',
  '😀',
  '%0A',
  '%',
  '\\n',
  '"',
  "'",
  '`',
  '|',
  '<img src=x onerror=alert(1)>',
  '[a](javascript:b)',
  '*',
  '_',
  '&#124;',
  'eyJ',
  'eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxIn0.c2ln',
  '.',
  '-----BEGIN PRIVATE KEY-----',
  '-----END PRIVATE KEY-----',
  '-----BEGIN RSA PRIVATE KEY-----',
  '-----',
  'MIIE',
  '=',
  ' ',
  'organization_info: read',
  ',',
  ':',
];
const outsideText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc
    .array(fc.oneof(fc.constantFrom(...FRAGMENTS), fc.string({ maxLength: 20 })), { maxLength: 30 })
    .map((it) => it.join('')),
);
/** One fragment or two, over and over: what makes a careless expression take for ever. */
const longText = fc
  .tuple(fc.constantFrom(...FRAGMENTS, 'a', 'A'), fc.constantFrom('', ...FRAGMENTS, 'a'))
  .map(([one, other]) => (one + other).repeat(Math.ceil(LONG / (one + other).length)));

/** What the work returns or throws. */
function attempt(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}

/** One line without controls or anything that the runner obeys; a JWT is gone. */
function assertHarmless(text: string): void {
  assert.doesNotMatch(text, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
  assert.ok(!text.includes('##['));
  assert.doesNotMatch(text, /eyJ[\w-]+\.[\w-]+\.[\w-]+/);
}

/** What the work printed, and what it returned or threw. */
function captured<T>(work: () => T): { printed: string; value?: T; error?: unknown } {
  const { write } = process.stdout;
  let printed = '';
  process.stdout.write = (chunk: string | Uint8Array) => {
    printed += chunk;
    return true;
  };
  try {
    const value = work();
    return { value, printed: unixLines(printed) };
  } catch (error) {
    return { error, printed: unixLines(printed) };
  } finally {
    process.stdout.write = write;
  }
}

/** The toolkit ends lines as the system does. */
function unixLines(text: string): string {
  return text.replaceAll(EOL, '\n');
}

// ---- Names and messages on their way to the log and the summary

const SECRETS = [
  'crs_0123456789abcdef0123456789abcdef0123456789abcdef',
  'p@ss w0rd-of-a-proxy',
  'abcdefghijklmnopqrstuvwx',
];
captured(() => SECRETS.forEach(maskSecret));

property(
  'text from outside becomes one harmless line of the length that was allowed, at most',
  4000,
  fc.tuple(outsideText, fc.integer({ min: 1, max: 400 })),
  ([text, most]) => {
    const line = sanitize(text, most);
    assertHarmless(line);
    assert.ok(line.length <= most);
    assert.equal(sanitize(line, most), line, 'and stays what it is');
  },
);

property(
  'a known secret does not survive, wherever it stands, broken up by invisible characters or cut',
  3000,
  fc.tuple(
    fc.constantFrom(...SECRETS),
    fc.array(fc.nat(50), { maxLength: 4 }),
    fc.constantFrom('\u200b', '\u001b', '\0', '\uFEFF', '\u00ad'),
    outsideText,
    outsideText,
    fc.integer({ min: 10, max: 400 }),
  ),
  ([secret, breaks, invisible, before, after, most]) => {
    const broken = breaks.reduce((text, at) => text.slice(0, at) + invisible + text.slice(at), secret);
    const line = sanitize(`${before} ${broken} ${after}`, most);
    assert.ok(!line.includes(secret));
    assert.ok(!line.includes(secret.slice(0, 16)), 'nor its first half, by the cut');
  },
);

property('what is logged is one line of ours, whatever is told in it', 1500, outsideText, (text) => {
  for (const log of [info, warning]) {
    const { printed } = captured(() => log(`The API said “${text}”.`));
    assert.match(
      printed,
      log === info ? /^The API said [^\n\r]*\n$/ : /^::warning title=[^:]+::The API said [^\n\r]*\n$/,
    );
    assert.ok(!printed.includes('##['));
  }
});

property('the summary’s cell starts no structure of HTML or Markdown', 3000, outsideText, (text) => {
  const cell = summaryText(text);
  assert.doesNotMatch(cell, /[<>|[\]`*\\"'\r\n]|&(?!#\d+;)/);
});

property('long text takes no time', 150, longText, (text) => {
  assertHarmless(sanitize(text));
  summaryText(text);
  captured(() => info(text));
});

// ---- Permission lists

const LEVELS: Record<string, number> = { read: 1, view: 1, request: 2, write: 3 };
const level = fc
  .tuple(fc.constantFrom(...Object.keys(LEVELS)), fc.array(fc.boolean(), { minLength: 7, maxLength: 7 }))
  .map(([name, upper]) => [...name].map((letter, at) => (upper[at] === true ? letter.toUpperCase() : letter)).join(''));
const permissionName = fc.stringMatching(/^[a-zA-Z_][\w.-]{0,20}$/);
const permissions = fc
  .array(fc.tuple(permissionName, level), { maxLength: 8 })
  .map((entries): Permissions => new Map(entries));
const gap = fc.constantFrom('', ' ', '\t', '  ');

property(
  'a list of permissions is read as what it says, however it is spaced and separated',
  2000,
  fc.tuple(permissions, fc.infiniteStream(gap), fc.infiniteStream(fc.constantFrom(',', '\n', '\r\n', ',\n', '\n\n'))),
  ([map, gaps, separators]) => {
    const next = <T>(stream: Iterator<T>) => stream.next().value;
    const text = [...map]
      .map(([name, it]) => `${next(gaps)}${name}${next(gaps)}:${next(gaps)}${it}${next(gaps)}${next(separators)}`)
      .join('');
    assert.deepEqual(parsePermissions('required-permissions', text), map);
    const described = new Map([...map].map(([name, level]) => [name, describeLevel(level)]));
    if (map.size > 0) assert.deepEqual(parsePermissions('x', describePermissions(map)), described);
  },
);

property('any other list is an error that names the input', 3000, fc.oneof(outsideText, longText), (text) => {
  const { error, value, printed } = captured(() => parsePermissions('allowed-permissions', text));
  assert.equal(printed, '');
  if (value === undefined) assert.ok(error instanceof Error && error.message.includes('`allowed-permissions`'));
  else for (const it of value.values()) assert.ok(it.toLowerCase() in LEVELS);
});

property(
  'a grant is short of what it does not reach, and beyond what it exceeds',
  3000,
  fc.tuple(
    fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', '__proto__'), fc.oneof(level, fc.constantFrom('ADMIN', '')))),
    fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', '__proto__'), level)),
  ),
  ([grantedEntries, otherEntries]) => {
    const granted = new Map(grantedEntries);
    const other = new Map(otherEntries);
    const rank = (it: string | undefined) => (it === undefined ? 0 : LEVELS[it.toLowerCase()]);
    // An unknown level in an answer is more than any allowed and less than any required level.
    const lacking = [...other].filter(([name, it]) => (rank(granted.get(name)) ?? 0) < (rank(it) ?? 0));
    const beyond = [...granted].filter(([name, it]) => (rank(it) ?? 9) > (rank(other.get(name)) ?? 0));
    assert.deepEqual([...missingPermissions(granted, other)], lacking);
    assert.deepEqual([...excessPermissions(granted, other)], beyond);
  },
);

// ---- Answers of the API

const MARK = 'SECRET-IN-THE-BODY';
const id = fc.oneof(fc.uuid(), fc.constant('67890'));
const grantBody = fc.record({
  id,
  token: fc.constant(MARK),
  expiresAt: fc
    .date({ noInvalidDate: true, min: new Date(0), max: new Date('2100-01-01') })
    .map((it) => it.toISOString()),
  isActive: fc.boolean(),
  permissions: fc.dictionary(permissionName, fc.constantFrom('VIEW', 'REQUEST', 'WRITE')),
  installationId: id,
  organizationId: id,
});
const installationBody = fc.record(
  { id, organization: fc.record({ id, fullName: fc.string() }), permissions: fc.anything() },
  { requiredKeys: ['id'] },
);
const pageBody = fc.record(
  { installations: fc.array(installationBody, { maxLength: 4 }), pagination: fc.record({ total: fc.nat() }) },
  { requiredKeys: ['installations'] },
);
/** A value that does not belong there; every text in it is marked. */
const wrong = fc.oneof(
  fc.constantFrom(null, true, 0, -1, 2 ** 60, '', ' ', MARK, `${MARK}\n::error::x`, [], [MARK], {}, { id: MARK }),
  fc.object({ values: [fc.constantFrom(MARK, null, 7)], maxDepth: 2 }),
);
const PATHS = [
  'id',
  'token',
  'expiresAt',
  'isActive',
  'permissions',
  'installationId',
  'organizationId',
  'organization',
  'installations',
  'pagination',
];
const spoiled = fc
  .tuple(fc.oneof(grantBody, installationBody, pageBody), fc.constantFrom(...PATHS), wrong, fc.boolean())
  .map(([body, path, value, isDropped]) => {
    const copy: Record<string, unknown> = { ...body, [path]: value };
    if (isDropped) delete copy[path];
    return JSON.stringify(copy);
  });
const body = fc.oneof(
  spoiled,
  fc.json(),
  fc
    .anything()
    .map((it) =>
      JSON.stringify({ message: it, token: it, installations: [it] }, (_, part) =>
        typeof part === 'bigint' ? 1 : part,
      ),
    ),
  outsideText,
);

const PARSERS = {
  installation: parseInstallation,
  page: parseInstallationPage,
  token: parseToken,
  expiry: parseExpiry,
  grant: (text: string) => parseTokenDetails(text, true),
  appGrant: (text: string) => parseTokenDetails(text, false),
};

property('any answer is parsed, or is a ShapeError that holds nothing of it', 5000, body, (text) => {
  for (const [name, parse] of Object.entries(PARSERS)) {
    const { error, printed } = captured(() => parse(text));
    assert.equal(printed, '', name);
    if (error === undefined) continue;
    assert.ok(error instanceof ShapeError, `${name}: ${error}`);
    assertHarmless(error.message);
    assert.ok(!error.message.includes(MARK), error.message);
    assert.ok(error.message.length < 200, error.message);
  }
  const refusal = parseErrorMessage(text);
  if (refusal !== undefined) assertHarmless(refusal);
});

property('an answer as documented is read as what it says', 1500, fc.tuple(grantBody, pageBody), ([grant, page]) => {
  const read = parseTokenDetails(JSON.stringify(grant), true);
  assert.deepEqual(
    { ...read, permissions: Object.fromEntries(read.permissions) },
    {
      isActive: grant.isActive,
      expiresAt: grant.expiresAt,
      permissions: { ...grant.permissions },
      installationId: grant.installationId,
      organizationId: grant.organizationId,
    },
  );
  assert.equal(parseToken(JSON.stringify(grant)), grant.token);
  assert.equal(parseExpiry(JSON.stringify(grant)), grant.expiresAt);
  const list = parseInstallationPage(JSON.stringify(page));
  assert.deepEqual(
    list.installations.map((it) => [it.id, it.organization?.id, it.organization?.name]),
    page.installations.map((it) => [it.id, it.organization?.id, it.organization?.fullName]),
  );
  assert.equal(list.total, page.pagination?.total);
});

property(
  'an answer of a megabyte takes no time, nested as deep as it may be',
  12,
  fc.constantFrom('[', '{"a":', '{"message":[', '{"installations":[', '"eyJ', ' ', '\\u0000', '0'),
  (fragment) => {
    const text = fragment.repeat(Math.floor(1_000_000 / fragment.length));
    for (const parse of Object.values(PARSERS)) assert.ok(captured(() => parse(text)).error instanceof ShapeError);
    parseErrorMessage(text);
    assertHarmless(parseErrorMessage(JSON.stringify({ message: text })) ?? '');
  },
);

// ---- Ids

property('an id is one segment of a URL, and nothing else', 4000, fc.oneof(outsideText, fc.uuid()), (text) => {
  if (!isId(text)) return;
  const url = new URL(`https://host/v0.5/app/installations/${encodeURIComponent(text)}/accessTokens?a=b`);
  assert.deepEqual(url.pathname.split('/').slice(0, 4), ['', 'v0.5', 'app', 'installations']);
  assert.equal(decodeURIComponent(url.pathname.split('/')[4] ?? ''), text);
  assert.equal(url.pathname.split('/').length, 6);
  assert.ok(isSameId(text, text));
});

// ---- Retry-After

const seconds = fc.nat(10_000_000);
const time = fc.integer({ min: 0, max: 4_000_000_000 }).map((it) => it * 1000);

property(
  'Retry-After in seconds or as a date asks for that wait, whatever the runner’s clock says',
  3000,
  fc.tuple(seconds, time, fc.integer(), fc.constantFrom('', ' ', '\t')),
  ([wait, date, now, space]) => {
    const httpDate = (ms: number) => new Date(ms).toUTCString();
    assert.equal(retryAfterMs(`${space}${wait}${space}`, now), wait * 1000);
    assert.equal(retryAfterMs(httpDate(date + wait * 1000), date), wait * 1000);
    assert.equal(retryAfterMs(httpDate(date), date + wait * 1000), 0);
    assert.equal(httpDateMs(httpDate(date)), date);
  },
);

property(
  'any other Retry-After asks for a wait that is not negative, or for none',
  5000,
  fc.tuple(
    fc.oneof(
      outsideText,
      longText,
      fc.double().map(String),
      fc.constantFrom('-1', '1.5', 'soon', '0x10', '1e9', '9'.repeat(400)),
    ),
    outsideText,
    fc.integer(),
  ),
  ([retryAfter, date, now]) => {
    const wait = retryAfterMs(retryAfter, httpDateMs(date) ?? now);
    assert.ok(wait === undefined || wait >= 0);
    if (/[^\d\s]/.test(retryAfter) && !/^\s*[A-Z][a-z]{2}/.test(retryAfter)) assert.equal(wait, undefined);
  },
);

property(
  'the next wait is what was asked at least, and leaves a second of the budget',
  5000,
  fc.tuple(
    fc.option(fc.oneof(fc.integer({ min: 0, max: 200_000 }), fc.constant(Number.POSITIVE_INFINITY)), {
      nil: undefined,
    }),
    fc.nat(40),
    fc.integer({ min: -1000, max: 90_000 }),
    fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  ),
  ([asked, waits, left, random]) => {
    const wait = nextWaitMs({ attempts: waits + 1, failures: 1 }, asked, left, random);
    if (wait === undefined) return assert.ok((asked ?? 0) > left - 1000);
    assert.ok(wait >= (asked ?? 0));
    assert.ok(wait <= (asked ?? 0) + 12_000);
    assert.ok(wait <= left - 1000);
  },
);

// ---- The webhook's payload

const anyJson = fc.jsonValue({ maxDepth: 4 });
const payload = fc.oneof(
  fc.dictionary(fc.constantFrom('client_payload', 'installation', 'pull_request', 'repository', 'action'), anyJson),
  fc.record({ client_payload: fc.record({ installation: fc.oneof(anyJson, fc.record({ id: anyJson })) }) }),
  fc.record({
    client_payload: fc.record({ installation: fc.record({ id: outsideText }) }),
    installation: fc.record({ id: fc.nat() }),
  }),
  fc.record({ pull_request: fc.record({ head: fc.record({ repo: fc.record({ full_name: outsideText }) }) }) }),
);

test('a relayed webhook names an installation by an id, or is an error; GitHub’s own never does', async (t) => {
  const before = inputs;
  fc.assert(
    fc.property(
      payload,
      fc.constantFrom('repository_dispatch', 'push', 'pull_request', 'installation'),
      (event, name) => {
        inputs += 1;
        const relayed = 'client_payload' in event ? event.client_payload : undefined;
        const found = attempt(() => relayedInstallationId({ name, actor: '', payload: event }));
        if (found instanceof Error) {
          assertHarmless(found.message);
          assert.match(found.message, Object.keys(event).length === 0 ? /cannot be read/ : /client_payload/);
        } else if (found !== undefined) {
          assert.equal(name, 'repository_dispatch');
          assert.deepEqual(JSON.parse(JSON.stringify(relayed)).installation.id, found);
          assert.ok(isId(found));
        }
        assertHarmless(explainMissingSecrets({ name, actor: '', payload: event }).cause);
        assert.equal(isRepositoryPrivate({ name, actor: '', payload: event }), false);
      },
    ),
    { numRuns: 3000 },
  );
  t.diagnostic(`${inputs - before} inputs`);
});

// ---- A JWT that was signed elsewhere

property(
  'a JWT from outside is read, or is an error that holds nothing of it',
  3000,
  fc.oneof(
    outsideText,
    fc
      .tuple(fc.json(), fc.json())
      .map((parts) => [...parts.map((it) => Buffer.from(it).toString('base64url')), 'c2ln'].join('.')),
  ),
  (text) => {
    const { error, value, printed } = captured(() => readAppJwt(text, 1_700_000_000));
    assert.equal(printed, '');
    if (error === undefined) return assert.ok(typeof value === 'string' && value !== '');
    assert.ok(error instanceof Error);
    assert.match(error.message, /^`jwt` .*\.$/);
    if (text.length >= 16) assert.ok(!error.message.includes(text));
  },
);

// ---- Key intake; last, since each input is masked and every mask is looked for from then on

const KEYS: readonly KeyObject[] = [2048, 3072].map(
  (modulusLength) => generateKeyPairSync('rsa', { modulusLength }).privateKey,
);
const pem = fc
  .tuple(fc.constantFrom(...KEYS), fc.constantFrom('pkcs1', 'pkcs8'))
  .map(([key, type]) => ({ key, text: key.export({ type, format: 'pem' }).toString() }));

interface Shaping {
  indent: string;
  lineEnd: string;
  quote: string;
  prefix: string;
  suffix: string;
  isBare: boolean;
  base64: 'none' | 'one line' | 'wrapped' | 'wrapped by CRLF';
}
const shaping: fc.Arbitrary<Shaping> = fc.record({
  indent: fc.constantFrom('', '  ', '\t', '          '),
  lineEnd: fc.constantFrom('\n', '\r\n', '\r', '\\n', '\\r\\n', ' ', '  ', ''),
  quote: fc.constantFrom('', '"', "'"),
  prefix: fc.constantFrom('', '\uFEFF', '\n', '  ', '\uFEFF\r\n'),
  suffix: fc.constantFrom('', '\n', '\r\n', '  ', '\n\n'),
  isBare: fc.boolean(),
  base64: fc.constantFrom('none', 'none', 'one line', 'wrapped', 'wrapped by CRLF'),
});

function reshape(text: string, { indent, lineEnd, quote, prefix, suffix, isBare, base64 }: Shaping): string {
  const lines = text.trim().split('\n');
  const kept = isBare ? lines.slice(1, -1) : lines;
  const shaped = `${prefix}${quote}${kept.map((line) => indent + line).join(lineEnd)}${quote}${suffix}`;
  // Base64 of the bare body would be base64 twice: no one has that.
  if (base64 === 'none' || isBare) return shaped;
  const encoded = Buffer.from(shaped).toString('base64');
  if (base64 === 'one line') return encoded;
  return (encoded.match(/.{1,76}/g) ?? []).join(base64 === 'wrapped' ? '\n' : '\r\n');
}

function masksIn(printed: string): string[] {
  const lines = printed.split('\n').filter((line) => line !== '');
  for (const line of lines) assert.match(line, /^::add-mask::/);
  return lines.map((line) => line.slice('::add-mask::'.length));
}

const HEADERS = '-----BEGIN RSA PRIVATE KEY----- -----END RSA PRIVATE KEY-----';

/** The runner masks every line of a mask: none may be a header, a footer or a short tail. */
function assertMasks(masks: readonly string[]): void {
  for (const mask of masks) {
    for (const line of mask.replaceAll('%0D', '\n').replaceAll('%0A', '\n').split('\n')) {
      assert.ok(line.length >= 16, `a short mask: ${line}`);
      assert.doesNotMatch(line, /\s/);
      assert.ok(!HEADERS.includes(line), 'a mask of what stands in a header');
    }
  }
}

/** Each is printed once. */
const allMasks = new Set<string>();

property(
  'one key in any of the shapes that are accepted, composed, is read as that key, and masked',
  500,
  fc.tuple(pem, shaping),
  ([{ key, text }, how]) => {
    const { value, error, printed } = captured(() => readPrivateKey(reshape(text, how)));
    assert.equal(error, undefined, String(error));
    assert.ok(value !== undefined);
    assert.equal(fingerprint(value), fingerprint(key));
    assertMasks(masksIn(printed));
    for (const mask of masksIn(printed)) allMasks.add(mask);
    for (const line of text.trim().split('\n').slice(1, -1)) {
      if (line.length >= 16) assert.ok(allMasks.has(line), 'each line of the key is masked');
    }
  },
);

/** Pieces of keys, of what surrounds them, and of nothing. */
const almostKey = fc.oneof(
  outsideText,
  longText,
  fc.tuple(pem, fc.nat(2000), fc.nat(2000)).map(([{ text }, from, to]) => text.slice(from, -to || undefined)),
  fc.tuple(pem, shaping, fc.nat(2000), fc.constantFrom(...FRAGMENTS)).map(([{ text }, how, at, fragment]) => {
    const shaped = reshape(text, how);
    return shaped.slice(0, at) + fragment + shaped.slice(at);
  }),
  fc.tuple(pem, pem).map(([one, other]) => one.text + other.text),
  fc.uint8Array({ maxLength: 300 }).map((it) => Buffer.from(it).toString('base64')),
);

property('anything else as a key is an error in one sentence that holds nothing of it', 1500, almostKey, (text) => {
  const { value, error, printed } = captured(() => readPrivateKey(text));
  assertMasks(masksIn(printed));
  if (error === undefined) return assert.equal(value?.asymmetricKeyType, 'rsa');
  assert.ok(error instanceof Error);
  assert.match(error.message, /^`private-key` [^\n]*\.$/);
  const known = new Set(error.message.match(/[\w+/=]{20,}/g));
  for (const piece of text.match(/[\w+/=]{20,}/g) ?? []) assert.ok(!known.has(piece));
});

// ---- The same, through the process

test('hostile names, messages and lists come out of the built action as harmless lines', async (t) => {
  const texts = fc.sample(outsideText, 16).map((text) => text.replaceAll('\0', ''));
  const waiting = [...texts];
  const work = async () => {
    for (let text = waiting.shift(); text !== undefined; text = waiting.shift()) await tryThroughProcess(text);
  };
  await Promise.all(Array.from({ length: 4 }, work));
  t.diagnostic(`${texts.length} texts in 3 processes each`);
});

async function tryThroughProcess(text: string): Promise<void> {
  await using scene = await createScene();
  const hostile = scene.simulator.addInstallation({ appId: APP_ID, organization: { fullName: text } });
  const inputs = { 'organization-id': hostile.organization.id, 'job-summary': 'true' };
  const granted = await scene.main(inputs);
  assertSucceeded(granted);
  assert.doesNotMatch(granted.summary, /<|javascript:b\)/);
  const results = [granted, await scene.main({ ...inputs, 'required-permissions': text })];

  const message = { statusCode: 409, message: [text, text] };
  scene.simulator.fault({
    method: 'POST',
    path: '**',
    effect: { kind: 'answer', status: 409, body: JSON.stringify(message) },
  });
  results.push(await scene.main(inputs));
  assert.equal(results[2]?.errors.length, 1);
  for (const { stdout, stderr } of results) {
    assert.equal(stderr, '');
    for (const line of stdout.split('\n'))
      assert.match(line, /^(?:|::(?:add-mask|error title=[^:]+)::.*|Minted an access token for .*)$/);
    assert.ok(!stdout.includes('##['));
  }
}
