/** Writes what was sent and what came as probe.json, without what identifies anybody or opens anything. */
import { STATUS_CODES } from 'node:http';
import { isJsonObject, type Json, type JsonObject, parseJson } from '../support/simulator/replies.ts';
import type { Copes, Row, Subject } from './questions.ts';
import { bearerOf, type Exchange, isHtml, type ProbeRequest, type ProbeResponse, type Session } from './session.ts';

export interface RecordedBody {
  readonly json?: Json;
  readonly text?: string;
  /** Of a body that is not shown. */
  readonly kind?: 'HTML' | 'text';
  readonly characters?: number;
}

export interface RecordedExchange {
  /** The id of the row. */
  readonly question: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: RecordedBody;
  readonly response?: RecordedResponse;
  readonly failure?: string;
}

export interface RecordedResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: RecordedBody;
}

export interface RecordedRow {
  readonly id: string;
  readonly title: string;
  readonly fact: string;
  /** What the simulator does by default. */
  readonly simulator: string;
  readonly copes: Copes;
  readonly isTold: boolean;
  /** Of the API, if it refused. */
  readonly words?: string;
}

export interface Recording {
  readonly recordedBy: 'create-icr-app-token probe 1';
  readonly host: 'sandbox' | 'production' | 'another';
  readonly rows: readonly RecordedRow[];
  readonly exchanges: readonly RecordedExchange[];
}

export function record(
  host: Recording['host'],
  { exchanges, tokens }: Pick<Session, 'exchanges' | 'tokens'>,
  subject: Subject,
  rows: readonly Row[],
  reference: readonly Row[],
): Recording {
  const redactor = createRedactor(
    subject,
    tokens.map(({ token }) => token),
  );
  // What is a name in one body may stand in the text of an earlier one.
  for (const exchange of exchanges) redactor.exchange(exchange);
  return {
    recordedBy: 'create-icr-app-token probe 1',
    host,
    rows: rows.map(({ id, title, fact, copes, isTold, refusal }) => {
      const simulator = reference.find((row) => row.id === id)?.fact ?? '';
      const words = refusal && wordsIn(redactor.response(refusal).body);
      return { id, title, fact, simulator, copes, isTold, ...(words === undefined ? {} : { words }) };
    }),
    exchanges: exchanges.map(redactor.exchange),
  };
}

const REQUEST_HEADERS = ['accept', 'accept-encoding', 'content-type', 'x-icr-api-version'];
const RESPONSE_HEADER =
  /^(?:content-type|content-length|content-encoding|transfer-encoding|date|retry-after|connection|keep-alive|location|allow|www-authenticate|.*rate-?limit.*)$/;
/** The routes that the probe and the action ask. Another segment of a path is an id. */
const SEGMENTS = [
  '',
  'app',
  'installations',
  'installation',
  'organizations',
  'accessTokens',
  'token',
  'no-such-route',
  'v0.5',
];
/** Numbers under other names may be an id, a telephone number or a post code. */
const COUNTS = ['total', 'currentPage', 'pageCount', 'nextPage', 'prevPage', 'limit', 'page', 'status', 'statusCode'];
const WORDS_OF_ERRORS = ['message', 'error', 'errors', 'detail', 'title', 'description', 'type', 'code', 'reason'];
const LEVEL = /^(?:read|view|request|write|read_write|none)$/i;
const PERMISSION = /^[a-z]+(?:_[a-z]+)*$/;
const MAX_PLAIN_CHARACTERS = 200;
const MAX_ERROR_CHARACTERS = 300;
/** In a cell of the table. */
const MAX_QUOTED_CHARACTERS = 80;
/** So long that a secret which is cut at its end is never shown. */
const MAX_SCRUBBED_CHARACTERS = 5000;
/** Another capital letter in an error may begin somebody's name. */
const VOCABULARY = new Set(
  [
    ...Object.values(STATUS_CODES).flatMap((name = '') => name.split(/[\s-]/)),
    ...'A An The This No Not Cannot GET POST DELETE API HTTP HTTPS JSON JWT ICR ID UUID URL RS256 HS256 IP'.split(' '),
    ...'Access Token App Application Installation Organization Authentication Authorization Bearer Body Claim'.split(
      ' ',
    ),
    ...'Credentials Error Exception Expired Failed Header Internal Invalid Json Jwt Key Limit Method Missing'.split(
      ' ',
    ),
    ...'Page Parameter Permission Private Public Query Rate Resource Route Server Signature Throttler'.split(' '),
    ...'ThrottlerException TokenExpiredError JsonWebTokenError NotBeforeError Unsupported Unknown User'.split(' '),
    ...'Validation Version Wrong Your You Is It If Too Many Please Must Only True False Null'.split(' '),
  ].filter((word) => word !== ''),
);

