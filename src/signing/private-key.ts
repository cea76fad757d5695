/** Reads the app's private key, or says what was pasted in its place, and signs with it. */
import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { orUndefined } from '../runner/or-undefined.ts';
import { diagnose, ENCRYPTED } from './diagnosis.ts';
import type { Pasted } from './pem.ts';

const MIN_MODULUS_BITS = 2048;
const NEXT_STEP = 'Give the input `private-key` the whole text of the .pem file from the app’s “Credentials” tab.';

/**
 * Takes PKCS#1 and PKCS#8: the documentation says only "PEM" and RSA (docs: App private keys).
 *
 * @throws Error with a sentence that names the mistake and holds nothing of the input
 */
export function readPrivateKey(pasted: Pasted): KeyObject {
  const key = importDer(pasted.bytes, 'pkcs8') ?? importDer(pasted.bytes, 'pkcs1') ?? refuse(diagnose(pasted));
  const type = key.asymmetricKeyType;
  if (type === 'rsa-pss') refuse('is an RSA-PSS key, which can’t sign RS256: ICR Apps use RSA keys');
  if (type === 'ec') refuse('is an elliptic-curve (EC) key: ICR Apps use RSA keys');
  if (type !== 'rsa') refuse(`is a key of type ${type}: ICR Apps use RSA keys`);
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (bits < MIN_MODULUS_BITS) refuse(`is an RSA key of ${bits} bits: RS256 needs at least ${MIN_MODULUS_BITS}`);
  return key;
}

function importDer(der: Buffer, type: 'pkcs1' | 'pkcs8'): KeyObject | undefined {
  try {
    return createPrivateKey({ key: der, format: 'der', type });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_MISSING_PASSPHRASE') refuse(ENCRYPTED);
    return undefined;
  }
}

/**
 * SHA-256 over the DER of the public key's SubjectPublicKeyInfo, base64: 44 characters. GitHub's recipe for its
 * apps, which ICR's "Credentials" tab is taken to follow (docs: App private keys).
 */
export function fingerprint(key: KeyObject): string {
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(spki).digest('base64');
}

/**
 * RSASSA-PKCS1-v1_5 with SHA-256. One wrong character in a PEM often gives a key that OpenSSL reads and that signs what
 * nobody can verify, and a faulty signature can give away the key (Boneh, DeMillo and Lipton, 1997).
 *
 * @throws Error if the key's public half does not verify the signature
 */
export function signWithKey(key: KeyObject, text: string): Buffer {
  const bytes = Buffer.from(text);
  const verified = orUndefined(() => {
    const signature = sign('sha256', bytes, key);
    return verify('sha256', bytes, createPublicKey(key), signature) ? signature : undefined;
  });
  return verified ?? refuse('is damaged: what it signs can’t be verified');
}

function refuse(mistake: string): never {
  throw new Error(`\`private-key\` ${mistake}. ${NEXT_STEP}`);
}
