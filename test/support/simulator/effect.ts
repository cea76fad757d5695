/** Names what can go wrong with a response, and makes the usual effects. */
import type { Json } from './json.ts';

/**
 * These replace the real response. Without `process` the routes never see the request. With `process: true`
 * they do, so that a token is minted and only the response is lost.
 */
export type ReplacingEffect = {
  readonly process?: boolean;
} /** Resets the TCP connection (RST), before the body is read unless it is processed. */ & (
  | { readonly kind: 'reset' }
  /** Sends nothing, not even headers. */
  | { readonly kind: 'hang' }
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string | readonly string[]>>;
      /** A function gets the request's Authorization header, so that it can repeat it. */
      readonly body?: string | ((authorization: string) => string);
    }
  /** Status 200 and a JSON object of that many bytes, without Content-Length. */
  | { readonly kind: 'huge'; readonly bytes: number }
  /** These bytes instead of an HTTP response. Then the connection ends or, with `staysOpen`, is silent. */
  | { readonly kind: 'raw'; readonly bytes: string; readonly staysOpen?: boolean }
);

/** These spoil the real response, so the request is always processed. */
export type SpoilingEffect =
  /** Headers and half of the body, then silence. */
  | { readonly kind: 'hang-body' }
  /** The body comes one byte at a time, with this time between them. */
  | { readonly kind: 'drip'; readonly everyMs: number }
  /**
   * Only half of the body comes before the connection ends. Content-Length says how long it should be,
   * unless `isUndeclared`: then the end of the connection is the end of the body.
   */
  | { readonly kind: 'truncate'; readonly isUndeclared?: boolean }
  /** The text comes before the body, for instance a byte order mark. */
  | { readonly kind: 'prefix'; readonly text: string }
  /** undefined: no Content-Type at all. */
  | { readonly kind: 'content-type'; readonly value: string | undefined }
  /** `change` gets undefined if the body is not JSON. */
  | { readonly kind: 'transform'; readonly change: (answer: Json | undefined) => Json };

export type Effect = ReplacingEffect | SpoilingEffect;

export function html(status = 200): ReplacingEffect {
  const body = '<!doctype html><html><head><title>Sign in</title></head><body>Proxy</body></html>';
  return { kind: 'answer', status, headers: { 'Content-Type': 'text/html; charset=utf-8' }, body };
}

/** For instance `json(null)`. */
export function json(value: Json, status = 200): ReplacingEffect {
  const headers = { 'Content-Type': 'application/json; charset=utf-8' };
  return { kind: 'answer', status, headers, body: JSON.stringify(value) };
}

export function empty(status = 200): ReplacingEffect {
  return { kind: 'answer', status };
}

export function redirect(location: string, status = 307): ReplacingEffect {
  return { kind: 'answer', status, headers: { Location: location } };
}

export function processes(effect: Effect): boolean {
  switch (effect.kind) {
    case 'reset':
    case 'hang':
    case 'answer':
    case 'huge':
    case 'raw':
      return effect.process ?? false;
    default:
      return true;
  }
}
