/** Reads what was pasted as a key: its text, its bytes, and the lines to mask. */
import { maskSecret } from '../runner/secrets.ts';

export interface Pasted {
  /** The input itself, for what is not a key at all. */
  raw: string;
  /** The text without what copying adds: base64, invisible characters, quotes, escaped line ends. */
  text: string;
  /** Whether the text has a header with its footer (RFC 7468). */
  hasBlock: boolean;
  /** Of the private key's block, or of the first one, or of the bare text; empty if that is not base64. */
  bytes: Buffer;
  /** Each line of the body, as it was pasted and as standard PEM has it: never a header, a footer or a short tail. */
  secretLines: ReadonlySet<string>;
}

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----((?:(?!-----).)*)-----END \1-----/gs;
/** Headers and footers, also if they lack a dash or their spaces. */
const BOUNDARY = /-{1,5} ?(?:BEGIN|END)[A-Z0-9 ]{0,40}?(?:KEY|CERTIFICATE)-*/g;
/** PEM is written in lines of 64 characters (RFC 7468, section 2). */
const STANDARD_LINE = /[\w+/=]{1,64}/g;
/** The runner masks each line of a mask whatever its length; a short one would garble the rest of the job's log. */
const MIN_LINE_CHARACTERS = 16;
/** Half of the shortest key that is of use; no command is so much base64 and nothing else. */
const MIN_KEY_BYTES = 300;

/** Reads PEM in every shape that secrets stores and shells make of it, base64 of PEM included. */
export function readPasted(raw: string): Pasted {
  const layers = layersOf(raw);
  const text = layers.at(-1) ?? '';
  const blocks = [...text.matchAll(BLOCK)].map(([, label = '', body = '']) => ({ label, body: squeeze(body) }));
  const block = blocks.find(({ label }) => label.endsWith('PRIVATE KEY')) ?? blocks[0];

  const bodies = block === undefined ? [linesOf(text).join('')] : blocks.map(({ body }) => body);
  const standardLines = bodies.flatMap((body) => body.match(STANDARD_LINE) ?? []);
  const secretLines = new Set([...layers.flatMap(linesOf), ...[...bodies, ...standardLines].filter(isLong)]);
  return { raw, text, hasBlock: block !== undefined, bytes: base64Bytes(block?.body ?? text), secretLines };
}

export function readMasked(raw: string): Pasted {
  const pasted = readPasted(raw);
  for (const line of pasted.secretLines) maskSecret(line);
  return pasted;
}

/** Whether this is a private key, whole or not, and not a text that merely names one. */
export function holdsKey({ text, bytes }: Pasted): boolean {
  return /BEGIN [A-Z ]*PRIVATE KEY/.test(text) || bytes.length >= MIN_KEY_BYTES;
}

/** The text, and what it is base64 of as long as that is text again. */
function layersOf(raw: string): string[] {
  const text = unpack(raw);
  const inner = unpack(base64Bytes(text).toString('utf8'));
  return /-----BEGIN|^[\t\n\r -~]+$/.test(inner) ? [text, ...layersOf(inner)] : [text];
}

/** UTF-16 read as UTF-8 has a null after each character, and its byte order mark becomes U+FFFD. */
function unpack(raw: string): string {
  return raw
    .replace(/[\0\u200B-\u200D\u2060\uFEFF\uFFFD]/g, '')
    .replace(/\\{1,4}r\\{1,4}n|\\{1,4}[rn]/g, '\n')
    .trim()
    .replace(/^(["'`])(.*)\1$/s, '$2')
    .trim();
}

function base64Bytes(text: string): Buffer {
  const base64 = squeeze(text);
  return Buffer.from(/^[A-Za-z0-9+/]+={0,2}$/.test(base64) ? base64 : '', 'base64');
}

function linesOf(text: string): string[] {
  return text.replace(BOUNDARY, '\n').split(/\s+/).filter(isLong);
}

function isLong(line: string): boolean {
  return line.length >= MIN_LINE_CHARACTERS;
}

function squeeze(text: string): string {
  return text.replace(/\s+/g, '');
}
