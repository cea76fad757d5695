/** Reads the RSA signature that a signing command printed, in the forms in which signers print one. */

/** Of RSA keys with 2048, 3072 and 4096 bits. */
const SIGNATURE_BYTES = [256, 384, 512];
/** The shortest signature has 512, and a line may end between two of them. */
const MIN_HEX_DIGITS = 480;

/** The signature, or what came instead, as the end of a sentence that begins with the input's name. */
export function readSignature(stdout: Buffer): { signature: Buffer } | { mistake: string } {
  const text = stdout.toString('latin1').trim();
  if (text === '') return { mistake: 'printed nothing' };
  if (/^[{[][\t\n\r\x20-\x7e]*$/.test(text)) return { mistake: 'printed JSON, not the signature alone' };
  // Before base64, since 256 bytes in hexadecimal are 384 bytes in base64.
  if (isHexadecimal(text)) return { mistake: 'printed hexadecimal, not base64 or the raw bytes' };

  const decoded = decodeBase64(text);
  const signature = decoded ?? stdout;
  const { length } = signature;
  if (SIGNATURE_BYTES.includes(length)) return { signature };
  const count = decoded === undefined ? `${length} bytes` : `base64 of ${length} bytes`;
  // P-256 and P-384, as the two numbers alone or in DER.
  const isEllipticCurve = (length >= 64 && length <= 72) || (length >= 96 && length <= 104);
  const reason = isEllipticCurve ? 'likely an elliptic-curve signature' : 'not the 256, 384 or 512 of RSA';
  return { mistake: `printed ${count}, ${reason}` };
}

/** In one line or several, with spaces, colons, `0x` or addresses, as `xxd`, `od` and `openssl -hex` print it. */
function isHexadecimal(text: string): boolean {
  const words = text.match(/(?<![\da-z])(?:0?x)?[\da-f]{2,}(?![\da-z])/gi) ?? [];
  return words.join('').length >= MIN_HEX_DIGITS;
}

/** With or without padding, line breaks and quotes, in either alphabet, after a prefix such as `vault:v1:`. */
function decodeBase64(text: string): Buffer | undefined {
  const base64 = text.replace(/[\s"'`]/g, '').replace(/^[\w.:-]*:/, '');
  return /^[\w+/-]+={0,2}$/.test(base64) ? Buffer.from(base64, 'base64') : undefined;
}
