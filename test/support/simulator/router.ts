/** Finds the route for a request's method and path. */
import { ApiError, type Reply } from './reply.ts';

export interface Call {
  /** The number of the request, see `RequestRecord`. */
  readonly number: number;
  readonly bearer: string | undefined;
  readonly query: URLSearchParams;
  /** The value of the path's variable segment. '' if the route has none. */
  readonly id: string;
}

export interface Route {
  readonly method: string;
  /** At most one segment is variable, written `:id`. */
  readonly path: string;
  /** Called for every request. A route that is not present is as unknown as any other path. */
  readonly present?: () => boolean;
  readonly handle: (call: Call) => Reply;
}

/** Undefined if there is no such route. */
export function route(
  routes: readonly Route[],
  method: string,
  target: string,
  call: Omit<Call, 'id' | 'query'>,
): Reply | undefined {
  const { path, query } = splitTarget(target);
  for (const candidate of routes) {
    if (candidate.method !== method || candidate.present?.() === false) continue;
    const id = match(candidate.path.split('/'), path.split('/'));
    if (id !== undefined) return candidate.handle({ ...call, id, query });
  }
  return undefined;
}

export function splitTarget(target: string): { path: string; query: URLSearchParams } {
  const mark = target.indexOf('?');
  if (mark === -1) return { path: target, query: new URLSearchParams() };
  return { path: target.slice(0, mark), query: new URLSearchParams(target.slice(mark + 1)) };
}

function match(pattern: readonly string[], path: readonly string[]): string | undefined {
  if (pattern.length !== path.length) return undefined;
  let id = '';
  for (const [index, wanted] of pattern.entries()) {
    const given = path[index] ?? '';
    if (wanted !== ':id' && wanted !== given) return undefined;
    if (wanted !== ':id') continue;
    if (given === '') return undefined;
    id = decoded(given);
  }
  return id;
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new ApiError(400, `Failed to decode param '${segment}'`);
  }
}
