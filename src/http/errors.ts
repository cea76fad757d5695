/** The words for a request that got no response, one place for each cause, and which causes a retry only repeats. */
import { quote } from '../runner/quote.ts';
import { SECOND_MS } from './retry.ts';

const AT_API_URL = 'Check `api-url` and any proxy on the way.';
const RUN_AGAIN = 'Run the job again later.';

/** A failure in the parts of its message, between which the attempts are told, and after which the request is named. */
export class NetworkError extends Error {
  /** What is wrong, without a full stop. */
  readonly problem: string;
  /** What to do, in whole sentences. */
  readonly fix: string;
  /** What came back, as a sentence; or empty. */
  readonly detail: string;

  constructor(problem: string, fix: string, detail = '', options?: ErrorOptions) {
    super([`${problem}.`, fix, detail].filter((part) => part !== '').join(' '), options);
    this.problem = problem;
    this.fix = fix;
    this.detail = detail;
  }
}

/** An error that a further attempt would only repeat: a certificate, a setting, a refusal by the proxy. */
export class NonRetryableError extends NetworkError {}

/** A name that does not exist. */
export class UnknownHostError extends NetworkError {}

/** An attempt that was given up. */
export class NoResponseError extends NetworkError {}

/**
 * The words for an error of Node's or OpenSSL's.
 *
 * @param proxy the host of the proxy that was spoken to; undefined for the API itself
 */
export function describeNetworkError(error: NodeJS.ErrnoException, proxy: string | undefined): NetworkError {
  if (error instanceof NetworkError) return error;
  const code = error.code ?? '';
  const words = quote([code, error.message].filter((part) => part !== '').join(': '));
  const detail = words === '' ? '' : `It failed with ${words}.`;
  const peer = proxy === undefined ? 'The server' : `The proxy ${proxy}`;

  const certificate = describeCertificateError(code);
  if (certificate !== undefined) {
    const [problem, fix] = certificate;
    return new NonRetryableError(`${peer}${problem}`, fix, detail, { cause: error });
  }
  // What Node itself refuses to send.
  if (/^ERR_(?:INVALID|HTTP|UNESCAPED)/.test(code)) {
    return new NonRetryableError(
      'The request can’t be sent',
      'Check `api-url` and the other inputs for odd characters.',
      detail,
      { cause: error },
    );
  }
  if (code.startsWith('HPE_')) {
    return new NetworkError(`${peer}’s response is not HTTP`, AT_API_URL, detail, { cause: error });
  }
  if (code === 'ENOTFOUND') {
    return proxy === undefined
      ? new UnknownHostError('The host of `api-url` does not exist', 'Correct `api-url`.', detail, { cause: error })
      : new UnknownHostError(`The proxy ${proxy} does not exist`, 'Correct `https_proxy`.', detail, { cause: error });
  }
  return proxy === undefined
    ? new NetworkError(
        'ICR can’t be reached',
        'Check the runner’s network and the host of `api-url`, and run the job again.',
        detail,
        { cause: error },
      )
    : new NetworkError(`The proxy ${proxy} can’t be reached`, 'Check `https_proxy` and the proxy.', detail, {
        cause: error,
      });
}

/** OpenSSL's names (X509_V_ERR_…) are the codes; UNSPECIFIED is every one that Node does not know, all about strength. */
function describeCertificateError(code: string): [problem: string, fix: string] | undefined {
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    return ['’s certificate is not valid at this time', 'Check the runner’s clock, and when the certificate expires.'];
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return ['’s certificate is for another host', AT_API_URL];
  if (code === 'UNSPECIFIED') {
    return [
      '’s certificate is too weak',
      'Renew it with an RSA key of 2048 bits or more and a SHA-256 signature, on the server or the proxy that issued it.',
    ];
  }
  return /^(?:UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|CERT_|CRL_|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_)/.test(code)
    ? [
        '’s certificate is not trusted',
        'If a company’s proxy or a private CA signs it, set NODE_EXTRA_CA_CERTS to the CA’s certificate file on the runner.',
      ]
    : undefined;
}

export function noResponse(timeoutMs: number): NetworkError {
  const within = Math.round(timeoutMs / SECOND_MS);
  return new NoResponseError(`ICR did not respond within ${within} s`, RUN_AGAIN);
}

export function responseCutShort(cause?: unknown): NetworkError {
  return new NetworkError('ICR’s response was cut short', RUN_AGAIN, '', { cause });
}

export function responseTooLarge(status: number): NonRetryableError {
  return new NonRetryableError(
    'The response is larger than 1 MiB, so it is hardly ICR’s',
    AT_API_URL,
    `It came with ${status}.`,
  );
}

export function notEncrypted(): NonRetryableError {
  return new NonRetryableError('`api-url` is not https, and only a loopback host may be asked without', AT_API_URL);
}

export function protocolSwitched(): NonRetryableError {
  return new NonRetryableError('The server switched protocols (101), which ICR does not do', AT_API_URL);
}

/** A request without a response. Its message has the cause, the fix, what came back, and last the request. */
export class RequestError extends Error {
  /** The same without the fix: post must not advise to run a job again that may have moved credits. */
  readonly facts: string;
  readonly unanswered: number = 0;

  constructor(cause: string, fix: string, details: readonly string[], options?: ErrorOptions) {
    const join = (parts: readonly string[]) => parts.filter((part) => part !== '').join(' ');
    super(join([cause, fix, ...details]), options);
    this.facts = join([cause, ...details]);
  }
}

export function requestFailed(
  request: string,
  error: NetworkError,
  { attempts, elapsedSeconds }: { attempts: number; elapsedSeconds: number },
  before: string,
): RequestError {
  const { problem, fix, detail } = error;
  const tries = attempts === 1 ? '' : ` (${attempts} attempts in ${Math.round(elapsedSeconds)} s)`;
  return new RequestError(`${problem}${tries}.`, fix, [detail, before, `${request}.`], { cause: error });
}

export function waitDoesNotFit(
  request: string,
  status: number,
  requestedMs: number,
  remainingMs: number,
): RequestError {
  const wanted = Math.ceil(requestedMs / SECOND_MS);
  const left = Math.max(0, remainingMs / SECOND_MS).toFixed(1);
  return new RequestError(
    `ICR asks to wait ${wanted} s (${status} with Retry-After), and this step has only ${left} s left.`,
    'Try again after that time, with fewer jobs at once.',
    [`${request}.`],
  );
}

export function budgetUsedUp(request: string, totalSeconds: number): RequestError {
  return new RequestError(`The ${totalSeconds} s for all requests are used up.`, RUN_AGAIN, [
    `${request} was not sent.`,
  ]);
}
