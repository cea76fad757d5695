/** Owns one attempt at a request: the connection, the limits on time and size, and the words for what broke. */
import type http from 'node:http';
import { maskSecret } from '../runner/secrets.ts';
import { describeNetworkError, NonRetryableError } from './errors.ts';
import { protocolModule, proxyFor, proxyPasswords } from './proxy-settings.ts';
import { httpDateMs, retryAfterMs, SECOND_MS } from './retry.ts';
import { tunnelAgent } from './tunnel.ts';

const MAX_BODY_BYTES = 1024 * 1024;

export interface HttpRequest {
  method: 'GET' | 'POST' | 'DELETE';
  /** Begins with a slash; appended to the base URL. */
  path: string;
  bearer: string;
  /** Sent as JSON. */
  body?: object;
  /** How long an attempt under way may go on once the step is cancelled; not at all where this is absent. */
  graceSeconds?: number;
}

/** What came back to one attempt. */
export interface AttemptResponse {
  /** `METHOD /path on HOST`, for messages. */
  request: string;
  /** The host that was asked, with its port unless that is the scheme's own. */
  host: string;
  status: number;
  text: string;
  /** When it was complete, in Unix milliseconds by the runner's clock. */
  receivedMs: number;
  /** When it was sent, in Unix milliseconds by the server's clock; a `Date` header is up to a second behind. */
  dateMs: number | undefined;
  /** The wait that `Retry-After` asks for. */
  retryAfterMs: number | undefined;
}

/** What came back to a request, after its retries. */
export interface HttpResponse extends AttemptResponse {
  /** How often the request was sent. */
  attempts: number;
  /** From the first attempt to the response, the waits included. */
  elapsedSeconds: number;
}

/** @throws NonRetryableError where a repetition would fail alike, any other Error where it may not */
export type Attempt = (
  request: HttpRequest,
  timeoutMs: number,
  cancelled: AbortSignal | undefined,
) => Promise<AttemptResponse>;

/**
 * Opens the way to the API, with one connection kept alive, or a tunnel where the environment names a proxy.
 *
 * @throws NonRetryableError where that proxy cannot be used
 */
export function createTransport(baseUrl: string, headers: Record<string, string>, connectTimeoutMs: number): Attempt {
  const url = new URL(baseUrl);
  const transport = protocolModule(url);
  for (const password of proxyPasswords(process.env)) maskSecret(password);
  const proxy = proxyFor(url, process.env);
  const agent =
    proxy === undefined
      ? new transport.Agent({ keepAlive: true })
      : tunnelAgent(proxy, connectTimeoutMs, headers['user-agent'] ?? '');

  return ({ method, path, bearer, body, graceSeconds = 0 }, timeoutMs, cancelled) => {
    const { promise, resolve, reject } = Promise.withResolvers<AttemptResponse>();
    const json = body === undefined ? undefined : JSON.stringify(body);
    const request = transport.request(new URL(baseUrl + path), {
      method,
      agent,
      headers: {
        ...headers,
        accept: 'application/json',
        authorization: `Bearer ${bearer}`,
        ...(json === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(json) }),
      },
    });
    const giveUp = (reason: string) => {
      reject(new Error(reason));
      request.destroy();
    };
    const timer = setTimeout(
      () => giveUp(`no complete answer within ${Math.round(timeoutMs / SECOND_MS)} s`),
      timeoutMs,
    );
    let graceTimer: NodeJS.Timeout | undefined;
    const onCancel = () => {
      graceTimer = setTimeout(() => giveUp('cancelled'), graceSeconds * SECOND_MS);
    };
    cancelled?.addEventListener('abort', onCancel, { once: true });

    request.on('error', (error) => reject(describeNetworkError(error, 'the server')));
    request.on('response', (response) => {
      readResponse(response)
        .then((answer) => ({ ...answer, request: `${method} ${path} on ${url.host}`, host: url.host }))
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

async function readResponse(response: http.IncomingMessage): Promise<Omit<AttemptResponse, 'request' | 'host'>> {
  const status = response.statusCode ?? 0;
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > MAX_BODY_BYTES) break;
      chunks.push(chunk);
    }
  } catch (error) {
    throw new Error('the answer was cut short', { cause: error });
  }
  const isTooLarge = bytes > MAX_BODY_BYTES;
  // From 400 on the status says what is needed, whatever the body holds.
  if (isTooLarge && status < 400) {
    throw new NonRetryableError(
      `the answer (${status}) is larger than 1 MiB and was refused, so it is hardly the API’s; check \`api-url\` and any proxy on the way`,
    );
  }
  const text = isTooLarge ? '' : Buffer.concat(chunks).toString('utf8');
  const receivedMs = Date.now();
  const dateMs = httpDateMs(response.headers.date);
  return {
    status,
    text,
    receivedMs,
    dateMs,
    retryAfterMs: retryAfterMs(response.headers['retry-after'], dateMs ?? receivedMs),
  };
}
