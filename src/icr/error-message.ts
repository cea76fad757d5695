/** Tells an error from a success, and reads the message of an error. */
import type { HttpResponse } from '../http/transport.ts';
import { quote } from '../runner/quote.ts';
import { isObject, parseJson } from './json.ts';

export function isSuccess({ status }: HttpResponse): boolean {
  return status >= 200 && status < 300;
}

/** The API's own words for an error: `message`, a text or a list of texts (NestJS' shape, as ICR's demo reads it). */
export function parseErrorMessage(text: string): string | undefined {
  try {
    const body = parseJson(text);
    const message = isObject(body) ? body['message'] : undefined;
    const parts = (Array.isArray(message) ? message : [message]).filter((part) => typeof part === 'string');
    return parts.length === 0 ? undefined : quote(parts.join('; '));
  } catch {
    return undefined;
  }
}

/** `ICR answered 403 (“message”) to POST /x on HOST`. A message beside a token may hold it, so it is for errors alone. */
export function describeResponse({ request, status, text }: HttpResponse): string {
  const message = status < 300 ? undefined : parseErrorMessage(text);
  return `ICR answered ${status}${message === undefined ? '' : ` (“${message}”)`} to ${request}`;
}

/** A 403 may come from a proxy or a firewall on the way, whose body is no JSON object with a `message`. */
export function isFromApi(text: string): boolean {
  try {
    const body = parseJson(text);
    return isObject(body) && 'message' in body;
  } catch {
    return false;
  }
}
