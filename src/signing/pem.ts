/** Parses what was pasted as a key into blocks of PEM, bytes, and the lines to mask. */

/** What stands between a PEM block's header and footer (RFC 7468), without white space. */
export interface PemBlock {
  label: string;
  body: string;
}

export interface Pasted {
  /** The text without what copying adds: invisible characters, quotes, escaped line ends. */
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
/** PEM is written in lines of 64 characters (RFC 7468, section 2). */
const STANDARD_LINE = /[\w+/=]{1,64}/g;

/** Reads PEM in every shape that secrets stores and shells make of it, base64 of PEM included. */
export function readPasted(raw: string): Pasted {
  const outer = unpack(raw);
  const inner = outer.includes('-----BEGIN') ? undefined : base64Bytes(outer)?.toString('utf8');
  const text = inner?.includes('-----BEGIN') === true ? unpack(inner) : outer;
  const blocks = [...text.matchAll(BLOCK)].map(([, label = '', body = '']) => ({ label, body: squeeze(body) }));
  const block = blocks.find(({ label }) => isKeyLabel(label)) ?? blocks[0];

  const outerPieces = pieces(outer);
  const innerPieces = pieces(text);
  const bodies = blocks.length > 0 ? blocks.map(({ body }) => body) : [innerPieces.filter(isMasked).join('')];
  const standardLines = bodies.flatMap((body) => body.match(STANDARD_LINE) ?? []);
  const secretLines = new Set([...outerPieces, ...innerPieces, ...bodies, ...standardLines].filter(isMasked));
  return { text, blocks, bytes: base64Bytes(block?.body ?? text), secretLines, raw };
}

export function isKeyLabel(label: string): boolean {
  return label === 'PRIVATE KEY' || label === 'RSA PRIVATE KEY';
}

function base64Bytes(text: string): Buffer | undefined {
  const base64 = squeeze(text);
  return /^[A-Za-z0-9+/]+={0,2}$/.test(base64) ? Buffer.from(base64, 'base64') : undefined;
}

function unpack(raw: string): string {
  return raw
    .replace(/[\u200B-\u200D\u2060\uFEFF]/g, '')
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
