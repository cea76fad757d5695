/** What counts as an id of ICR (an app's, an organization's, an installation's), and when two are the same. */
import { repeatsSecret } from '../runner/secrets.ts';

const MAX_ID_CHARACTERS = 128;
const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;

/**
 * True for a string that can stand as one path segment of a URL. ICR documents ids as strings; all that were
 * seen are UUIDs, its examples also hold short numbers, so the form is not narrowed further.
 */
export function isId(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value.length <= MAX_ID_CHARACTERS &&
    // Dot segments would be resolved away when the URL is normalized.
    value !== '.' &&
    value !== '..' &&
    /^[^\s/\\\p{C}]+$/u.test(value)
  );
}

/** The id in a response, which may be a whole number. Undefined for anything else, and for a secret in its place. */
export function toId(value: unknown): string | undefined {
  const text = Number.isSafeInteger(value) ? String(value) : value;
  return isId(text) && !repeatsSecret(text) ? text : undefined;
}

/** Exact, but for UUIDs, whose letters have no case (RFC 9562, section 4). */
export function isSameId(one: string, other: string): boolean {
  return one === other || (UUID.test(one) && UUID.test(other) && one.toLowerCase() === other.toLowerCase());
}
