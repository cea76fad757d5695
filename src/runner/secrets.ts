/** Masks secrets in the runner's log, and finds them in text. */
import * as core from '@actions/core';

/** The mask of a shorter text would garble the job's log, and the runner drops every output that holds it. */
const MIN_MASKED_CHARACTERS = 4;
/** So many characters of a secret in a row are not quoted. */
const PIECE_CHARACTERS = 12;
/** For instance JSON in a URL in JSON. Bounded, because `%2525252e` can be nested as deep as the text is long. */
const MAX_ESCAPE_LEVELS = 4;

/** Percent-encoding and quoted-printable, escapes of JavaScript and JSON, character references of HTML. */
const ESCAPES =
  /[%=]([0-9a-f]{2})|\\x([0-9a-f]{2})|[%\\]u([0-9a-f]{4})|&#x0*([0-9a-f]{1,4});|&#0*(\d{1,5});|&(amp|lt|gt|quot|apos);|\\([^ux])/gi;
const NAMED: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
/** White space, controls, and what Unicode says is to be ignored if a font does not know it. */
const blanks = () => /[\s\p{C}\p{Default_Ignorable_Code_Point}\u2800]+/gu;
/** Holds no blanks but spaces. Most lines do; to compile `\p{C}` takes half a millisecond. */
export const PLAIN_TEXT = /^[ -~“”’…]*$/;
/**
 * A JWT, whose first two parts are JSON: they begin with the base64url of `{"`, or, if a claim follows white space, of
 * `{`; the second may be starred already. Or a token of ICR (docs: Apps), which is hexadecimal after its prefix.
 */
const LIKE_SECRET = /eyJ[\w-]{9,}\.(?:e[wy]|\*)|cr[a-z]_[\da-f]{24,}/;

const masked = new Set<string>();

/** Masks the text in the runner's log, each line of it; must come before anything else is done with it. */
export function maskSecret(secret: string): void {
  if (secret.length < MIN_MASKED_CHARACTERS || masked.has(secret)) return;
  core.setSecret(secret);
  masked.add(secret);
}

/** A line of our own, without the secrets masked so far. */
export function redact(line: string): string {
  const secrets = [...masked].sort((one, other) => other.length - one.length);
  return secrets.reduce((text, secret) => text.replaceAll(secret, '***'), line);
}

/**
 * Whether the text holds 12 characters in a row of a secret masked so far, or anything in the form of a JWT or of ICR's
 * tokens: as it is, or with its escapes undone, white space and invisible characters left out. The time that it takes
 * grows with the length of the text times that of the secrets.
 */
export function repeatsSecret(text: string): boolean {
  const secrets = [...masked].map(withoutBlanks).join('\n');
  let view = text;
  for (let level = 0; level <= MAX_ESCAPE_LEVELS; level += 1) {
    const packed = withoutBlanks(view);
    if (LIKE_SECRET.test(packed) || sharesPiece(packed, secrets)) return true;
    const next = view.replace(ESCAPES, undo);
    if (next === view) return false;
    view = next;
  }
  return false;
}

function sharesPiece(text: string, secrets: string): boolean {
  for (let start = 0; start + PIECE_CHARACTERS <= text.length; start += 1) {
    if (secrets.includes(text.slice(start, start + PIECE_CHARACTERS))) return true;
  }
  return false;
}

function withoutBlanks(text: string): string {
  return text.replace(PLAIN_TEXT.test(text) ? / +/g : blanks(), '');
}

function undo(whole: string, ...groups: (string | undefined)[]): string {
  const [percent, hex, unit, reference, decimal, name, literal] = groups;
  const digits = percent ?? hex ?? unit ?? reference;
  if (digits !== undefined) return String.fromCharCode(Number.parseInt(digits, 16));
  if (decimal !== undefined) return String.fromCharCode(Number(decimal));
  return literal ?? NAMED[name?.toLowerCase() ?? ''] ?? whole;
}
