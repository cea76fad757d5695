/** What becomes of text from outside before a person sees it: no piece of a secret, no command, and otherwise itself. */
import assert from 'node:assert/strict';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { quote } from '../../src/runner/quote.ts';
import { maskSecret, redact, repeatsSecret } from '../../src/runner/secrets.ts';
import { summaryText } from '../../src/runner/summary.ts';
import { ECHOES, ORDINARY_MESSAGES } from '../support/echoes.ts';
import { captured } from '../support/properties.ts';

const timeout = 60_000;
const MIB = 2 ** 20;
const WITHHELD = '(withheld: it repeats a secret)';

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
  'a password of words': 'correct horse battery staple',
  'twelve characters': 'aB3$eF6&iJ9(',
};
const SHORT = 'hunter2';

captured(() => {
  for (const secret of [...KEY_LINES, ...Object.values(SECRETS), SHORT]) maskSecret(secret);
});

describe('a text from outside is withheld whole if it repeats', { timeout }, () => {
  for (const [what, secret] of Object.entries(SECRETS)) {
    test(`${what}, however it writes it`, () => {
      for (const { name, message } of ECHOES) {
        const text = `The message: ${message(secret)}, and more.`;
        assert.ok(quote(text, 3000) === WITHHELD || secret.length < 24, `${name}: ${quote(text, 3000)}`);
      }
    });
  }

  test('12 characters in a row of a secret, wherever they are in it, and not 11', () => {
    for (let start = 0; start < TOKEN.length; start += 1) {
      for (let end = start; end <= TOKEN.length; end += 1) {
        const text = `“x${TOKEN.slice(start, end)}x”`;
        assert.equal(quote(text), end - start < 12 ? text : WITHHELD);
      }
    }
  });

  test('a secret behind so many spaces that a cut would have hidden its beginning', () => {
    for (const length of [0, 290, 299, 3900]) assert.equal(quote(`${' '.repeat(length)}${TOKEN}`), WITHHELD);
  });

  const other = 'eyJhbGciOiJQUzM4NCJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl';
  for (const text of [
    `Bearer ${other}`,
    `/jwt/${other}?x`,
    `Bearer ${other.slice(0, 40)}…`,
    `${other.slice(0, 20)}. ***`,
    other.replaceAll('.', '%2E'),
    other.replaceAll('.', '\\u002e'),
    other.replaceAll('.', '&#46;'),
    other.replace('J', '\u0000J'),
    other.replaceAll('.', '\n.'),
    `${other.slice(0, 20)}.${Buffer.from('{ "sub":"1"}').toString('base64url')}`,
    `${other.slice(0, 20)}.${Buffer.from('{\n"sub":"1"}').toString('base64url')}`,
  ]) {
    test(`a JWT that nobody masked: ${JSON.stringify(text)}`, () => assert.equal(quote(text), WITHHELD));
  }

  test('a token of ICR that nobody masked', () => {
    const token = `crs_${'0123456789ab'.repeat(4)}`;
    for (const text of [token, `Webhook failed for ${token}`, `Key (token)=(${token}) exists`]) {
      assert.equal(quote(text), WITHHELD);
    }
  });

  for (const [how, text] of [
    ['four times', [...TOKEN].map((it) => `%252525${it.charCodeAt(0).toString(16)}`).join('')],
    ['as JSON in HTML', [...TOKEN].map((it) => `&#92;u00${it.charCodeAt(0).toString(16)}`).join('')],
    ['by &amp;', 'a%26b'.repeat(4).replaceAll('%', '&#37;')],
  ] as const) {
    test(`a secret that is escaped ${how}`, () => {
      captured(() => maskSecret('a&b'.repeat(4)));
      assert.equal(quote(text), WITHHELD);
    });
  }
});