type Kind = 'ID' | 'JWT' | 'TOKEN' | 'NAME' | 'TEXT' | 'NUMBER' | 'ADDRESS' | 'DATE';

function createRedactor({ app, organizationId }: Subject, tokens: readonly string[]) {
  const words = new Map<string, string>();
  const counts = new Map<Kind, number>();

  function word(kind: Kind, value: string): string {
    const key = /^[\da-f-]{36}$/i.test(value) ? value.toLowerCase() : value;
    const known = words.get(key);
    if (known !== undefined) return known;
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    words.set(key, `${kind}_${count}`);
    return `${kind}_${count}`;
  }

  /** Of a text that is shown for its words: what is known, and what has the form of a secret, an id or a name. */
  function scrub(text: string): string {
    const known = [...words.keys()]
      .filter((value) => value.length >= 4)
      .sort((one, other) => other.length - one.length);
    const forms = [
      ...known.flatMap((value) => [...new Set([value, encodeURIComponent(value)])].map(escaped)),
      ...PATTERNS,
    ];
    return text.replaceAll(new RegExp(forms.join('|'), 'giu'), (found) => {
      const value = words.has(found) ? found : decoded(found);
      const known = words.get(value) ?? words.get(value.toLowerCase());
      if (known !== undefined) return known;
      if (/^[\w-]+\.[\w-]+\.[\w-]+$/.test(found) && found.length > 40) return word('JWT', found);
      if (found.includes('@') || /[:/]|^[\d.]+$/.test(found)) return word('ADDRESS', found);
      if (/^[\da-f-]{36}$/i.test(found)) return word('ID', found);
      if (/\d/.test(found) && found.length >= 5 && !VOCABULARY.has(found)) return word('TEXT', found);
      return isOrdinary(found) ? found : word('NAME', found);
    });
  }

  function body(text: string, response?: ProbeResponse): RecordedBody | undefined {
    if (text.trim() === '') return undefined;
    const json = parseJson(text.replace(/^\uFEFF/, ''));
    if (json !== undefined) return { json: value(json, { name: '', isError: (response?.status ?? 0) >= 400 }) };
    if (response !== undefined && isHtml(response)) return { kind: 'HTML', characters: text.length };
    if (text.length > MAX_PLAIN_CHARACTERS) return { kind: 'text', characters: text.length };
    return { text: scrub(text) };
  }

  function value(json: Json, place: { name: string; isError: boolean }): Json {
    const { name, isError } = place;
    if (json === null || typeof json === 'boolean') return json;
    if (typeof json === 'number')
      return COUNTS.includes(name) ? json : word(isIdName(name) ? 'ID' : 'NUMBER', String(json));
    if (typeof json === 'string')
      return isError && WORDS_OF_ERRORS.includes(name)
        ? scrub(json.slice(0, MAX_SCRUBBED_CHARACTERS)).slice(0, MAX_ERROR_CHARACTERS)
        : plain(name, json);
    if (isJsonObject(json)) return name === 'permissions' ? permissions(json) : fields(json, isError);
    return json.map((item) => value(item, place));
  }

  function plain(name: string, text: string): string {
    if (/^(?:true|false|ok|)$/i.test(text)) return text;
    if (tokens.includes(text) || /token$/i.test(name)) return word('TOKEN', text);
    if (/^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)$/.test(text)) return isRecent(text) ? text : word('DATE', text);
    return word(isIdName(name) || /^[\da-f-]{36}$/i.test(text) ? 'ID' : /name/i.test(name) ? 'NAME' : 'TEXT', text);
  }

  function fields(json: JsonObject, isError: boolean): JsonObject {
    const kept = Object.entries(json).map(([name, item]) => [
      /^[a-z][A-Za-z_]{0,40}$/.test(name) && !words.has(name) ? name : word('NAME', name),
      value(item, { name, isError }),
    ]);
    return Object.fromEntries(kept);
  }

  function permissions(json: JsonObject): JsonObject {
    const kept = Object.entries(json).map(([name, level]) => [
      PERMISSION.test(name) && !words.has(name) ? name : word('NAME', name),
      typeof level === 'string' && LEVEL.test(level) ? level : value(level, { name: 'level', isError: false }),
    ]);
    return Object.fromEntries(kept);
  }

  function path(text: string): string {
    const [route = '', query] = text.split('?');
    const segments = route
      .split('/')
      .map((segment) => (SEGMENTS.includes(segment) ? segment : word('ID', decoded(segment))));
    return segments.join('/') + (query === undefined ? '' : `?${query}`);
  }

  function requestHeaders(request: ProbeRequest): Record<string, string> {
    const kept = Object.entries(request.headers).filter(([name]) => REQUEST_HEADERS.includes(name));
    const bearer = bearerOf(request);
    const kind = bearer !== undefined && tokens.includes(bearer) ? 'TOKEN' : 'JWT';
    return {
      ...Object.fromEntries(kept),
      ...(bearer === undefined ? {} : { authorization: `Bearer ${word(kind, bearer)}` }),
    };
  }

  function responseHeaders({ headers }: ProbeResponse): Record<string, string> {
    const kept = Object.entries(headers).filter(([name]) => RESPONSE_HEADER.test(name));
    return Object.fromEntries(kept.map(([name, text]) => [name, header(name, [text ?? ''].flat().join(', '))]));
  }

  function header(name: string, text: string): string {
    const isPlain = /^(?:\d+|[a-z-]+|timeout=\d+(?:, max=\d+)?|[a-z]+\/[a-z.+-]+(?:; ?charset=[\w-]+)?)$/i.test(text);
    if (isPlain && name !== 'location') return text;
    const date = Date.parse(text);
    return /^\w{3}, [\w :]+ GMT$/.test(text) && !Number.isNaN(date) ? new Date(date).toUTCString() : scrub(text);
  }

  function recorded(response: ProbeResponse): RecordedResponse {
    const came = body(response.text, response);
    return {
      status: response.status,
      headers: responseHeaders(response),
      ...(came === undefined ? {} : { body: came }),
    };
  }

  word('ID', app.id);
  word('ID', organizationId);
  return {
    response: recorded,
    exchange: ({ question, request, response, failure }: Exchange): RecordedExchange => {
      const sent = body(request.body ?? '');
      return {
        question,
        method: request.method,
        path: path(request.path),
        headers: requestHeaders(request),
        ...(sent === undefined ? {} : { body: sent }),
        ...(response === undefined ? {} : { response: recorded(response) }),
        ...(failure === undefined ? {} : { failure }),
      };
    },
  };
}

