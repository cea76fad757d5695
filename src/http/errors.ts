/** Owns what a failure of the network means in words, and which failures a further attempt would only repeat. */
import { sanitize } from '../runner/sanitize.ts';

/** A failure that is in words already. */
export class NetworkError extends Error {}

/** An error that a further attempt would only repeat: a certificate, a setting, a refusal by the proxy. */
export class NonRetryableError extends NetworkError {}

/**
 * Certificate errors keep OpenSSL's names (X509_V_ERR_…) as codes; those are final, and so are a name that the
 * certificate does not hold and a request that Node itself refuses to send.
 *
 * @param peer who was connected to, as in "the server"
 */
export function describeNetworkError(error: NodeJS.ErrnoException, peer: string): Error {
  if (error instanceof NetworkError) return error;
  const code = error.code ?? '';
  const words = sanitize([code, error.message].filter((part) => part !== '').join(': ')) || 'no reason given';
  const final = (sentence: string) => new NonRetryableError(sentence, { cause: error });
  if (/^(?:CERT_HAS_EXPIRED|CERT_NOT_YET_VALID)$/.test(code)) {
    return final(
      `${peer}’s certificate is not valid at this time (${words}); check the runner’s clock and ${peer}’s certificate`,
    );
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return final(`${peer}’s certificate is for another host (${words}); check \`api-url\` and any proxy on the way`);
  }
  if (/^(?:UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|CERT_|CRL_|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_)/.test(code)) {
    return final(
      `${peer}’s certificate is not trusted (${words}); where a company’s proxy or a private CA signs it, set the environment variable NODE_EXTRA_CA_CERTS to the CA’s certificate file on the runner`,
    );
  }
  return /^ERR_(?:INVALID|HTTP|UNESCAPED)/.test(code)
    ? final(words)
    : new NetworkError(`the connection to ${peer} failed (${words})`, { cause: error });
}
