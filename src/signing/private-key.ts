/** Owns the app's private key: from whatever was pasted to an RSA key object, or a sentence that says what it is. */
import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { maskSecret } from '../runner/secrets.ts';
import { diagnose } from './diagnosis.ts';
import { base64Bytes, linesToMask, type Pasted, readPasted } from './pem.ts';

const MIN_MODULUS_BITS = 2048;
const NEXT_STEP =
  'Give the input `private-key` the whole text of the .pem file that ICR’s dashboard made on the app’s “Credentials” tab.';

/**
 * Masks the pasted text's lines and reads the key. Takes PKCS#1 and PKCS#8, as PEM in any wrapping, base64 of
 * it, or the bare body. The documentation says only "PEM" and RSA (docs: App private keys).
 *
 * @throws Error with a sentence that names the mistake and holds nothing of the input
 */
export function readPrivateKey(raw: string): KeyObject {
  for (const line of linesToMask(raw)) maskSecret(line);
  const pasted = readPasted(raw);
  const key = importKey(pasted);
  const mistake = key === undefined ? diagnose(pasted) : mistakeOf(key);
  if (key === undefined || mistake !== undefined) {
    throw new Error(`\`private-key\` ${mistake ?? 'cannot be read'}. ${NEXT_STEP}`);
  }
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

function importKey({ text, blocks }: Pasted): KeyObject | undefined {
  const block = blocks.find(({ label }) => label === 'PRIVATE KEY' || label === 'RSA PRIVATE KEY');
  const der = base64Bytes(block?.body ?? text);
  if (der === undefined) return undefined;
  return importDer(der, 'pkcs8') ?? importDer(der, 'pkcs1');
}

function importDer(der: Buffer, type: 'pkcs1' | 'pkcs8'): KeyObject | undefined {
  try {
    return createPrivateKey({ key: der, format: 'der', type });
  } catch {
    // OpenSSL says the same of every wrong input; the diagnosis reads the input's shape instead.
    return undefined;
  }
}

function mistakeOf(key: KeyObject): string | undefined {
  const type = key.asymmetricKeyType;
  if (type === 'rsa-pss') return 'is an RSA-PSS key, which cannot sign RS256: ICR Apps use plain RSA keys';
  if (type === 'ec') return 'is an elliptic-curve (EC) key: ICR Apps use RSA keys';
  if (type !== 'rsa') return `is a key of type ${type}: ICR Apps use RSA keys`;
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (bits < MIN_MODULUS_BITS) {
    return `is an RSA key of ${bits} bits: RS256 needs at least ${MIN_MODULUS_BITS} (RFC 7518, section 3.3)`;
  }
  return undefined;
}
