/** Names and messages on their way to the log and the summary. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { info, warning } from '../../../src/runner/log.ts';
import { quote } from '../../../src/runner/quote.ts';
import { maskSecret } from '../../../src/runner/secrets.ts';
import { summaryText } from '../../../src/runner/summary.ts';
import { assertHarmless, captured, longText, outsideText, property } from '../../support/properties.ts';

const WITHHELD = '(withheld: it repeats a secret)';
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
    const line = quote(text, most);
    assertHarmless(line);
    assert.ok(line.length <= most || line === WITHHELD);
    assert.equal(quote(line, Math.max(most, line.length)), line, 'and stays what it is');
  },
);

property(
  'a text that holds a known secret is withheld, wherever it stands, broken up by invisible characters or cut',
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
    assert.equal(quote(`${before} ${broken} ${after}`, most), WITHHELD);
  },
);

const WAYS: readonly ((character: string) => string)[] = [
  (character) => character,
  (character) => character,
  (character) => character,
  (character) => `%${hex(character, 2)}`,
  (character) => `\\u${hex(character, 4)}`,
  (character) => `&#${character.charCodeAt(0)};`,
  (character) => `=${hex(character, 2).toUpperCase()}`,
];

property(
  'a text that holds 12 characters in a row of a secret is withheld, though each is written in a way of its own',
  5000,
  fc.tuple(
    fc.constantFrom(...SECRETS),
    fc.nat(20),
    fc.integer({ min: 12, max: 60 }),
    fc.array(fc.constantFrom(...WAYS), { minLength: 60, maxLength: 60 }),
    fc.constantFrom(...'=/.,:;%~\'"([{<&?\\`#x'),
  ),
  ([secret, start, length, ways, sign]) => {
    const piece = secret.slice(start, start + length);
    const written = [...piece].map((character, at) => ways[at]?.(character) ?? '');
    const isWithheld = quote(`x${sign}${written.join('')}${sign}x`, 2000) === WITHHELD;
    // White space is left out of the text and of the secret.
    const { length: count } = piece.replaceAll(' ', '');
    // With two digits after it, such a sign may be an escape itself.
    const lost = '=%'.includes(sign) ? 2 : 0;
    if (count < 12) assert.equal(isWithheld, false);
    if (count - lost >= 12) assert.equal(isWithheld, true);
  },
);

function hex(character: string, digits: number): string {
  return character.charCodeAt(0).toString(16).padStart(digits, '0');
}

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
  assertHarmless(quote(text));
  summaryText(text);
  captured(() => info(text));
});
