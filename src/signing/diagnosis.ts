/** Owns the sentence for a key that cannot be used, found by the input's shape. */
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { base64Bytes, type Pasted } from './pem.ts';

const DER_SEQUENCE = 0x30;
/** Half of the shortest key that is of use. */
const MIN_KEY_BYTES = 300;

/** Says, as the end of a sentence that begins with the input's name, what was pasted instead of a usable key. */
export function diagnose({ text, blocks, raw }: Pasted): string {
  const labels = blocks.map((block) => block.label).join(' ');
  const bytes = base64Bytes(blocks[0]?.body ?? text);
  const isBare = blocks.length === 0;

  if (/^\*+$/.test(text)) return 'is `***`: a masked value was copied from a log, not the key itself';
  if (/ENCRYPTED/.test(text) || (isBare && isEncrypted(bytes))) {
    return 'is encrypted with a passphrase: decrypt it first (openssl pkey -in encrypted.pem -out key.pem)';
  }
  if (/BEGIN OPENSSH PRIVATE KEY/.test(text) || startsWith(bytes, 'openssh-key-v1')) {
    return 'is an OpenSSH key: ICR Apps use RSA keys in PEM';
  }
  if (/BEGIN (?:X509 |TRUSTED )?CERTIFICATE/.test(text) || (isBare && isCertificate(bytes))) {
    return 'is a certificate, not a private key';
  }
  if (/BEGIN EC PRIVATE KEY/.test(text) || (isBare && isEc(bytes))) {
    return 'is an elliptic-curve (EC) key: ICR Apps use RSA keys';
  }
  if (
    /BEGIN (?:RSA )?PUBLIC KEY|^ssh-(?:rsa|ed25519) |BEGIN SSH2 PUBLIC/.test(text) ||
    (isBare && isPublicKey(bytes))
  ) {
    return 'is a public key: the private half is needed';
  }
  if (/BEGIN DSA PRIVATE KEY/.test(text)) return 'is a DSA key: ICR Apps use RSA keys';
  if (isPath(raw.trim())) {
    return 'is the path of a file: the input takes the key itself, since an action does not read files of the job';
  }
  if (isCutOff(text, labels, bytes)) return 'is cut off: its beginning or its end is missing';
  if (/^eyJ[\w-]+\.[\w-]+\.[\w-]+$/.test(text)) return 'is a JWT: give it to the input `jwt` instead';
  if (labels.includes('PRIVATE KEY')) return 'is damaged: its PEM header and footer are there, but no key between them';
  return 'is not a private key in PEM';
}

function isCutOff(text: string, labels: string, bytes: Buffer | undefined): boolean {
  const decoded = bytes?.toString('latin1') ?? '';
  const isHalfPem = /-----\s*(?:BEGIN|END)|(?:BEGIN|END) (?:RSA )?PRIVATE KEY/.test(`${text} ${decoded}`);
  if (labels === '' && isHalfPem) return true;
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
  const isOfType = (type: 'spki' | 'pkcs1') => succeeds(() => createPublicKey({ key: bytes, format: 'der', type }));
  return isOfType('spki') || isOfType('pkcs1');
}

/** Of its own kind, SEC1 (RFC 5915); in PKCS#8 the key is read before it is diagnosed. */
function isEc(bytes: Buffer | undefined): boolean {
  return bytes !== undefined && succeeds(() => createPrivateKey({ key: bytes, format: 'der', type: 'sec1' }));
}

function isCertificate(bytes: Buffer | undefined): boolean {
  return bytes !== undefined && succeeds(() => new X509Certificate(bytes));
}

function startsWith(bytes: Buffer | undefined, magic: string): boolean {
  return bytes?.subarray(0, magic.length).equals(Buffer.from(magic)) ?? false;
}

function isPath(text: string): boolean {
  return (
    /^(?:~|\.{0,2}[\\/]|[A-Za-z]:[\\/]|file:)[^\n]{0,255}$/.test(text) ||
    /^[^\n]{1,255}\.(?:pem|key|der|txt|p8)$/i.test(text) ||
    /^[\w.-]{1,64}(?:[\\/][\w.-]{1,64}){1,3}$/.test(text)
  );
}

function succeeds(parse: () => unknown): boolean {
  try {
    parse();
    return true;
  } catch {
    return false;
  }
}
