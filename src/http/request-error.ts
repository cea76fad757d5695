/** The words for a request that got no response: the cause, the fix, what came back, and whether a retry would help. */
import { readFileSync } from 'node:fs';
import { joined } from '../runner/log.ts';
import { orUndefined } from '../runner/or-undefined.ts';
import { quote } from '../runner/quote.ts';
import { isTransient, SECOND_MS } from './retry.ts';

const RUN_AGAIN = 'Run the job again later.';
const CHECK_PROXY = 'Check `https_proxy` and the proxy.';
const SET_CA =
  'If a company’s proxy or a private CA signs it, set NODE_EXTRA_CA_CERTS to the CA’s certificate file on the runner.';
const RENEW = 'Renew it with an RSA key of 2048 bits or more and a SHA-256 signature.';
/** Of the system, TLS and Node's HTTP parser. */
const NETWORK_CODE = /^(?:E(?!RR_)|HPE_|ERR_(?:SSL|TLS|OSSL|PROXY_TUNNEL|SOCKET|STREAM)|UNKNOWN$)/;
/** What Node calls a certificate that OpenSSL refuses, if it has no name for the reason, such as a key that is too weak. */
const UNNAMED = /^UNSPECIFIED$/;
/** OpenSSL's names (X509_V_ERR_…) are the codes. */
const UNTRUSTED = /^(?:UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|CERT_|CRL_|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_)/;
const CERTIFICATE = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----/;
const NO_TLS = /wrong version number|packet length too long|http request/;

/** Why an attempt has no response. */
export interface Failure {
  /** Without a full stop. */
  problem: string;
  /** Sentences. */
  fix: string;
  /** What came back, as a sentence. */
  detail?: string | undefined;
  /** A further attempt would only repeat it. */
  isFinal?: true;
  isUnknownHost?: true;
  /** The time for the attempt ran out. */
  isTimeLimit?: true;
  /** The request went out on an open connection, so that the server may have done what it asks for. */
  wasSent?: boolean;
  cause?: unknown;
}

/** A request without a response. Its message has the cause, the fix, what came back, and last the request. */
export class RequestError extends Error {
  /** The message without the fix. */
  readonly facts: string;
  /** Attempts that were sent and got no answer of the server itself; what they did is not known. */
  readonly unanswered: number;
  /** Any other request would fail alike: no connection can be opened, or the step was cancelled. */
  readonly affectsEveryRequest: boolean;

  constructor(failure: Failure, request = '', unanswered = 0) {
    const { problem, fix, detail, cause } = failure;
    super(joined(`${problem}.`, fix, detail, request), { cause });
    this.facts = joined(`${problem}.`, detail, request);
    this.unanswered = unanswered;
    this.affectsEveryRequest = failure.wasSent !== true && (failure.isFinal ?? failure.isUnknownHost ?? false);
  }
}

/** How a request gets to the API. */
export interface Route {
  /** Of the API, with its port unless that is the scheme's own. */
  host: string;
  /** Whether nobody set the host: then there is nothing to correct. */
  isDefaultHost: boolean;
  proxy: string | undefined;
  /** The variable that names a proxy, though only for http. */
  ignoredProxy: string | undefined;
}

/** How far an attempt got. */
export interface Progress {
  wasSent: boolean;
  /** The proxy has not answered. */
  isAtProxy: boolean;
}

/**
 * The words for an error of the system, of TLS or of HTTP.
 *
 * @throws the error itself if it is the program's own: neither a retry nor other words would help
 */
export function describeError(error: unknown, route: Route, progress: Progress): Failure {
  if (!(error instanceof Error) || error instanceof TypeError || !('code' in error)) throw error;
  const code = String(error.code);
  if (![NETWORK_CODE, UNNAMED, UNTRUSTED].some((pattern) => pattern.test(code))) throw error;
  if (code === 'ERR_PROXY_TUNNEL') {
    const status = 'statusCode' in error ? Number(error.statusCode) : Number.NaN;
    return { ...proxyRefused(route, status), cause: error };
  }
  // Node gives no message if every address of a name failed.
  const detail = `It failed with ${quote([code, error.message].filter(Boolean).join(': '))}.`;
  return { ...explain(code, error.message, route, progress), detail, cause: error };
}

function explain(code: string, message: string, route: Route, { wasSent, isAtProxy }: Progress): Failure {
  const peer = isAtProxy ? `The proxy ${route.proxy}` : 'The server';
  const certificate = describeCertificate(code, message, route);
  if (certificate !== undefined) {
    const [problem, fix] = certificate;
    return { problem: `${peer}’s certificate ${problem}`, fix, isFinal: true };
  }
  if (NO_TLS.test(message)) {
    const fix = isAtProxy ? 'Begin `https_proxy` with http://, or correct its port.' : fixOfApiUrl(route);
    return { problem: `${isAtProxy ? peer : `${peer} ${route.host}`} does not speak TLS`, fix, isFinal: true };
  }
  if (code.startsWith('HPE_')) return { problem: `${peer}’s response is not HTTP`, fix: fixOfApiUrl(route) };
  if (wasSent) return { problem: 'The connection to ICR was lost before its response', fix: RUN_AGAIN };
  const isUnknownHost = code === 'ENOTFOUND';
  const what = isUnknownHost ? 'was not found' : 'can’t be reached';
  const failure = isAtProxy ? { problem: `${peer} ${what}`, fix: CHECK_PROXY } : unreachable(route, what);
  return isUnknownHost ? { ...failure, isUnknownHost } : failure;
}

