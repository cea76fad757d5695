/** Owns the way from what a person pasted as a key to its blocks of PEM or its bare body. */

/** What stands between a PEM block's header and footer (RFC 7468), white space taken out. */
export interface PemBlock {
  label: string;
  body: string;
}

export interface Pasted {
  /** The text without what copying adds: invisible characters, quotes, escaped line ends. */
  text: string;
  blocks: PemBlock[];
  /** The input itself, for what is no key at all. */
  raw: string;
}

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----((?:(?!-----).)*)-----END \1-----/gs;
const MIN_MASKED_CHARACTERS = 16;
/** PEM is written in lines of 64 characters (RFC 7468, section 2). */
const STANDARD_LINE = /[\w+/=]{1,64}/g;

/** Reads PEM in every shape that secrets stores and shells make of it, base64 of PEM included. */
export function readPasted(raw: string): Pasted {
  const text = unpack(raw);
  const inner = text.includes('-----BEGIN') ? undefined : base64Text(text);
  return { ...readBlocks(inner?.includes('-----BEGIN') === true ? unpack(inner) : text), raw };
}

/**
 * The lines to mask: each line of the body as it was pasted and as standard PEM has it. Headers, footers and
 * short tails stay out, since a mask of theirs would garble the rest of the job's log.
 */
export function linesToMask(raw: string): Set<string> {
  const { text, blocks } = readPasted(raw);
  const bodies = blocks.length > 0 ? blocks.map((block) => block.body) : [pieces(text).filter(isMasked).join('')];
  const standardLines = bodies.flatMap((body) => body.match(STANDARD_LINE) ?? []);
  const lines = [...pieces(unpack(raw)), ...pieces(text), ...bodies, ...standardLines];
  return new Set(lines.filter(isMasked));
}

/** The bytes of base64 text, or undefined where it is something else. */
export function base64Bytes(text: string): Buffer | undefined {
  const squeezed = squeeze(text);
  return /^[A-Za-z0-9+/]+={0,2}$/.test(squeezed) ? Buffer.from(squeezed, 'base64') : undefined;
}

function readBlocks(text: string): Omit<Pasted, 'raw'> {
  const blocks = [...text.matchAll(BLOCK)].map(([, label = '', body = '']) => ({ label, body: squeeze(body) }));
  return { text, blocks };
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

/** Headers and footers are left out also where they lack a dash or their spaces. */
function pieces(text: string): string[] {
  return text.replace(/-{1,5} ?(?:BEGIN|END)[A-Z0-9 ]{0,40}?(?:KEY|CERTIFICATE)-*/g, '\n').split(/\s+/);
}

function base64Text(text: string): string | undefined {
  return base64Bytes(text)?.toString('utf8');
}

function squeeze(text: string): string {
  return text.replace(/\s+/g, '');
}
