/** Says what was pasted instead of a usable key, by the input's shape. */
import { createPublicKey } from 'node:crypto';
import { isKeyLabel, type Pasted } from './pem.ts';

const DER_SEQUENCE = 0x30;
/** Half of the shortest key that is of use. */
const MIN_KEY_BYTES = 300;

const ENCRYPTED = 'is encrypted: decrypt it with its passphrase (openssl pkey -in key.pem)';
const PUBLIC = 'is a public key: the private half is needed';
/** The first that matches decides. */
const BY_TEXT: readonly [pattern: RegExp, sentence: string][] = [
  [/^\*+$/, 'is `***`: a masked value from a log, not the key itself'],
  [/ENCRYPTED/, ENCRYPTED],
  [/BEGIN OPENSSH PRIVATE KEY/, 'is an OpenSSH key: ICR Apps use RSA keys in PEM'],
  [/BEGIN CERTIFICATE/, 'is a certificate, not a private key'],
  [/BEGIN EC PRIVATE KEY/, 'is an elliptic-curve (EC) key: ICR Apps use RSA keys'],
  [/BEGIN (?:RSA )?PUBLIC KEY|^ssh-(?:rsa|ed25519) /, PUBLIC],
];

/** The end of a sentence that begins with the input's name. */
export function diagnose({ text, blocks, bytes, raw }: Pasted): string {
  const known = BY_TEXT.find(([pattern]) => pattern.test(text));
  if (known !== undefined) return known[1];
  if (blocks.length === 0 && isEncrypted(bytes)) return ENCRYPTED;
  if (blocks.length === 0 && isPublicKey(bytes)) return PUBLIC;
  if (isPath(raw.trim())) return 'is the path of a file: the input takes the text of the key itself';
  if (isCutOff(text, blocks.length, bytes)) return 'is cut off: its beginning or its end is missing';
  if (/^eyJ[\w-]+\.[\w-]+\.[\w-]+$/.test(text)) return 'is a JWT: give it to the input `jwt` instead';
  if (blocks.some(({ label }) => isKeyLabel(label))) return 'is damaged: what its PEM holds cannot be read as a key';
  return 'is not a private key in PEM';
}

function isCutOff(text: string, blocks: number, bytes: Buffer | undefined): boolean {
  const decoded = bytes?.toString('latin1') ?? '';
  const isHalfPem = /-----\s*(?:BEGIN|END)|(?:BEGIN|END) (?:RSA )?PRIVATE KEY/.test(`${text} ${decoded}`);
  if (blocks === 0 && isHalfPem) return true;
  if (bytes === undefined || bytes.length < MIN_KEY_BYTES) return false;
  // A key is one DER sequence: what is long enough and is none lost its beginning or its end.
  return bytes[0] !== DER_SEQUENCE || derLength(bytes) !== bytes.length;
}

/** The length that the outermost DER element declares, its header included (X.690, section 8.1.3). */
function derLength(bytes: Buffer): number {
  const first = bytes[1] ?? 0;
  if (first < 0x80) return 2 + first;
  const size = first - 0x80;
  return size < 1 || size > 4 || bytes.length < 2 + size ? 0 : 2 + size + bytes.readUIntBE(2, size);
}

/** EncryptedPrivateKeyInfo begins with the identifier of PBES2 or another PKCS#5 scheme (RFC 5958, section 3). */
function isEncrypted(bytes: Buffer | undefined): boolean {
  return bytes?.subarray(0, 24).includes(Buffer.from('06092a864886f70d0105', 'hex')) ?? false;
}

function isPublicKey(bytes: Buffer | undefined): boolean {
  if (bytes === undefined) return false;
  return (['spki', 'pkcs1'] as const).some((type) => {
    try {
      createPublicKey({ key: bytes, format: 'der', type });
      return true;
    } catch {
      return false;
    }
  });
}

function isPath(text: string): boolean {
  return (
    /^(?:~|\.{0,2}[\\/]|[A-Za-z]:[\\/]|file:)[^\n]{0,255}$/.test(text) ||
    /^[^\n]{1,255}\.(?:pem|key|der|txt|p8)$/i.test(text) ||
    /^[\w.-]{1,64}(?:[\\/][\w.-]{1,64}){1,3}$/.test(text)
  );
}