describe('a text from outside that repeats no secret', { timeout }, () => {
  test('stays as it is, escapes included', () => {
    for (const text of ORDINARY_MESSAGES) assert.equal(quote(text), text);
  });

  test('is not withheld for a secret of fewer than 12 characters, and shows none of it', () => {
    assert.equal(quote(`user:${SHORT}@proxy`), 'user:***@proxy');
  });

  const cases: [what: string, text: string, most: number, line: string][] = [
    ['is cut between words', 'one two three', 12, 'one two…'],
    ['keeps a word that ends at the ellipsis', 'abc def', 4, 'abc…'],
    ['is cut between words also if the word would fit without the ellipsis', 'one two', 6, 'one…'],
    ['that fits is not cut', 'one two', 7, 'one two'],
    ['is left out if its first word is too long, since a half of it may be of a secret', 'abcdefgh', 6, '…'],
    ['is one line', 'a\r\nb\u2028c', 300, 'a b c'],
    ['has no control or format characters', '\u001b[31mred\u202e\u200b\uFEFF', 300, '[31mred'],
    ['has no command of the runner’s old style', '##[error]x##\u0000[command]y', 300, '## [error]x## [command]y'],
    ['keeps no half of a pair of surrogates', '\ud83d x \ude00', 300, 'x'],
  ];
  for (const [what, text, most, line] of cases) test(what, () => assert.equal(quote(text, most), line));

  test('is no longer than 300 characters', () => {
    const line = quote('word '.repeat(100));
    assert.ok(line.length <= 300 && line.length > 290 && line.endsWith('word…'));
  });

  test('of 1 MiB takes no more than a second or two, whatever is in it', (t) => {
    const percent = [...KEY_LINES.join('')].map((it) => `%${it.charCodeAt(0).toString(16)}`).join('');
    const parts = ['x', 'a word ', KEY_LINES.join(''), percent, '%2E', '%25', '%252525', '\\', '\\u002e', '&#46;'];
    let slowest = 0;
    for (const part of [...parts, 'eyJ', 'eyJ.', 'hunter2', 'x ', '=']) {
      const text = part.repeat(Math.ceil(MIB / part.length)).slice(0, MIB);
      const started = performance.now();
      quote(text);
      slowest = Math.max(slowest, performance.now() - started);
    }
    t.diagnostic(`slowest of 15 texts: ${Math.round(slowest)} ms`);
    // The square would take minutes on any machine; this one may be busy.
    assert.ok(slowest < 10_000);
  });
});

describe('a line of our own loses whole secrets alone', { timeout }, () => {
  for (const [what, secret] of Object.entries(SECRETS)) {
    test(what, () => {
      assert.equal(redact(`The secret “${secret}” is in it.`), 'The secret “***” is in it.');
      const piece = secret.slice(0, -1);
      if (!piece.includes(SHORT)) assert.equal(redact(`“${piece.slice(0, 40)}”`), `“${piece.slice(0, 40)}”`);
    });
  }

  test('the longer secret first, if one holds another', () => {
    captured(() => maskSecret(`${SHORT}-and-more`));
    assert.equal(redact(`${SHORT}-and-more, ${SHORT}`), '***, ***');
  });
});

describe('a mask', { timeout }, () => {
  test('is printed once, and before the secret is known to be in a text', () => {
    const secret = 'printed-once-and-found';
    assert.equal(repeatsSecret(secret), false);
    assert.equal(captured(() => maskSecret(secret)).printed, `::add-mask::${secret}\n`);
    assert.equal(captured(() => maskSecret(secret)).printed, '');
    assert.equal(repeatsSecret(secret), true);
  });

  test('is not made of fewer than 4 characters, which would garble the log', () => {
    for (const text of ['', 'a', 'abc']) {
      assert.equal(captured(() => maskSecret(text)).printed, '');
      assert.equal(redact(`an abc, ${text}`), `an abc, ${text}`);
    }
    assert.equal(captured(() => maskSecret('p4ß!')).printed, '::add-mask::p4ß!\n');
  });
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
  for (const [what, text, cell] of cases) test(what, () => assert.equal(summaryText(text), cell));
});
