/** Ways in which a server may write a secret into a message, what is left of it in clear, and messages without one. */

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

/** More than fifty. */
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

/** Messages that hold no secret, and much that looks like one: none may be withheld or changed. */
export const ORDINARY_MESSAGES: readonly string[] = [
  'on-missing-credentials: error is not what organization-id needs',
  'required-permissions names organization_warehouse, and allowed-permissions does not',
  'AWS_SECRET_ACCESS_KEY is not set',
  'GOOGLE_APPLICATION_CREDENTIALS=/home/runner/work/_temp/gha-creds-5f1c.json was not found',
  'private-key and sign-command are given together',
  '/var/run/secrets/kubernetes.io/serviceaccount/token: no such file or directory',
  '/home/runner/work/octo-repo/octo-repo/.github/workflows/nightly-inventory.yml',
  'C:\\actions-runner\\_work\\_temp\\icr-signing-input.txt is read-only',
  'api.carbonregistry.com',
  'sandbox-api.carbonregistry.com:443 refused the connection from proxy.corp.example:8080',
  'GET /app/installations?limit=100&page=0 on api.carbonregistry.com answered 401',
  'Cannot DELETE /app/installations/token',
  'organization keyJohnson-2026-eyJafjallajokull is not listed',
  'installation eyJhZGVyLWlk is not known. Ask for another one.',
  '5b1c7b0e-0f0a-4f7e-8a52-4f5e0f3a9c11 and 5b1c7b0e-0f0a-4f7e-8a52-4f5e0f3a9c12 differ',
  'SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=',
  'The JWT expired at 2026-01-31T12:00:00.000Z (iat 1769860740, exp 1769861400)',
  '100 % of 3 = 3; a\\b \\u00e9 &amp; %41%42',
  'arn:aws:kms:eu-north-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab is pending deletion',
  'Íslensk kolefnisskrá ehf. “Nordic Carbon” 😀',
];