/** What an error says, in one short line; undefined if it says nothing. */
function wordsIn({ json, text = '' }: RecordedBody = {}): string | undefined {
  const line = (json === undefined ? text : messageIn(json)).replaceAll(/\s+/g, ' ').trim();
  if (line === '') return undefined;
  return line.length > MAX_QUOTED_CHARACTERS ? `${line.slice(0, MAX_QUOTED_CHARACTERS).replace(/ \S*$/, '')} …` : line;
}

function messageIn(json: Json): string {
  if (typeof json === 'string') return json;
  if (Array.isArray(json)) return json.map((item: Json) => messageIn(item)).join('; ');
  if (!isJsonObject(json)) return '';
  const texts = ['message', 'error', 'errors', 'detail', 'title'].map((name) => messageIn(json[name] ?? null));
  return texts.find((words) => words !== '') ?? '';
}

/** What is looked at in a text: JWTs, e-mail and IP addresses, URLs, ids, whatever has digits, and words. */
const PATTERNS = [
  '[\\w-]{10,}\\.[\\w-]{10,}\\.[\\w-]{10,}',
  '[\\w.+-]+@[\\w.-]+',
  '[a-z]+://[^\\s"<>]+',
  '\\d{1,3}(?:\\.\\d{1,3}){3}',
  '(?:[\\da-f]{0,4}:){2,}[\\da-f]{0,4}',
  '[\\da-f]{8}(?:-[\\da-f]{4}){3}-[\\da-f]{12}',
  '(?=[\\w+=-]*\\d)[\\w+=-]{5,}',
  '[\\w+=-]{25,}',
  "[\\p{L}\\p{M}][\\p{L}\\p{M}\\d_'’-]*",
];

/** Small letters alone, or a word of HTTP and JWT. */
function isOrdinary(found: string): boolean {
  return found.length < 25 && (/^[a-z\d_'’-]+$/.test(found) || VOCABULARY.has(found));
}

function isIdName(name: string): boolean {
  return /(?:^|_)ids?$|I[dD]s?$/.test(name);
}

/** An older date may identify an organization: when it came to ICR. */
function isRecent(text: string): boolean {
  return Date.parse(text) > Date.now() - 24 * 60 * 60_000;
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
