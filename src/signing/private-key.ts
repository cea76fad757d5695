/** Reads the app's private key, or says what was pasted in its place. */
import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { maskSecret } from '../runner/secrets.ts';
import { diagnose, ELLIPTIC_CURVE, ENCRYPTED } from './diagnosis.ts';
import { isKeyLabel, type Pasted, readPasted } from './pem.ts';

const MIN_MODULUS_BITS = 2048;
const NEXT_STEP = 'Give the input `private-key` the whole text of the .pem file from the app’s “Credentials” tab.';

/**
 * Masks the key's lines first. Takes PKCS#1 and PKCS#8, as PEM in any wrapping, base64 of it, or the bare body:
 * the documentation says only "PEM" and RSA (docs: App private keys).
 *
 * @throws Error with a sentence that names the mistake and holds nothing of the input
 */
export function readPrivateKey(raw: string): KeyObject {
  const pasted = readPasted(raw);
  for (const line of pasted.secretLines) maskSecret(line);
  return parsePrivateKey(pasted);
}

/** @throws Error as `readPrivateKey` does */
export function parsePrivateKey(pasted: Pasted): KeyObject {
  const key = importKey(pasted);
  if (key === undefined) throw keyError(diagnose(pasted));
  const mistake = mistakeOf(key);
  if (mistake !== undefined) throw keyError(mistake);
  return key;
}

/**
 * SHA-256 over the DER of the public key's SubjectPublicKeyInfo, base64: 44 characters. GitHub's recipe for its
 * apps, which ICR's "Credentials" tab is taken to follow (docs: App private keys).
 */
export function fingerprint(key: KeyObject): string {
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(spki).digest('base64');
}

function importKey({ blocks, bytes }: Pasted): KeyObject | undefined {
  const isBare = blocks.length === 0;
  if (bytes === undefined || !(isBare || blocks.some(({ label }) => isKeyLabel(label)))) return undefined;
  return importDer(bytes, 'pkcs8') ?? importDer(bytes, 'pkcs1');
}

function importDer(der: Buffer, type: 'pkcs1' | 'pkcs8'): KeyObject | undefined {
  try {
    return createPrivateKey({ key: der, format: 'der', type });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_MISSING_PASSPHRASE') throw keyError(ENCRYPTED);
    // OpenSSL says the same of every other input; the diagnosis reads the input's shape instead.
    return undefined;
  }
}

function mistakeOf(key: KeyObject): string | undefined {
  const type = key.asymmetricKeyType;
  if (type === 'rsa-pss') return 'is an RSA-PSS key, which can’t sign RS256: ICR Apps use RSA keys';
  if (type === 'ec') return ELLIPTIC_CURVE;
  if (type !== 'rsa') return `is a key of type ${type}: ICR Apps use RSA keys`;
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (bits < MIN_MODULUS_BITS) return `is an RSA key of ${bits} bits: RS256 needs at least ${MIN_MODULUS_BITS}`;
  return undefined;
}

/**
 * RSASSA-PKCS1-v1_5 with SHA-256. One wrong character in a PEM often gives a key that OpenSSL reads and that signs what
 * nobody can verify, and a faulty signature can give away the key (Boneh, DeMillo and Lipton, 1997).
 *
 * @throws Error if the key's public half does not verify the signature
 */
export function signWithKey(key: KeyObject, text: string): Buffer {
  const signature = verifiedSignature(key, Buffer.from(text));
  if (signature !== undefined) return signature;
  throw keyError('is damaged: what it signs can’t be verified');
}

function verifiedSignature(key: KeyObject, text: Buffer): Buffer | undefined {
  try {
    const signature = sign('sha256', text, key);
    return verify('sha256', text, createPublicKey(key), signature) ? signature : undefined;
  } catch {
    return undefined;
  }
}

function keyError(mistake: string): Error {
  return new Error(`\`private-key\` ${mistake}. ${NEXT_STEP}`);
}
