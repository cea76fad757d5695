/** Says what was pasted instead of a usable key, by the input's shape. */
import { createPublicKey, X509Certificate } from 'node:crypto';
import { orUndefined } from '../runner/or-undefined.ts';
import { holdsKey, type Pasted } from './pem.ts';

export const ENCRYPTED = 'is encrypted: decrypt it with its passphrase (openssl pkey -in key.pem)';
const CERTIFICATE = 'is a certificate, not a private key';
const PUBLIC = 'is a public key: the private half is needed';
/** The first that matches decides. */
const BY_TEXT: readonly [pattern: RegExp, sentence: string][] = [
  [/^\*+$/, 'is `***`: a masked value from a log, not the key itself'],
  [/^\$\{?\w+\}?$/, 'is the name of a variable, which GitHub doesn’t expand here'],
  [/ENCRYPTED/, ENCRYPTED],
  [/BEGIN OPENSSH PRIVATE KEY/, 'is an OpenSSH key: ICR Apps use RSA keys in PEM'],
  [/BEGIN CERTIFICATE/, CERTIFICATE],
  [/BEGIN (?:RSA )?PUBLIC KEY|^ssh-(?:rsa|ed25519) /, PUBLIC],
  [/^eyJ[\w-]+\.[\w-]+\.[\w-]+$/, 'is a JWT: give it to the input `jwt` instead'],
];
/** Bodies without their header. */
const BY_BYTES: readonly [read: (der: Buffer) => unknown, sentence: string][] = [
  [(der) => new X509Certificate(der), CERTIFICATE],
  [(key) => createPublicKey({ key, format: 'der', type: 'spki' }), PUBLIC],
  [(key) => createPublicKey({ key, format: 'der', type: 'pkcs1' }), PUBLIC],
];
const PATH =
  /^(?:~|\.{0,2}[\\/]|[A-Za-z]:[\\/]|file:)[^\n]{0,255}$|^[^\n]{1,255}\.(?:pem|key|der|txt|p8)$|^[\w.-]{1,64}(?:[\\/][\w.-]{1,64}){1,3}$/i;

/** The end of a sentence that begins with the input's name. */
export function diagnose(pasted: Pasted): string {
  const { raw, text, hasBlock, bytes } = pasted;
  const known =
    BY_TEXT.find(([pattern]) => pattern.test(text)) ?? BY_BYTES.find(([read]) => orUndefined(() => read(bytes)));
  if (known !== undefined) return known[1];
  if (PATH.test(raw.trim())) return 'is the path of a file: the input takes the text of the key itself';
  if (!hasBlock && /-----\s*(?:BEGIN|END)|(?:BEGIN|END) (?:RSA )?PRIVATE KEY/.test(text))
    return 'is cut off: its beginning or its end is missing';
  return holdsKey(pasted) ? 'is cut off or damaged: it can’t be read' : 'is not a private key in PEM';
}
