/** Sends the probe's requests, one at a time and within its limits, and remembers each of them and every token. */
import http from 'node:http';
import https from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { isJsonObject, type Json, parseJson } from '../support/simulator/replies.ts';

export const API_VERSION = '2023-06-16';
export const MAX_REQUESTS = 60;
/** Kept back, so that every token can still be revoked. */
const REQUESTS_FOR_REVOCATION = 8;
const ATTEMPT_MS = 10_000;
const REVOCATION_MS = 4000;
/** For all revocations at the end together. */
const REVOCATIONS_MS = 24_000;
/** Its answer has a token that must be revoked. */
const MINT_GRACE_MS = 5000;
const MAX_BODY_BYTES = 1024 * 1024;
/** After so many answers in a row that no API gives, the rest is not asked. */
const MAX_STRIKES = 3;
/** A longer wait is not worth what is left of the two minutes. */
const MAX_RETRY_AFTER_SECONDS = 10;
const DOCUMENTED_LIFETIME_MS = 2 * 60 * 60_000;
/** Node makes these for each connection itself. */
const HOP_BY_HOP = ['connection', 'keep-alive', 'transfer-encoding', 'content-length', 'host'];

export interface ProbeRequest {
  readonly method: string;
  /** Begins with a slash; appended to the base URL. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface ProbeResponse {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly bytes: Buffer;
  /** Decompressed if it had to be. */
  readonly text: string;
  /** Undefined if it is no JSON. */
  readonly json: Json | undefined;
  /** Whether it came on the connection of an earlier request. */
  readonly isReused: boolean;
}

export interface Exchange {
  /** The question's id. */
  readonly question: string;
  readonly request: ProbeRequest;
  readonly sentAt: number;
  readonly response?: ProbeResponse;
  /** Why no whole response came. */
  readonly failure?: string;
}

export interface MintedToken {
  readonly token: string;
  readonly isOfApp: boolean;
  /** Unix time in milliseconds. */
  readonly expiresAt: number;
  /** `unrevokable`: it opened something after its revocation was confirmed. */
  state: 'alive' | 'revoked' | 'unrevokable';
}

/** A question that was not asked. Its message says why. */
export class NotAsked extends Error {}

/** A request without a whole response. Its message says what came instead. */
export class Unanswered extends Error {}

export interface SessionOptions {
  readonly baseUrl: string;
  readonly pauseMs: number;
  /** Within which every question is asked. Revocations come after that. */
  readonly seconds: number;
  readonly cancelled: AbortSignal;
  /** How long to wait for an answer; 10 s if this is absent. */
  readonly attemptMs?: number;
}

export interface Session {
  readonly exchanges: readonly Exchange[];
  readonly tokens: readonly MintedToken[];
  /** When mints were sent whose answers got lost, in Unix milliseconds. */
  readonly lostMints: readonly number[];
  /** @throws NotAsked or Unanswered */
  ask(question: string, request: ProbeRequest): Promise<ProbeResponse>;
  /** Seconds until nothing is asked any more. */
  secondsLeft(): number;
  /** Why nothing is asked any more. */
  stopped(): string | undefined;
  /** Revokes every token that is alive; to be called once, at the end. */
  revokeAll(): Promise<void>;
  close(): void;
}

