/** Makes one attempt at a request: the connection, and the limits on time and size. */
import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { type Socket, setDefaultAutoSelectFamilyAttemptTimeout } from 'node:net';
import { orUndefined } from '../runner/or-undefined.ts';
import { isLoopback, proxyAgent, proxyFor, proxyForHttpOnly } from './proxy.ts';
import {
  describeError,
  type Failure,
  noResponse,
  protocolSwitched,
  type Route,
  responseCutShort,
  responseTooLarge,
} from './request-error.ts';
import { httpDateMs, retryAfterMs, SECOND_MS } from './retry.ts';

/**
 * For each address of a name but the last. With Node's 250 ms a host that is 300 ms away can't be reached if its name
 * also has an address that the runner can't reach. This leaves time for one lost packet, and for five addresses.
 */
const ADDRESS_SECONDS = 3;
const MAX_BODY_BYTES = 1024 * 1024;

export interface HttpRequest {
  method: 'GET' | 'POST' | 'DELETE';
  /** Begins with a slash; appended to the base URL. */
  path: string;
  bearer: string;
  /** Sent as JSON. */
  body?: object;
  /** How long an attempt under way may go on once the step is cancelled, if at all. The runner kills after 10 s. */
  graceSeconds?: number;
  /** The time for one attempt, if not as for all. */
  attemptSeconds?: number;
  /** How often an attempt that was sent and got no response is repeated, if not as for all. */
  maxUnansweredRetries?: number;
}

interface AttemptResponse {
  status: number;
  text: string;
  /** In lower case; empty if the response has none. */
  contentType: string;
  /** Where a redirect leads, as it was sent. */
  location: string | undefined;
  /** When it was complete, in Unix milliseconds by the runner's clock. */
  receivedMs: number;
  /** When it was sent, in Unix milliseconds by the server's clock; a `Date` header is up to a second behind. */
  dateMs: number | undefined;
  /** The wait that `Retry-After` asks for. */
  retryAfterMs: number | undefined;
}

/** What came back to a request, after its retries. */
export interface HttpResponse extends AttemptResponse {
  /** `METHOD /path on HOST`, for messages. */
  request: string;
  /** With its port unless that is the scheme's own. */
  host: string;
  url: string;
  attempts: number;
  /** From the first attempt to the response, the waits included. */
  elapsedSeconds: number;
  /** Attempts that were sent and got no answer of the server itself, this one included; what they did is not known. */
  unanswered: number;
}

/** With both, the status is an answer, though a part of the body is missing. */
export type AttemptOutcome =
  | { response: AttemptResponse; failure?: Failure }
  | { response?: undefined; failure: Failure };

/** Throws an error of the program itself as it is. */
type Attempt = (request: HttpRequest, timeoutMs: number, cancelled: AbortSignal | undefined) => Promise<AttemptOutcome>;

/**
 * Opens the way to the API, with one connection kept alive, or a tunnel for each attempt if the environment names a
 * proxy.
 *
 * @throws RequestError if that proxy can't be used
 */
