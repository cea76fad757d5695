/** Parses the body of a response as JSON, and casts none. */
import type { HttpResponse } from '../http/transport.ts';

export type Fields = Record<string, unknown>;

/** A response of another shape. Its message names the field, never the body. */
export class ShapeError extends Error {}

/** What `parse` makes of the body. @throws Error that names the request and the field that is not as documented */
export function parseAs<T>({ text, request, status }: HttpResponse, parse: (text: string) => T): T {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    throw new Error(
      `The response is not what ICR documents: ${error.message}. Check \`api-url\`, \`api-version\`, and any proxy on the way. The answer to ${request} was ${status}.`,
      { cause: error },
    );
  }
}

/** The same, and undefined if the body is of another shape. */
export function tryAs<T>({ text }: { text: string }, parse: (text: string) => T): T | undefined {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof ShapeError) return undefined;
    throw error;
  }
}

export function tryJson(text: string): unknown {
  return tryAs({ text }, parseJson);
}

/** @throws ShapeError */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
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