function unreachable({ host, isDefaultHost, ignoredProxy }: Route, what: string): Failure {
  if (ignoredProxy !== undefined) {
    const problem = `${host} ${what}, and \`${ignoredProxy}\` does not count for https`;
    return { problem, fix: 'Set `https_proxy` to the proxy.' };
  }
  const fix = `Check ${isDefaultHost ? '' : '`api-url`, and '}the runner’s network and name server.`;
  return { problem: `${host} ${what}`, fix };
}

/** What is wrong with a certificate, as the end of a sentence, and the fix. */
function describeCertificate(code: string, message: string, route: Route): [problem: string, fix: string] | undefined {
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    return ['is not valid at this time', 'Check the runner’s clock, and when the certificate expires.'];
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return ['is for another host', fixOfApiUrl(route)];
  if (UNNAMED.test(code)) {
    return message.endsWith('too weak')
      ? ['is too weak', RENEW]
      : ['is not accepted', 'Check it, and the CA that signs it.'];
  }
  return UNTRUSTED.test(code) ? describeTrust(process.env['NODE_EXTRA_CA_CERTS'] ?? '') : undefined;
}

/** Node only warns of a file that it can't use, if at all. */
function describeTrust(file: string): [problem: string, fix: string] {
  if (file === '') return ['is not trusted', SET_CA];
  return holdsCertificate(file)
    ? ['is not trusted', `Add the certificate of the CA that signs it to ${quote(file)}.`]
    : [
        'is not trusted, and NODE_EXTRA_CA_CERTS names a file that is missing or holds no certificate',
        `Put the CA’s certificate in ${quote(file)}, in PEM.`,
      ];
}

function holdsCertificate(file: string): boolean {
  return orUndefined(() => CERTIFICATE.test(readFileSync(file, 'latin1'))) ?? false;
}

export function noResponse(route: Route, { wasSent, isAtProxy }: Progress, timeoutMs: number): Failure {
  const within = `within ${Math.round(timeoutMs / SECOND_MS)} s`;
  const isTimeLimit = true;
  if (isAtProxy)
    return { problem: `The proxy ${route.proxy} did not respond ${within}`, fix: CHECK_PROXY, isTimeLimit };
  if (wasSent) return { problem: `ICR did not respond ${within}`, fix: RUN_AGAIN, isTimeLimit };
  const detail = `There was no connection ${within}.`;
  return { ...unreachable(route, 'can’t be reached'), detail, isTimeLimit };
}

export function responseCutShort(cause?: unknown): Failure {
  return { problem: 'ICR’s response was cut short', fix: RUN_AGAIN, cause };
}

export function responseTooLarge(route: Route, status: number | undefined): Failure {
  const problem = 'The response is larger than 1 MiB';
  return { problem, fix: fixOfApiUrl(route), detail: `It came with ${status}.`, isFinal: true };
}

export function protocolSwitched(route: Route): Failure {
  return { problem: 'The server switched protocols (101)', fix: fixOfApiUrl(route), isFinal: true };
}

/**
 * What a proxy's status to a CONNECT means. Node's own message is never shown: that of 24.5 holds the password.
 *
 * @param status tinyproxy says 401 of a wrong password, others say 407; NaN if the connection just ended
 */
function proxyRefused({ host, isDefaultHost, proxy: proxyHost }: Route, status: number): Failure {
  const proxy = `The proxy ${proxyHost}`;
  if (Number.isNaN(status)) {
    return {
      problem: `${proxy} ended the connection, or does not speak HTTP`,
      fix: 'Check the scheme (http or https) and the port of `https_proxy`.',
    };
  }
  if (status === 407 || status === 401) {
    return {
      problem: `${proxy} requires a valid user name and password (${status})`,
      fix: 'Set them in `https_proxy`: http://USER:PASSWORD@HOST:PORT, percent-encoded.',
      isFinal: true,
    };
  }
  const failure = {
    problem: `${proxy} did not connect to ${host} (${status})`,
    fix: isDefaultHost
      ? 'Allow the host on the proxy, or name it in `no_proxy`.'
      : 'Check `api-url`, allow the host on the proxy, or name it in `no_proxy`.',
  };
  return isTransient(status, false) ? failure : { ...failure, isFinal: true };
}

export function waitDoesNotFit(status: number, requestedMs: number, remainingMs: number): Failure {
  const wanted = Math.ceil(requestedMs / SECOND_MS);
  const left = Math.max(0, remainingMs / SECOND_MS).toFixed(1);
  return {
    problem: `ICR asks to wait ${wanted} s (${status} with Retry-After), and this step has only ${left} s left`,
    fix: 'Try again after that time, with fewer jobs at once.',
  };
}

export function budgetUsedUp(totalSeconds: number): Failure {
  return { problem: `The ${totalSeconds} s for all requests are used up`, fix: RUN_AGAIN };
}

function fixOfApiUrl({ isDefaultHost }: Route): string {
  return isDefaultHost ? 'Check any proxy or firewall on the way.' : 'Check `api-url` and any proxy on the way.';
}
