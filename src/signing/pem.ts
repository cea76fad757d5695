/** Parses what was pasted as a key into blocks of PEM, bytes, and the lines to mask. */

/** What stands between a PEM block's header and footer (RFC 7468), without white space. */
interface PemBlock {
  label: string;
  body: string;
}

export interface Pasted {
  /** The text without what copying adds: base64, invisible characters, quotes, escaped line ends. */
  text: string;
  blocks: PemBlock[];
  /** Of the private key's block, or of the first one, or of the bare text; undefined if that is not base64. */
  bytes: Buffer | undefined;
  /** Each line of the body, as it was pasted and as standard PEM has it: never a header, a footer or a short tail. */
  secretLines: ReadonlySet<string>;
  /** The input itself, for what is not a key at all. */
  raw: string;
}

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----((?:(?!-----).)*)-----END \1-----/gs;
/** The runner masks each line of a mask whatever its length; a short one would garble the rest of the job's log. */
const MIN_MASKED_CHARACTERS = 16;
/** Half of the shortest key that is of use; no command is so much base64 and nothing else. */
const MIN_KEY_BYTES = 300;
/** PEM is written in lines of 64 characters (RFC 7468, section 2). */
const STANDARD_LINE = /[\w+/=]{1,64}/g;

/** Reads PEM in every shape that secrets stores and shells make of it, base64 of PEM included. */
export function readPasted(raw: string): Pasted {
  const layers = layersOf(raw);
  const text = layers.at(-1) ?? '';
  const blocks = [...text.matchAll(BLOCK)].map(([, label = '', body = '']) => ({ label, body: squeeze(body) }));
  const block = blocks.find(({ label }) => isKeyLabel(label)) ?? blocks[0];

  const bodies = blocks.length > 0 ? blocks.map(({ body }) => body) : [pieces(text).filter(isMasked).join('')];
  const standardLines = bodies.flatMap((body) => body.match(STANDARD_LINE) ?? []);
  const secretLines = new Set([...layers.flatMap(pieces), ...bodies, ...standardLines].filter(isMasked));
  return { text, blocks, bytes: base64Bytes(block?.body ?? text), secretLines, raw };
}

/** Whether this is a private key, whole or not, and not a text that merely names one. */
export function holdsKey({ text, bytes }: Pasted): boolean {
  return /BEGIN [A-Z ]*PRIVATE KEY/.test(text) || (bytes?.length ?? 0) >= MIN_KEY_BYTES;
}

export function isKeyLabel(label: string): boolean {
  return label === 'PRIVATE KEY' || label === 'RSA PRIVATE KEY';
}

function base64Bytes(text: string): Buffer | undefined {
  const base64 = squeeze(text);
  return /^[A-Za-z0-9+/]+={0,2}$/.test(base64) ? Buffer.from(base64, 'base64') : undefined;
}

/** The text, and what it is base64 of as long as that is text again. */
function layersOf(raw: string): string[] {
  const text = unpack(raw);
  const inner = unpack(base64Bytes(text)?.toString('utf8') ?? '');
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

function isMasked(line: string): boolean {
  return line.length >= MIN_MASKED_CHARACTERS;
}

/** Headers and footers are left out also if they lack a dash or their spaces. */
function pieces(text: string): string[] {
  return text.replace(/-{1,5} ?(?:BEGIN|END)[A-Z0-9 ]{0,40}?(?:KEY|CERTIFICATE)-*/g, '\n').split(/\s+/);
}

function squeeze(text: string): string {
  return text.replace(/\s+/g, '');
}
