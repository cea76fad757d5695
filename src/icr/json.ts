/** Reads the body of a response as JSON. */

export type Fields = Record<string, unknown>;

/** A response of another shape. Its message names the field, never the body. */
export class ShapeError extends Error {}

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
