/** Makes one attempt at a request: the connection, and the limits on time and size. */
import { maskSecret } from '../runner/secrets.ts';
import { CONNECTION_OPTIONS } from './connection.ts';

export { shortenLookups } from './connection.ts';

import { describeNetworkError, NetworkError, noResponse, notEncrypted, protocolSwitched } from './errors.ts';
import { basicCredentials, isLoopback, protocolModule, proxyFor, proxyPasswords } from './proxy.ts';
import { type ReceivedResponse, readResponse } from './response.ts';
import { SECOND_MS } from './retry.ts';
import { tunnelAgent } from './tunnel.ts';

export interface HttpRequest {
  method: 'GET' | 'POST' | 'DELETE';
  /** Begins with a slash; appended to the base URL. */
  path: string;
  bearer: string;
  /** Sent as JSON. */
  body?: object;
  /** How long an attempt under way may go on once the step is cancelled; not at all if this is absent. */
  graceSeconds?: number;
  attemptSeconds?: number;
  maxUnansweredRetries?: number;
}

/** What came back to one attempt. */
export interface AttemptResponse extends ReceivedResponse {
  /** `METHOD /path on HOST`, for messages. */
  request: string;
  /** The host that was asked, with its port unless that is the scheme's own. */
  host: string;
  url: string;
}

/** What came back to a request, after its retries. */
export interface HttpResponse extends AttemptResponse {
  /** How often the request was sent. */
  attempts: number;
  /** From the first attempt to the response, the waits included. */
  elapsedSeconds: number;
  unanswered: number;
}

/** @throws NonRetryableError if a repetition would fail alike, any other Error if it may not */
export type Attempt = (
  request: HttpRequest,
  timeoutMs: number,
  cancelled: AbortSignal | undefined,
) => Promise<AttemptResponse>;

/**
 * Opens the way to the API, with one connection kept alive, or a tunnel if the environment names a proxy.
 *
 * @throws NonRetryableError if that proxy can't be used, or if the connection would not be encrypted
 */
export function createTransport(baseUrl: string, headers: Record<string, string>, connectTimeoutMs: number): Attempt {
  const url = new URL(baseUrl);
  if (url.protocol !== 'https:' && !isLoopback(url)) throw notEncrypted();
  const transport = protocolModule(url);
  for (const password of proxyPasswords(process.env)) maskSecret(password);
  const proxy = proxyFor(url, process.env);
  // A proxy may repeat what it was sent.
  if (proxy !== undefined) maskSecret(basicCredentials(proxy));
  const agent =
    proxy === undefined
      ? new transport.Agent({ keepAlive: true, ...CONNECTION_OPTIONS })
      : tunnelAgent(proxy, connectTimeoutMs, headers['user-agent'] ?? '');

  return async ({ method, path, bearer, body, graceSeconds = 0 }, timeoutMs, cancelled) => {
    const { promise, resolve, reject } = Promise.withResolvers<AttemptResponse>();
    const json = body === undefined ? undefined : JSON.stringify(body);
    const request = transport.request(new URL(baseUrl + path), {
      method,
      agent,
      headers: {
        ...headers,
        accept: 'application/json',
        // Any other coding would have to be decoded here.
        'accept-encoding': 'identity',
        authorization: `Bearer ${bearer}`,
        ...(json === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(json) }),
      },
    });
    const giveUp = (reason: NetworkError) => {
      reject(reason);
      request.destroy();
    };
    const timer = setTimeout(() => giveUp(noResponse(timeoutMs)), timeoutMs);
    let graceTimer: NodeJS.Timeout | undefined;
    const onCancel = () => {
      const stop = () => giveUp(new NetworkError('The step was cancelled', ''));
      graceTimer = setTimeout(stop, graceSeconds * SECOND_MS);
    };
    cancelled?.addEventListener('abort', onCancel, { once: true });

    // Of a whole response, what comes after it on the connection says nothing; a part of one is not read to its end.
    let hasResponse = false;
    request.on('error', (error) => {
      if (!hasResponse) reject(describeNetworkError(error, undefined));
    });
    // Of a response that switches protocols Node tells nothing else.
    request.on('upgrade', (_, socket) => {
      socket.destroy();
      reject(protocolSwitched());
    });
    request.on('response', (response) => {
      hasResponse = true;
      readResponse(response)
        .then((read) => ({ ...read, request: `${method} ${path} on ${url.host}`, host: url.host, url: baseUrl + path }))
        .then(resolve, reject);
    });
    request.end(json);

    return promise.finally(() => {
      clearTimeout(timer);
      clearTimeout(graceTimer);
      cancelled?.removeEventListener('abort', onCancel);
    });
  };
}
