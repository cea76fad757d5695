/** Builds the response to a request, and the error responses of ICR's API. */
import { STATUS_CODES } from 'node:http';
import type { Json } from './json.ts';

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** The text of the body; '' sends none. */
  readonly body: string;
}

export const JSON_TYPE = 'application/json; charset=utf-8';

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

/**
 * NestJS' default error body, as ICR's demo reads it. `message` is a list if a validation failed. NestJS omits
 * `error` if the message is only the name of the status, and in its rate limiter.
 */
export function errorReply(apiError: ApiError, echoed: string | undefined): Reply {
  const name = STATUS_CODES[apiError.status] ?? 'Error';
  const bare = apiError.reasons === name || apiError.status === 429;
  const message = echoed === undefined ? apiError.reasons : withEcho(apiError.reasons, echoed);
  const body = { statusCode: apiError.status, message, ...(bare ? {} : { error: name }) };
  const reply = jsonReply(apiError.status, body);
  return { ...reply, headers: { ...reply.headers, ...apiError.headers } };
}

function withEcho(reasons: string | readonly string[], echoed: string): string | readonly string[] {
  const echo = `authorization was ${echoed}`;
  return typeof reasons === 'string' ? `${reasons} (${echo})` : [...reasons, echo];
}