export function openSession({ baseUrl, pauseMs, seconds, cancelled, attemptMs = ATTEMPT_MS }: SessionOptions): Session {
  const exchanges: Exchange[] = [];
  const tokens: MintedToken[] = [];
  const lostMints: number[] = [];
  const transport = createTransport(baseUrl);
  const endsAt = performance.now() + seconds * 1000;
  let stopped: string | undefined;
  let strikes = 0;
  /** As an API does; then a page of HTML means something. */
  let hasAnswered = false;
  let line: Promise<unknown> = Promise.resolve();

  const left = () => endsAt - performance.now();

  async function send(
    question: string,
    request: ProbeRequest,
    limitMs: number,
    isForced = false,
  ): Promise<ProbeResponse> {
    if (exchanges.length > 0) await sleep(pauseMs);
    const sentAt = Date.now();
    try {
      const response = await transport.send(request, limitMs, {
        cancelled: isForced ? undefined : cancelled,
        graceMs: isMint(request) ? MINT_GRACE_MS : 0,
      });
      exchanges.push({ question, request, sentAt, response });
      follow(request, response, sentAt);
      return response;
    } catch (error) {
      const failure = describeFailure(error);
      exchanges.push({ question, request, sentAt, failure });
      if (isMint(request)) lostMints.push(sentAt);
      throw new Unanswered(failure, { cause: error });
    }
  }

  function assertOpen(): void {
    if (cancelled.aborted) stopped ??= 'the probe was interrupted';
    if (left() <= 0) stopped ??= 'the time was over';
    if (exchanges.length >= MAX_REQUESTS - REQUESTS_FOR_REVOCATION) stopped ??= 'too many requests were sent';
    if (stopped !== undefined) throw new NotAsked(stopped);
  }

  async function askOnce(question: string, request: ProbeRequest): Promise<ProbeResponse> {
    assertOpen();
    try {
      const response = await send(question, request, Math.min(attemptMs, left()));
      if (isHtml(response)) strike('it answers everything with a page of HTML');
      else if (response.status >= 500) strike(`it answers everything with ${response.status}`);
      else hasAnswered = true;
      if (hasAnswered) strikes = 0;
      return response;
    } catch (error) {
      // The action has its own limits, and asks the same again.
      if (error instanceof Unanswered && question !== 'action') strike(`it does not answer (${error.message})`);
      throw error;
    }
  }

  function strike(reason: string): void {
    strikes += 1;
    if (strikes >= MAX_STRIKES) stopped ??= reason;
  }

  /** Remembers what it minted or revoked, whoever sent it. */
  function follow(request: ProbeRequest, response: ProbeResponse, sentAt: number): void {
    const isGranted = response.status >= 200 && response.status < 300;
    if (isMint(request)) {
      const found = tokenIn(response.json);
      const isOfApp = request.path.endsWith('/app/accessTokens');
      if (found !== undefined) {
        const told = Date.parse(String(found.expiresAt));
        const expiresAt = Number.isNaN(told) ? sentAt + DOCUMENTED_LIFETIME_MS : told;
        tokens.push({ token: found.token, isOfApp, expiresAt, state: 'alive' });
      } else if (isGranted) lostMints.push(sentAt);
    }
    const bearer = bearerOf(request);
    const used = tokens.find(({ token }) => token === bearer);
    if (used === undefined || !isGranted || isHtml(response)) return;
    if (request.method !== 'DELETE') used.state = used.state === 'alive' ? 'alive' : 'unrevokable';
    else if (used.state === 'alive' && !isDenial(response)) used.state = 'revoked';
  }

  async function ask(question: string, request: ProbeRequest): Promise<ProbeResponse> {
    const response = await askOnce(question, request);
    if (response.status !== 429) return response;
    const wait = retryAfterSeconds(response);
    if (wait <= MAX_RETRY_AFTER_SECONDS && wait * 1000 < left()) {
      await sleep(wait * 1000, undefined, { signal: cancelled }).catch(() => undefined);
      const second = await askOnce(question, request);
      if (second.status !== 429) return second;
    }
    stopped ??= `it limits the rate (429, Retry-After ${response.headers['retry-after'] ?? 'missing'})`;
    throw new NotAsked(stopped);
  }

  async function revoke(token: MintedToken, until: number): Promise<void> {
    const plain = bearerHeaders(token.token);
    const headers = { ...plain, 'x-icr-api-version': API_VERSION };
    // Twice, since a replica may not know the token yet, and the other version header in case that one is refused.
    for (const [attempt, sent] of [headers, plain].entries()) {
      if (token.state !== 'alive' || exchanges.length >= MAX_REQUESTS || performance.now() > until) return;
      if (attempt > 0) await sleep(1000);
      const request = { method: 'DELETE', path: '/app/installations/token', headers: sent };
      await send('revocation', request, REVOCATION_MS, true).catch(() => undefined);
    }
  }

  return {
    exchanges,
    tokens,
    lostMints,
    ask: (question, request) => {
      const answer = line.then(() => ask(question, request));
      line = answer.catch(() => undefined);
      return answer;
    },
    secondsLeft: () => left() / 1000,
    stopped: () => stopped,
    revokeAll: async () => {
      await line;
      const until = performance.now() + REVOCATIONS_MS - REVOCATION_MS;
      for (const token of tokens) await revoke(token, until);
    },
    close: () => transport.close(),
  };
}

export function bearerHeaders(bearer: string): Record<string, string> {
  return { ...plainHeaders(), authorization: `Bearer ${bearer}` };
}

/** What the action sends, too, apart from the version. */
export function plainHeaders(): Record<string, string> {
  return { accept: 'application/json', 'accept-encoding': 'identity', 'user-agent': 'create-icr-app-token-probe' };
}

export function isHtml({ headers, text }: ProbeResponse): boolean {
  return headers['content-type']?.includes('html') === true || /^\s*<(?:!doctype|html|head|body|h1)\b/i.test(text);
}

/** A body that says that nothing was revoked, or that is no JSON. */
export function isDenial({ json, text }: ProbeResponse): boolean {
  if (text.trim() === '') return false;
  if (!isJsonObject(json)) return json === undefined || json === false || json === 'false';
  return ['success', 'ok', 'revoked', 'deleted'].some((name) => json[name] === false) || Boolean(json['error']);
}

