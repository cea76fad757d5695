/** Owns the answer to one request before it is put on the wire, and the shape of ICR's refusals. */
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

/** Thrown by whatever refuses a request. */
export class Refusal extends Error {
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
 * NestJS' default error body, as ICR's demo reads it: `message` is a list for failed validation. NestJS
 * leaves `error` out when the message is only the name of the status, and for its rate limiter.
 */
export function refusalReply(refusal: Refusal, echoed: string | undefined): Reply {
  const name = STATUS_CODES[refusal.status] ?? 'Error';
  const bare = refusal.reasons === name || refusal.status === 429;
  const message = echoed === undefined ? refusal.reasons : withEcho(refusal.reasons, echoed);
  const body = { statusCode: refusal.status, message, ...(bare ? {} : { error: name }) };
  const reply = jsonReply(refusal.status, body);
  return { ...reply, headers: { ...reply.headers, ...refusal.headers } };
}

function withEcho(reasons: string | readonly string[], echoed: string): string | readonly string[] {
  const echo = `authorization was ${echoed}`;
  return typeof reasons === 'string' ? `${reasons} (${echo})` : [...reasons, echo];
}
