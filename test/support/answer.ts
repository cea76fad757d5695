/** Makes a server's answer as the HTTP client gives it, for the tests of functions that read one. */
import type { HttpResponse } from '../../src/http/transport.ts';

export const HOST = 'api.example.com';
const PATH = '/app/installations/i-1/accessTokens';
/** When an answer is sent and received. */
export const NOW_MS = Date.parse('2026-01-31T12:00:00Z');

/** @param body JSON, or a string as it is */
export function answer(status: number, body: unknown = '', others: Partial<HttpResponse> = {}): HttpResponse {
  const isText = typeof body === 'string';
  return {
    status,
    text: isText ? body : JSON.stringify(body),
    contentType: isText ? 'text/plain' : 'application/json',
    location: undefined,
    receivedMs: NOW_MS,
    dateMs: NOW_MS,
    retryAfterMs: undefined,
    request: `POST ${PATH} on ${HOST}`,
    url: `https://${HOST}${PATH}`,
    host: HOST,
    attempts: 1,
    elapsedSeconds: 0,
    unanswered: 0,
    ...others,
  };
}

export function html(status: number): HttpResponse {
  return answer(status, '<!doctype html><title>Sign in</title>', { contentType: 'text/html; charset=utf-8' });
}

/** As ICR's demo reads errors. */
export function refusal(status: number, message: string | string[], others: Partial<HttpResponse> = {}): HttpResponse {
  return answer(status, { statusCode: status, message }, others);
}
