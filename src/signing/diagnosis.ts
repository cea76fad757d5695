/** Says what was pasted instead of a usable key, by the input's shape. */
import { createPublicKey, X509Certificate } from 'node:crypto';
import { holdsKey, isKeyLabel, type Pasted } from './pem.ts';

export const ENCRYPTED = 'is encrypted: decrypt it with its passphrase (openssl pkey -in key.pem)';
export const ELLIPTIC_CURVE = 'is an elliptic-curve (EC) key: ICR Apps use RSA keys';
const CERTIFICATE = 'is a certificate, not a private key';
const PUBLIC = 'is a public key: the private half is needed';
/** The first that matches decides. */
const BY_TEXT: readonly [pattern: RegExp, sentence: string][] = [
  [/^\*+$/, 'is `***`: a masked value from a log, not the key itself'],
  [/^\$\{?\w+\}?$/, 'is the name of a variable, which GitHub doesn’t expand here'],
  [/ENCRYPTED/, ENCRYPTED],
  [/BEGIN OPENSSH PRIVATE KEY/, 'is an OpenSSH key: ICR Apps use RSA keys in PEM'],
  [/BEGIN CERTIFICATE/, CERTIFICATE],
  [/BEGIN EC PRIVATE KEY/, ELLIPTIC_CURVE],
  [/BEGIN (?:RSA )?PUBLIC KEY|^ssh-(?:rsa|ed25519) /, PUBLIC],
];

/** The end of a sentence that begins with the input's name. */
export function diagnose(pasted: Pasted): string {
  const { text, blocks, bytes, raw } = pasted;
  const known = BY_TEXT.find(([pattern]) => pattern.test(text));
  if (known !== undefined) return known[1];
  if (bytes !== undefined && isReadable(() => new X509Certificate(bytes))) return CERTIFICATE;
  if (bytes !== undefined && isPublicKey(bytes)) return PUBLIC;
  if (isPath(raw.trim())) return 'is the path of a file: the input takes the text of the key itself';
  if (/^eyJ[\w-]+\.[\w-]+\.[\w-]+$/.test(text)) return 'is a JWT: give it to the input `jwt` instead';
  const isHalf = blocks.length === 0 && /-----\s*(?:BEGIN|END)|(?:BEGIN|END) (?:RSA )?PRIVATE KEY/.test(text);
  if (isHalf) return 'is cut off: its beginning or its end is missing';
  if (blocks.some(({ label }) => isKeyLabel(label)) || holdsKey(pasted))
    return 'is cut off or damaged: it can’t be read';
  return 'is not a private key in PEM';
}

function isPublicKey(bytes: Buffer): boolean {
  return (['spki', 'pkcs1'] as const).some((type) =>
    isReadable(() => createPublicKey({ key: bytes, format: 'der', type })),
  );
}

function isReadable(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch {
    return false;
  }
}

function isPath(text: string): boolean {
  return (
    /^(?:~|\.{0,2}[\\/]|[A-Za-z]:[\\/]|file:)[^\n]{0,255}$/.test(text) ||
    /^[^\n]{1,255}\.(?:pem|key|der|txt|p8)$/i.test(text) ||
    /^[\w.-]{1,64}(?:[\\/][\w.-]{1,64}){1,3}$/.test(text)
  );
}
