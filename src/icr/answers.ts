/** Reads what any answer says by itself: whether it is a success, whether it is ICR's, and its words for an error. */
import type { HttpResponse } from '../http/transport.ts';
import { quote } from '../runner/quote.ts';

/** A longer body that is no JSON is a page, not a message. */
const MAX_PLAIN_MESSAGE_CHARACTERS = 200;

export type Fields = Record<string, unknown>;

/** A response of another shape. Its message names the field, never the body. */
export class ShapeError extends Error {}

export function isSuccess({ status }: HttpResponse): boolean {
  return status >= 200 && status < 300;
}

/** Express sends plain words as `text/html`, too, so the type says nothing. */
export function isHtml({ text }: HttpResponse): boolean {
  return /^\s*<(?:!doctype|html|head|body|title|h1|center)\b/i.test(text);
}

/** Whether an error is in the form in which ICR's demo reads them, and from a route that exists. */
export function isFromIcr({ status, text }: HttpResponse): boolean {
  const body = tryJson(text);
  return isObject(body) && 'message' in body && body['statusCode'] === status && !saysNoRoute(text);
}

/** `ICR answered 403 (“message”) to POST /x on HOST`. A message beside a token may hold it, so it is for errors alone. */
export function describeResponse(response: HttpResponse, who = 'ICR'): string {
  const { status, request } = response;
  if (isHtml(response)) return `The answer to ${request} was ${status} with a page of HTML`;
  const words = isSuccess(response) ? undefined : readWords(response);
  return `${who} answered ${status}${words === undefined ? '' : ` (“${words}”)`} to ${request}`;
}

/** NestJS says "Cannot GET /x" of a route that it doesn't have. */
export function saysNoRoute(text: string): boolean {
  return /\bCannot (?:GET|POST|DELETE) \//.test(text);
}

/** ICR's own words for an error, in whatever form they come; undefined if there are none. */
export function readWords(response: HttpResponse): string | undefined {
  const { text } = response;
  const body = tryJson(text);
  if (body === undefined) {
    const plain = text.trim();
    const isMessage = plain !== '' && plain.length <= MAX_PLAIN_MESSAGE_CHARACTERS && !isHtml(response);
    return isMessage ? quote(plain) : undefined;
  }
  const words = isObject(body)
    ? [body['message'], body['error'], body['errors'], body['detail'], body['title']]
    : [body];
  const [first] = words.map(textsOf).filter((texts) => texts.length > 0);
  return first === undefined ? undefined : quote(first.join('; '));
}

/** The strings in it, in its `message`, or in the `message` of each of its items. */
function textsOf(value: unknown): string[] {
  const inner = isObject(value) ? value['message'] : value;
  return (Array.isArray(inner) ? inner : [inner])
    .map((item: unknown) => (isObject(item) ? item['message'] : item))
    .filter((item): item is string => typeof item === 'string' && item.trim() !== '');
}

/** Undefined for what is no JSON. */
export function tryJson(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

/** @throws ShapeError */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    if (text.trim() === '') throw new ShapeError('its body is empty');
    // The magic number of gzip (RFC 1952), whose second byte is no UTF-8.
    throw new ShapeError(
      text.startsWith('\x1f') ? 'its body is compressed, which was not asked for' : 'its body is not JSON',
    );
  }
}

export function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
