/** Builds responses, and the error responses of ICR's API in the form that a test chooses. */
import { STATUS_CODES } from 'node:http';

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export type JsonObject = { readonly [key: string]: Json };

/** Undefined if the text is not JSON. */
export function parseJson(text: string): Json | undefined {
  try {
    const value: Json = JSON.parse(text);
    return value;
  } catch {
    return undefined;
  }
}

export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** The text of the body; '' sends none. */
  readonly body: string;
  /** Waited before it is sent, if the client does. */
  readonly delayMs?: number;
}

const JSON_TYPE = 'application/json; charset=utf-8';

export function textReply(status: number, body: string, type = JSON_TYPE): Reply {
  return { status, headers: body === '' ? {} : { 'Content-Type': type }, body };
}

export function jsonReply(status: number, value: Json): Reply {
  return textReply(status, JSON.stringify(value));
}

/** Thrown to refuse a request. */
export class ApiError extends Error {
  readonly status: number;
  readonly reasons: string | readonly string[];
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, reasons: string | readonly string[], headers: Record<string, string> = {}) {
    super(typeof reasons === 'string' ? reasons : reasons.join('; '));
    this.status = status;
    this.reasons = reasons;
    this.headers = headers;
  }
}

/** How a server writes its errors. `nest` is what ICR's demo reads; the others are what other APIs send. */
export type ErrorForm =
  | 'nest'
  | 'message'
  | 'error.message'
  | 'errors'
  | 'detail'
  | 'title'
  | 'text'
  | 'html'
  | 'empty';

export function errorReply(error: ApiError, form: ErrorForm): Reply {
  const { status, reasons, message, headers } = error;
  const name = STATUS_CODES[status] ?? 'Error';
  const replies: Readonly<Record<ErrorForm, () => Reply>> = {
    // NestJS omits `error` if the message is only the name of the status, and in its rate limiter.
    nest: () => {
      const bare = reasons === name || status === 429;
      return jsonReply(status, { statusCode: status, message: reasons, ...(bare ? {} : { error: name }) });
    },
    message: () => jsonReply(status, { message }),
    'error.message': () => jsonReply(status, { error: { code: name, message } }),
    errors: () => jsonReply(status, { errors: [reasons].flat().map((reason) => ({ message: reason })) }),
    detail: () => jsonReply(status, { title: name, status, detail: message }),
    title: () => jsonReply(status, { type: 'about:blank', title: message, status }),
    text: () => textReply(status, message, 'text/plain; charset=utf-8'),
    html: () => textReply(status, `<html><body><h1>${status} ${name}</h1></body></html>`, 'text/html'),
    empty: () => textReply(status, ''),
  };
  const reply = replies[form]();
  return { ...reply, headers: { ...reply.headers, ...headers } };
}
