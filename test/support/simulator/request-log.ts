/** Owns the record of every request the simulator was sent, for tests to look at afterwards. */
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
  /** '' until it has been read to the end. */
  readonly body: string;
  /** Undefined when nothing was answered (yet). */
  readonly status: number | undefined;
  /** The fault that hit it. */
  readonly fault: Effect['kind'] | undefined;
  /** Whether the routes saw it, so whether it could change anything (a fault may have kept it from them). */
  readonly processed: boolean;
}

/** The same record while the request is under way. */
export interface OpenRecord extends Omit<RequestRecord, 'body' | 'status' | 'fault' | 'processed'> {
  body: string;
  fault: Effect['kind'] | undefined;
  processed: boolean;
}

export class Journal {
  readonly #entries: { readonly record: OpenRecord; readonly response: ServerResponse }[] = [];

  open(request: IncomingMessage, response: ServerResponse, connection: number): OpenRecord {
    const record: OpenRecord = {
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

  /** As things stand now: a record does not change once it was handed out. */
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
