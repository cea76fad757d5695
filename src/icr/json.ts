/** Reads the body of a response as JSON. */

export type Fields = Record<string, unknown>;

/** A response of another shape. Its message names the field, never the body. */
export class ShapeError extends Error {}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    throw new ShapeError(text.trim() === '' ? 'its body is empty' : 'its body is not JSON');
  }
}

export function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