export function bearerOf({ headers }: ProbeRequest): string | undefined {
  return /^Bearer +(.+)$/i.exec(headers['authorization'] ?? '')?.[1];
}

function isMint({ method, path }: ProbeRequest): boolean {
  return method === 'POST' && path.endsWith('/accessTokens');
}

export interface FoundToken {
  /** The names of the fields that it is in, from the outside to the inside. */
  readonly path: readonly string[];
  readonly token: string;
  readonly expiresAt: Json | undefined;
}

/** Wherever an answer to a mint holds its token. */
export function tokenIn(json: Json | undefined): FoundToken | undefined {
  if (Array.isArray(json)) return json.map((item: Json) => tokenIn(item)).find((found) => found !== undefined);
  if (!isJsonObject(json)) return undefined;
  for (const [name, value] of Object.entries(json)) {
    const isToken = typeof value === 'string' && (/token$/i.test(name) || /^cr[su]_/.test(value));
    if (isToken && value !== '') return { path: [name], token: value, expiresAt: json['expiresAt'] };
  }
  for (const [name, value] of Object.entries(json)) {
    const found = tokenIn(value);
    if (found !== undefined) return { ...found, path: [name, ...found.path] };
  }
  return undefined;
}

function retryAfterSeconds({ headers }: ProbeResponse): number {
  const text = headers['retry-after'];
  if (text === undefined) return 1;
  if (/^\d+$/.test(text)) return Number(text);
  const now = Date.parse(headers.date ?? '') || Date.now();
  return Math.max((Date.parse(text) - now) / 1000, 0) || MAX_RETRY_AFTER_SECONDS + 1;
}

function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  return code ?? error.message;
}

interface Interruption {
  readonly cancelled: AbortSignal | undefined;
  /** How long a request under way may go on. */
  readonly graceMs: number;
}

interface Transport {
  send(request: ProbeRequest, limitMs: number, end: Interruption): Promise<ProbeResponse>;
  close(): void;
}

/** Node's own client, which follows no redirect and keeps one connection; through a proxy if the environment has one. */
function createTransport(baseUrl: string): Transport {
  const isTls = baseUrl.startsWith('https:');
  const { request: open, Agent } = isTls ? https : http;
  const isLoopback = /^http:\/\/(?:127\.|localhost|\[::1\])/.test(baseUrl);
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ...(isLoopback ? {} : { proxyEnv: process.env }) });
  return {
    send: ({ method, path, headers, body }, limitMs, { cancelled, graceMs }) =>
      new Promise((resolve, reject) => {
        const kept = Object.entries(headers).filter(([name]) => !HOP_BY_HOP.includes(name));
        const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
        const options = { method, agent, headers: { ...Object.fromEntries(kept), ...length } };
        const sent = open(baseUrl + path, isTls ? { ...options, rejectUnauthorized: true } : options);
        const fail = (error: Error) => {
          stopWaiting();
          sent.destroy();
          reject(error);
        };
        const interrupt = () => void setTimeout(() => fail(new Error('interrupted')), graceMs).unref();
        const stopWaiting = () => {
          clearTimeout(timer);
          cancelled?.removeEventListener('abort', interrupt);
        };
        // A signal does not end a request whose tunnel is still being opened.
        const timer = setTimeout(() => fail(new Error(`nothing within ${Math.round(limitMs / 1000)} s`)), limitMs);
        cancelled?.addEventListener('abort', interrupt);
        sent.on('error', fail);
        sent.on('upgrade', () => fail(new Error('it switched protocols')));
        sent.on('response', (response) => {
          const chunks: Buffer[] = [];
          let size = 0;
          response.on('data', (chunk: Buffer) => {
            chunks.push(chunk);
            size += chunk.length;
            if (size > MAX_BODY_BYTES) fail(new Error('a body over 1 MiB'));
          });
          response.on('error', fail);
          response.on('end', () => {
            stopWaiting();
            const bytes = Buffer.concat(chunks);
            const text = decoded(bytes, response.headers['content-encoding']);
            const { statusCode: status = 0, headers } = response;
            const json = parseJson(text.replace(/^\uFEFF/, ''));
            resolve({ status, headers, bytes, text, json, isReused: sent.reusedSocket });
          });
        });
        sent.end(body);
      }),
    close: () => agent.destroy(),
  };
}

function decoded(bytes: Buffer, encoding: string | undefined): string {
  if (encoding !== 'gzip') return bytes.toString('utf8');
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_BODY_BYTES }).toString('utf8');
  } catch {
    return '';
  }
}
