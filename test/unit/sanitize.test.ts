/** What becomes of text from outside before a person sees it: no secret, no piece of one, no command. */
import assert from 'node:assert/strict';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { before, describe, test } from 'node:test';
import { quote } from '../../src/runner/quote.ts';
import { maskSecret, redact } from '../../src/runner/secrets.ts';
import { summaryText } from '../../src/runner/summary.ts';
import { ECHOES, longestPiece } from '../support/echoes.ts';

const timeout = 60_000;
const MIB = 2 ** 20;

const KEY_LINES = generateKeyPairSync('rsa', { modulusLength: 4096 })
  .privateKey.export({ type: 'pkcs8', format: 'pem' })
  .toString()
  .split('\n')
  .slice(1, -2);
const JWT = [{ alg: 'RS256' }, { iss: '67890', iat: 1_700_000_000 }]
  .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
  .concat(randomBytes(256).toString('base64url'))
  .join('.');
const TOKEN = `crs_${randomBytes(24).toString('hex')}`;
const SECRETS: Record<string, string> = {
  'a line of a key': KEY_LINES[3] ?? '',
  'the body of a key': KEY_LINES.join(''),
  'a JWT': JWT,
  'a token': TOKEN,
  'a token with signs': 'crs/01+23.45~67-89_ab=cd',
  'a proxy’s password': 'c0rrect-h0rse/b@ttery?staple',
  'a proxy’s password as it is sent': 'p@ss/w0rd?of#a%proxy',
  'a proxy’s password as it is written': 'p%40ss%2Fw0rd%3Fof%23a%25proxy',
  'twelve characters': 'aB3$eF6&iJ9(',
};

silently(() => {
  for (const secret of [...KEY_LINES, ...Object.values(SECRETS)]) maskSecret(secret);
});

describe('no 12 characters in a row of a secret are left', { timeout }, () => {
  for (const [what, secret] of Object.entries(SECRETS)) {
    test(`${what}, written in ${ECHOES.length} ways`, { timeout }, (t) => {
      let longest = 0;
      for (const echo of ECHOES) {
        const line = redact(`The message: ${echo.message(secret)}, and more.`);
        const piece = Math.max(longestPiece(line, secret, echo), longestPiece(line, secret, ECHOES[0] ?? echo));
        assert.ok(piece < 12, `${echo.name}: ${piece} characters in ${line}`);
        assert.ok(line.startsWith('The message: ') && line.endsWith(' more.'), line);
        longest = Math.max(longest, piece);
      }
      t.diagnostic(`longest piece in clear: ${longest}`);
    });
  }

  test('wherever it is cut', { timeout }, () => {
    for (let start = 0; start < TOKEN.length; start += 1) {
      for (let end = start; end <= TOKEN.length; end += 1) {
        const piece = TOKEN.slice(start, end);
        assert.equal(redact(`“x${piece}x”`), end - start < 12 ? `“x${piece}x”` : '“x***x”');
      }
    }
  });

  test('in text of any length', { timeout }, () => {
    for (const length of [0, 3900, 4100, 100_000]) {
      assert.equal(redact(`${' '.repeat(length)}<${TOKEN}>`).trim(), '<***>');
    }
  });

  test('before the text is cut', { timeout }, () => {
    for (let before = 0; before < 60; before += 1) {
      assert.ok(longestPiece(quote(`${'-'.repeat(before)}${TOKEN}`, 40), TOKEN, ECHOES[0] as never) < 12);
    }
  });
});

describe('anything that looks like a JWT is taken out, though nobody masked it', { timeout }, () => {
  const other = 'eyJhbGciOiJQUzM4NCJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl';
  const cases: [text: string, sanitized: string][] = [
    [`Bearer ${other}`, 'Bearer ***'],
    [`a=${other}; b`, 'a=***; b'],
    [`/jwt/${other}?x`, '/jwt/***?x'],
    [`Bearer ${other.slice(0, 40)}…`, 'Bearer ***…'],
    [`Bearer ${other.slice(5)}`, `Bearer ${other.slice(5, 21)}***`],
    [other.replaceAll('.', '%2E'), '***'],
    [other.replaceAll('.', '\\u002e'), '***'],
    [other.replaceAll('.', '&#46;'), '***'],
    [other.replace('J', '\u0000J'), '***'],
  ];
  for (const [text, sanitized] of cases) {
    test(JSON.stringify(text), { timeout }, () => assert.equal(quote(text), sanitized));
  }
});

