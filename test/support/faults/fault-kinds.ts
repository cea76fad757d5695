/** Lists the columns of the fault matrix: what can happen to a request, and what the client then sees of it. */
import { type Effect, html, json } from '../simulator/simulator.ts';

export type Body = 'normal' | 'refusal' | 'html' | 'other-json' | 'null' | 'empty' | 'huge';

/** What reaches the client. */
export type Seen =
  | { as: 'network-error' | 'cut-short' | 'timeout' }
  | { as: 'answer'; status: number; body: Body; retryAfterSeconds?: number; isClockOff?: boolean };

export interface FaultKind {
  name: string;
  /** Made anew for each cell: some hold the time. */
  effect(): Effect;
  seen: Seen;
  /** Whether the routes process the request all the same. */
  isProcessed: boolean;
}

export interface Scale {
  /** How long a second of the action takes here. */
  secondMs: number;
  /** Where a redirect leads. */
  elsewhere: string;
}

/** A Retry-After that no budget holds: 31 years. */
export const ABSURD_SECONDS = 999_999_999;

const MIB = 1024 * 1024;
const ECHO = (authorization: string) => `not today; you sent authorization: ${authorization}, ##[error]did you`;

export function faultKinds({ secondMs, elsewhere }: Scale): FaultKind[] {
  return [
    broken('reset before it reached the server', { kind: 'reset' }, 'network-error'),
    broken('reset after it reached the server', { kind: 'reset', process: true }, 'network-error'),
    broken('bytes that are no HTTP', { kind: 'raw', bytes: 'SSH-2.0-OpenSSH_9.2p1\r\n' }, 'network-error'),
    broken('hang before headers', { kind: 'hang' }, 'timeout'),
    broken('hang before headers, processed', { kind: 'hang', process: true }, 'timeout'),
    broken('hang in the body', { kind: 'hang-body' }, 'timeout'),
    // Even the four bytes of a revocation's answer take longer than an attempt may.
    broken('drip', { kind: 'drip', everyMs: 5 * secondMs }, 'timeout'),
    broken('truncated', { kind: 'truncate' }, 'cut-short'),
    broken(
      'truncated, and no length was declared',
      { kind: 'raw', bytes: 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n{"id":"1' },
      'cut-short',
    ),
    answered(
      '101',
      { kind: 'raw', bytes: 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n' },
      { status: 101, body: 'empty' },
    ),
    answered('huge', { kind: 'huge', bytes: 8 * MIB }, { status: 200, body: 'huge' }),
    answered('HTML', html(200), { status: 200, body: 'html' }),
    answered(
      'other JSON',
      echo(200, (text) => ({ hello: text })),
      { status: 200, body: 'other-json' },
    ),
    answered('null', json(null), { status: 200, body: 'null' }),
    answered('empty', { kind: 'answer', status: 200 }, { status: 200, body: 'empty' }),
    answered('204', { kind: 'answer', status: 204 }, { status: 204, body: 'empty' }),
    {
      ...answered('wrong content type', { kind: 'content-type', value: 'text/html' }, { status: 200, body: 'normal' }),
      isProcessed: true,
    },
    answered(
      'redirect to another host',
      { kind: 'answer', status: 307, headers: { Location: `${elsewhere}/app` } },
      { status: 307, body: 'empty' },
    ),
    refused(400),
    refused(401),
    refused(401, { headers: () => ({ Date: httpDate(40) }), isClockOff: true }),
    refused(403),
    refused(403, { body: 'html' }),
    refused(403, { headers: () => ({ Date: httpDate(40) }), isClockOff: true }),
    refused(403, { headers: () => ({ 'Retry-After': '1' }), retryAfterSeconds: 1 }),
    refused(404),
    refused(404, { body: 'huge' }),
    refused(408),
    refused(409),
    refused(422),
    refused(429),
    refused(429, { headers: () => ({ 'Retry-After': '1' }), retryAfterSeconds: 1 }),
    refused(429, {
      name: '429 with a date',
      // An hour off the runner's clock: the date is to be read against the answer's own.
      headers: () => ({ Date: httpDate(3600), 'Retry-After': httpDate(3601) }),
      retryAfterSeconds: 1000 / secondMs,
    }),
    refused(429, {
      name: '429 with an absurd value',
      headers: () => ({ 'Retry-After': String(ABSURD_SECONDS) }),
      retryAfterSeconds: ABSURD_SECONDS,
    }),
    refused(500),
    refused(501),
    refused(505),
    refused(500, { body: 'huge' }),
    refused(502, { body: 'html' }),
    refused(503),
    refused(503, { headers: () => ({ 'Retry-After': '1' }), retryAfterSeconds: 1 }),
    refused(504, { body: 'empty' }),
  ];
}

function broken(name: string, effect: Effect, as: Exclude<Seen['as'], 'answer'>): FaultKind {
  const spoils = effect.kind === 'hang-body' || effect.kind === 'drip' || effect.kind === 'truncate';
  return {
    name,
    effect: () => effect,
    seen: { as },
    isProcessed: spoils || ('process' in effect && effect.process === true),
  };
}

function answered(name: string, effect: Effect, seen: { status: number; body: Body }): FaultKind {
  return { name, effect: () => effect, seen: { as: 'answer', ...seen }, isProcessed: false };
}

type AnswerEffect = Extract<Effect, { kind: 'answer' }>;

interface Refused {
  name?: string;
  headers?: () => Record<string, string>;
  body?: 'refusal' | 'html' | 'empty' | 'huge';
  retryAfterSeconds?: number;
  isClockOff?: boolean;
}

function refused(
  status: number,
  { name, headers = () => ({}), body = 'refusal', retryAfterSeconds, isClockOff }: Refused = {},
): FaultKind {
  const traits = [
    body === 'refusal' ? '' : body,
    retryAfterSeconds === undefined ? '' : 'with Retry-After',
    isClockOff === true ? 'with a Date 40 s off' : '',
  ].filter((trait) => trait !== '');
  const answers: Record<NonNullable<Refused['body']>, AnswerEffect> = {
    refusal: echo(status, (text) => ({ statusCode: status, message: status === 422 ? ['x is wrong', text] : text })),
    html: { kind: 'answer', status, headers: { 'Content-Type': 'text/html' }, body: (it) => `<h1>${ECHO(it)}</h1>` },
    empty: { kind: 'answer', status },
    huge: { kind: 'answer', status, body: 'x'.repeat(2 * MIB) },
  };
  const answer = answers[body];
  return {
    name: name ?? [status, ...traits].join(' '),
    effect: () => ({ ...answer, headers: { ...answer.headers, ...headers() } }),
    seen: {
      as: 'answer',
      status,
      body,
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
      ...(isClockOff === undefined ? {} : { isClockOff }),
    },
    isProcessed: false,
  };
}

/** An answer that repeats the request's Authorization header, to show up a client that logs it. */
function echo(status: number, body: (text: string) => object): AnswerEffect {
  return {
    kind: 'answer',
    status,
    headers: { 'Content-Type': 'application/json; charset=utf-8' },
    body: (authorization: string) => JSON.stringify(body(ECHO(authorization))),
  };
}

function httpDate(aheadSeconds: number): string {
  return new Date(Date.now() + aheadSeconds * 1000).toUTCString();
}
