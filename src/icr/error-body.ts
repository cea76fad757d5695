/** Reads the errors of ICR, and of what stands before it, for the words that a person is to see. */
import { type HttpResponse, isHtml, isSuccess } from '../http/transport.ts';
import { quote } from '../runner/quote.ts';
import { isObject, tryJson } from './json.ts';

/** A longer body that is no JSON is a page, not a message. */
const MAX_PLAIN_MESSAGE_CHARACTERS = 200;

/** Whether an error is in the form in which ICR's demo reads them, and from a route that exists. */
export function isFromIcr({ status, text }: HttpResponse): boolean {
  const body = tryJson(text);
  return isObject(body) && 'message' in body && body['statusCode'] === status && !saysNoRoute(text);
}

/** NestJS says "Cannot GET /x" of a route that it doesn't have. */
export function saysNoRoute(text: string): boolean {
  return /\bCannot (?:GET|POST|DELETE) \//.test(text);
}

/** `ICR answered 403 (“message”) to POST /x on HOST`. A message beside a token may hold it, so it is for errors alone. */
export function describeResponse(response: HttpResponse, who = 'ICR'): string {
  const { status, request } = response;
  if (isHtml(response)) return `The answer to ${request} was ${status} with a page of HTML`;
  const words = isSuccess(response) ? undefined : readWords(response);
  return `${who} answered ${status}${words === undefined ? '' : ` (“${words}”)`} to ${request}`;
}

/** The words of an error, in whatever form they come; undefined if there are none. */
export function readWords(response: HttpResponse): string | undefined {
  const { text } = response;
  const body = tryJson(text);
  if (body === undefined) {
    const plain = text.trim();
    const isMessage = plain !== '' && plain.length <= MAX_PLAIN_MESSAGE_CHARACTERS && !isHtml(response);
    // The beginning of JSON that was cut short may hold a token.
    return isMessage && !/^[{[]/.test(plain) ? quote(plain) : undefined;
  }
  const places = isObject(body)
    ? [body['message'], body['error'], body['errors'], body['detail'], body['title']]
    : [body];
  const words = places.map(textsOf).find((texts) => texts.length > 0);
  return words && quote(words.join('; '));
}

/** The strings in it, in its `message`, or in the `message` of each of its items. */
function textsOf(value: unknown): string[] {
  const inner = isObject(value) ? value['message'] : value;
  return [inner]
    .flat()
    .map((item: unknown) => (isObject(item) ? item['message'] : item))
    .filter((item): item is string => typeof item === 'string' && item.trim() !== '');
}