test('other text stays as it is, escapes included', { timeout }, () => {
  for (const text of [
    '100 % of 3 = 3; a\\b \\u00e9 &amp; %41%42',
    'GET /app/installations?limit=100&page=0 on api.carbonregistry.com answered 401',
    'SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=',
    '5b1c7b0e-0f0a-4f7e-8a52-4f5e0f3a9c11',
    'Íslensk kolefnisskrá 😀',
  ]) {
    assert.equal(quote(text), text);
  }
});

test('a text of 1 MiB takes no more than a second or two, whatever is in it', { timeout }, (t) => {
  const percent = [...KEY_LINES.join('')].map((it) => `%${it.charCodeAt(0).toString(16)}`).join('');
  let slowest = 0;
  for (const part of [
    'x',
    'a word ',
    KEY_LINES.join(''),
    percent,
    '%2E',
    '%25',
    '%252525',
    '\\',
    '\\u002e',
    '&#46;',
    'eyJ',
    'eyJ.',
    'hunter2',
    'x ',
    '=',
  ]) {
    const text = part.repeat(Math.ceil(MIB / part.length)).slice(0, MIB);
    const started = performance.now();
    quote(text);
    slowest = Math.max(slowest, performance.now() - started);
  }
  t.diagnostic(`slowest of 15 texts: ${Math.round(slowest)} ms`);
  // The square would take minutes on any machine; this one may be busy.
  assert.ok(slowest < 10_000);
});

describe('a line', { timeout }, () => {
  const cases: [what: string, text: string, most: number, line: string][] = [
    ['is cut to its length', 'abcdefg', 6, 'abcde…'],
    ['that fits is not cut', 'abcdef', 6, 'abcdef'],
    ['is cut between characters', '😀😀😀', 4, '😀…'],
    ['is cut before a pair that does not fit', '😀😀😀', 3, '😀…'],
    ['is one line', 'a\r\nb\u2028c', 300, 'a b c'],
    ['has no control or format characters', '\u001b[31mred\u202e\u200b\uFEFF', 300, '[31mred'],
    ['has no command of the runner’s old style', '##[error]x##\u0000[command]y', 300, '## [error]x## [command]y'],
  ];
  for (const [what, text, most, line] of cases) test(what, { timeout }, () => assert.equal(quote(text, most), line));
});

describe('a cell of the summary', { timeout }, () => {
  const cases: [what: string, text: string, cell: string][] = [
    ['keeps what ids, permissions and dates hold', 'a_b: read, c.d-e 10:30', 'a_b: read, c.d-e 10:30'],
    ['keeps letters of any language', 'Íslensk kolefnisskrá ™', 'Íslensk kolefnisskrá ™'],
    ['holds no HTML', '<b>&amp;', '&#60;b&#62;&#38;amp&#59;'],
    ['ends no cell', 'a|b', 'a&#124;b'],
    ['holds no link', '[a](b) www.x.y', '&#91;a&#93;&#40;b&#41; www&#46;x.y'],
    ['holds no URL, mention or issue', 'http://x @you #1', 'http:&#47;&#47;x &#64;you &#35;1'],
    ['holds no emphasis', '_a_ *b*', '&#95;a&#95; &#42;b&#42;'],
    ['holds no secret', `a=${TOKEN}`, 'a&#61;&#42;&#42;&#42;'],
  ];
  for (const [what, text, cell] of cases) test(what, { timeout }, () => assert.equal(summaryText(text), cell));
});

// The last, since every mask is looked for from then on.
describe('a short secret', { timeout }, () => {
  before(() => silently(() => ['hunter2', 'p4ß!', 'abc', 'x', '%20', ' ', ''].forEach(maskSecret)));

  const cases: [text: string, redacted: string][] = [
    ['user:hunter2@proxy', 'user:***@proxy'],
    ['xhunter2x', 'x***x'],
    ['hunter', 'hunter'],
    ['p%34%df!', '***'],
    ['p4ß!', '***'],
    ['abc, abcd, (abc)', '***, abcd, (***)'],
    ['x-ray: the x in example', '***-ray: the *** in example'],
  ];
  for (const [text, redacted] of cases) test(text, { timeout }, () => assert.equal(redact(text), redacted));
});

function silently(work: () => void): void {
  const { write } = process.stdout;
  process.stdout.write = () => true;
  work();
  process.stdout.write = write;
}
