/** A JWT that was signed elsewhere, and a key in every shape. */
import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import fc from 'fast-check';
import { readAppJwt } from '../../../src/icr/app-jwt.ts';
import { readMasked } from '../../../src/signing/pem.ts';
import { fingerprint, readPrivateKey } from '../../../src/signing/private-key.ts';
import { captured, FRAGMENTS, longText, outsideText, property } from '../../support/properties.ts';

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

// The last, since each input is masked, and every mask is looked for from then on.
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
  base64: readonly ('one line' | 'wrapped' | 'wrapped by CRLF')[];
  encoding: 'utf8' | 'utf16le';
}
const shaping: fc.Arbitrary<Shaping> = fc.record({
  indent: fc.constantFrom('', '  ', '\t', '          '),
  lineEnd: fc.constantFrom('\n', '\r\n', '\r', '\\n', '\\r\\n', ' ', '  ', ''),
  quote: fc.constantFrom('', '"', "'"),
  prefix: fc.constantFrom('', '\uFEFF', '\n', '  ', '\uFEFF\r\n'),
  suffix: fc.constantFrom('', '\n', '\r\n', '  ', '\n\n'),
  isBare: fc.boolean(),
  base64: fc.array(fc.constantFrom('one line', 'wrapped', 'wrapped by CRLF'), { maxLength: 2 }),
  encoding: fc.constantFrom('utf8', 'utf16le'),
});

function reshape(text: string, { indent, lineEnd, quote, prefix, suffix, isBare, base64, encoding }: Shaping): string {
  const lines = text.trim().split('\n');
  const kept = isBare ? lines.slice(1, -1) : lines;
  const shaped = `${prefix}${quote}${kept.map((line) => indent + line).join(lineEnd)}${quote}${suffix}`;
  // A variable of the environment can't hold UTF-16 as it is.
  const bytes = Buffer.from(shaped, base64.length === 0 ? 'utf8' : encoding);
  return base64.reduce(encoded, bytes).toString();
}

function encoded(bytes: Buffer, lines: Shaping['base64'][number]): Buffer {
  const text = bytes.toString('base64');
  if (lines === 'one line') return Buffer.from(text);
  return Buffer.from((text.match(/.{1,76}/g) ?? []).join(lines === 'wrapped' ? '\n' : '\r\n'));
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
    const { value, error, printed } = captured(() => readPrivateKey(readMasked(reshape(text, how))));
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
  const { value, error, printed } = captured(() => readPrivateKey(readMasked(text)));
  assertMasks(masksIn(printed));
  if (error === undefined) return assert.equal(value?.asymmetricKeyType, 'rsa');
  assert.ok(error instanceof Error);
  assert.match(error.message, /^`private-key` [^\n]*\.$/);
  const known = new Set(error.message.match(/[\w+/=]{20,}/g));
  for (const piece of text.match(/[\w+/=]{20,}/g) ?? []) assert.ok(!known.has(piece));
});
