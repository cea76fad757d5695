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

export class RequestLog {
  readonly #entries: { readonly record: LiveRecord; readonly response: ServerResponse }[] = [];

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
    this.#entries.push({ record, response });
    return record;
  }

  /** A copy of the records as they are now. */
  all(): readonly RequestRecord[] {
    return this.#entries.map(({ record, response }) => ({
      ...record,
      status: response.headersSent ? response.statusCode : undefined,
    }));
  }
}

function bearerIn(authorization: string | undefined): string | undefined {
  return /^Bearer +(.+)$/i.exec(authorization ?? '')?.[1];
}
