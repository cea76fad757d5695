/** Ways in which a server may write a secret, or a piece of it, into a message; and what is left of it in clear. */

export interface Echo {
  name: string;
  /** How each character is written. */
  write: (character: string) => string;
  /** The whole message about the secret. */
  message: (secret: string) => string;
}

const hex = (character: string, digits = 2) => character.charCodeAt(0).toString(16).padStart(digits, '0');
const escaped = (write: Echo['write']) => (secret: string) => `“${[...secret].map(write).join('')}” is unknown`;
const plain = (name: string, message: Echo['message']): Echo => ({ name, write: (character) => character, message });
const written = (name: string, write: Echo['write']): Echo => ({ name, write, message: escaped(write) });

const SIGNS = [
  '=',
  '/',
  '.',
  ',',
  ':',
  ';',
  '%',
  '~',
  "'",
  '"',
  '(',
  '[',
  '{',
  '<',
  '&',
  '?',
  '`',
  '#',
  '\\',
  '-',
  '_',
];

/** 50 of them. */
export const ECHOES: readonly Echo[] = [
  plain('as it is', (secret) => secret),
  plain('without its first character', (secret) => secret.slice(1)),
  plain('without its last character', (secret) => secret.slice(0, -1)),
  plain('its first half', (secret) => secret.slice(0, secret.length / 2)),
  plain('its second half', (secret) => secret.slice(secret.length / 2)),
  plain('its middle', (secret) => secret.slice(4, -4)),
  plain('cut by an ellipsis', (secret) => `${secret.slice(0, 14)}…`),
  plain('between letters', (secret) => `x${secret}x`),
  plain('in a URL', (secret) => `https://host/tokens/${secret}/?a=b`),
  plain('wrapped', (secret) => secret.replace(/.{20}/g, '$&\n')),
  plain('wrapped by escaped line ends', (secret) => secret.replace(/.{20}/g, '$&\\r\\n')),
  plain('twice', (secret) => secret + secret),
  ...SIGNS.map((sign) => plain(`glued to ${sign}`, (secret) => `x${sign}${secret}${sign}x`)),
  written('percent-encoded where a URL needs it', (character) => encodeURIComponent(character)),
  written('percent-encoded', (character) => `%${hex(character)}`),
  written('percent-encoded twice', (character) => `%25${hex(character).toUpperCase()}`),
  written('JSON-escaped, signs alone', (character) => (/\w/.test(character) ? character : `\\u${hex(character, 4)}`)),
  written('JSON-escaped', (character) => `\\u${hex(character, 4)}`),
  written('JSON-escaped twice', (character) => `\\\\u${hex(character, 4)}`),
  written('with backslashes before signs', (character) => (/\w/.test(character) ? character : `\\${character}`)),
  written('as JavaScript writes it', (character) => `\\x${hex(character)}`),
  written('as decimal character references', (character) => `&#${character.charCodeAt(0)};`),
  written('as hexadecimal character references', (character) => `&#x${hex(character)};`),
  written('as quoted-printable', (character) => `=${hex(character).toUpperCase()}`),
  ...['\u200B', '\uFEFF', '\u034F', '\u2800', '\u3164', '\uFE0F', '\u{E0100}'].map((invisible) =>
    written(`with U+${invisible.codePointAt(0)?.toString(16)} between`, (character) => character + invisible),
  ),
];

/** The most characters in a row of the secret that the text holds in clear, each written as the echo writes it. */
export function longestPiece(text: string, secret: string, { write }: Echo): number {
  const characters = [...secret].map(write);
  let longest = 0;
  for (let start = 0; start + longest < characters.length; start += 1) {
    while (
      start + longest < characters.length &&
      text.includes(characters.slice(start, start + longest + 1).join(''))
    ) {
      longest += 1;
    }
  }
  return longest;
}
