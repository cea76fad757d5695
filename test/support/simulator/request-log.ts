/** Records every request to the simulator, so that tests can look at them afterwards. */
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Effect } from './effect.ts';

export interface RequestRecord {
  /** From 1, in the order of arrival. */
  readonly number: number;
  readonly method: string;
  /** As sent: with the base path and the query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly bearer: string | undefined;
  /** Milliseconds of real time, untouched by the movable clock. */
  readonly at: number;
  /** The TCP connection it came on, from 1. */
  readonly connection: number;
  /** '' until all of it was read. */
  readonly body: string;
  /** Undefined if nothing was answered, or not yet. */
  readonly status: number | undefined;
  /** The fault that hit it. */
  readonly fault: Effect['kind'] | undefined;
  /** Whether the routes saw it. If a fault replaced them, it changed nothing. */
  readonly processed: boolean;
}

/** The same record while the request is in progress. */
export interface LiveRecord extends Omit<RequestRecord, 'body' | 'status' | 'fault' | 'processed'> {
  body: string;
  fault: Effect['kind'] | undefined;
  processed: boolean;
}

interface Entry {
  readonly record: LiveRecord;
  /** Only while it is under way: it holds its body. */
  response: ServerResponse | undefined;
  status: number | undefined;
}

/** Five times what `npm run load` sends. */
const MAX_REQUESTS = 10_000;

export class RequestLog {
  readonly #entries: Entry[] = [];

  /** Whether this is a client that goes on and on, which from then on is refused. */
  isFull(): boolean {
    return this.#entries.length >= MAX_REQUESTS;
  }

  open(request: IncomingMessage, response: ServerResponse, connection: number): LiveRecord {
    const record: LiveRecord = {
      number: this.#entries.length + 1,
      method: request.method ?? '',
      path: request.url ?? '',
      headers: request.headers,
      bearer: bearerIn(request.headers.authorization),
      at: Date.now(),
      connection,
      body: '',
      fault: undefined,
      processed: false,
    };
    const entry: Entry = { record, response, status: undefined };
    response.once('close', () => {
      if (response.headersSent) entry.status = response.statusCode;
      entry.response = undefined;
    });
    this.#entries.push(entry);
    return record;
  }

  /** A copy of the records as they are now. */
  all(): readonly RequestRecord[] {
    return this.#entries.map(({ record, response, status }) => ({
      ...record,
      status: response?.headersSent === true ? response.statusCode : status,
    }));
  }
}

function bearerIn(authorization: string | undefined): string | undefined {
  return /^Bearer +(.+)$/i.exec(authorization ?? '')?.[1];
}