export function createTransport(baseUrl: string, headers: Record<string, string>, isDefaultHost: boolean): Attempt {
  const url = new URL(baseUrl);
  const isEncrypted = url.protocol === 'https:';
  const proxy = proxyFor(url, process.env);
  // No option of the agent, because Node would not use it for the connection to a proxy.
  setDefaultAutoSelectFamilyAttemptTimeout(ADDRESS_SECONDS * SECOND_MS);
  const open = isEncrypted ? requestHttps : requestHttp;
  const keptAlive = new (isEncrypted ? HttpsAgent : HttpAgent)({ keepAlive: true });
  const route: Route = {
    host: url.host,
    isDefaultHost,
    proxy: proxy?.host,
    ignoredProxy: isLoopback(url) ? undefined : proxyForHttpOnly(process.env),
  };

  return async (request, timeoutMs, cancelled) => {
    const { promise, resolve, reject } = Promise.withResolvers<AttemptOutcome>();
    let proxySocket: Socket | undefined;
    let wasSent = false;
    let response: IncomingMessage | undefined;
    const chunks: Buffer[] = [];
    let bytes = 0;
    const progress = () => ({ wasSent, isAtProxy: proxySocket?.bytesRead === 0 });
    /** Without a byte order mark. */
    const text = () => new TextDecoder().decode(Buffer.concat(chunks));

    /** Ends the attempt, by what came of the response if that tells enough. */
    const endEarly = (failure: Failure) => {
      const came = response && parse(response, text());
      if (came !== undefined && isWholeJson(came.text)) resolve({ response: came });
      else if (came === undefined || isSuccess(came)) resolve({ failure: { ...failure, wasSent } });
      else resolve({ response: came, failure });
      client.destroy();
      // Node would keep it open until the proxy responds.
      proxySocket?.destroy();
    };

    // Node obeys it for the connection to a proxy, whatever the agent says, and warns of it.
    const { NODE_TLS_REJECT_UNAUTHORIZED: laxness } = process.env;
    delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    const json = request.body === undefined ? undefined : JSON.stringify(request.body);
    const onProxySocket = (socket: Socket) => {
      proxySocket = socket;
    };
    const client = open(baseUrl + request.path, {
      method: request.method,
      agent: proxy === undefined ? keptAlive : proxyAgent(proxy, onProxySocket),
      rejectUnauthorized: true,
      headers: {
        ...headers,
        accept: 'application/json',
        // Any other coding would have to be decoded here.
        'accept-encoding': 'identity',
        authorization: `Bearer ${request.bearer}`,
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
      },
    });

    const timer = setTimeout(() => endEarly(noResponse(route, progress(), timeoutMs)), timeoutMs);
    let graceTimer: NodeJS.Timeout | undefined;
    const onCancel = () => {
      // The client throws the reason of the cancellation instead.
      graceTimer = setTimeout(endEarly, (request.graceSeconds ?? 0) * SECOND_MS, { problem: '', fix: '' });
    };
    cancelled?.addEventListener('abort', onCancel, { once: true });

    client.on('socket', (socket) => {
      const onOpen = () => {
        wasSent = true;
      };
      // A socket in a tunnel comes when it is open.
      if (client.reusedSocket || proxy !== undefined) onOpen();
      else socket.once(isEncrypted ? 'secureConnect' : 'connect', onOpen);
    });
    client.on('error', (error) => {
      // The response reports its own errors.
      if (response !== undefined) return;
      try {
        endEarly(describeError(error, route, progress()));
      } catch (own) {
        reject(own);
      }
    });
    // Node reports a response that switches protocols by this event alone.
    client.on('upgrade', (_, socket) => {
      socket.destroy();
      endEarly(protocolSwitched(route));
    });
    client.on('response', (message) => {
      response = message;
      message.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes <= MAX_BODY_BYTES) return chunks.push(chunk);
        chunks.length = 0;
        return endEarly(responseTooLarge(route, message.statusCode));
      });
      message.on('end', () => {
        const { headers: sent } = message;
        const isEndDeclared = 'content-length' in sent || 'transfer-encoding' in sent;
        if (isEndDeclared || !isPartOfJson(text())) resolve({ response: parse(message, text()) });
        else endEarly(responseCutShort());
      });
      message.on('error', (error) => endEarly(responseCutShort(error)));
    });
    client.end(json);

    return promise.finally(() => {
      clearTimeout(timer);
      clearTimeout(graceTimer);
      cancelled?.removeEventListener('abort', onCancel);
      if (laxness !== undefined) process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = laxness;
    });
  };
}

export function isSuccess({ status }: { status: number }): boolean {
  return status >= 200 && status < 300;
}

/** Express sends plain words as `text/html`, too, so the type says nothing. */
export function isHtml({ text }: { text: string }): boolean {
  return /^\s*<(?:!doctype|html|head|body|title|h1|center)\b/i.test(text);
}

function parse({ statusCode = 0, headers }: IncomingMessage, text: string): AttemptResponse {
  const receivedMs = Date.now();
  const dateMs = httpDateMs(headers.date ?? '');
  return {
    status: statusCode,
    text,
    contentType: (headers['content-type'] ?? '').toLowerCase(),
    location: headers.location,
    receivedMs,
    dateMs,
    retryAfterMs: retryAfterMs(headers['retry-after'], dateMs ?? receivedMs),
  };
}

/** An object, an array, a string, or a literal; of a number a part is a number too. */
function isWholeJson(text: string): boolean {
  return orUndefined(() => typeof JSON.parse(text) !== 'number') ?? false;
}

/** Whether the rest of a JSON text is missing. Other texts can't be told from their parts; none at all is whole. */
function isPartOfJson(text: string): boolean {
  const json = text.trim();
  const isBegun = /^[{["]/.test(json) || ['true', 'false', 'null'].some((literal) => literal.startsWith(json));
  return json !== '' && isBegun && !isWholeJson(json);
}
