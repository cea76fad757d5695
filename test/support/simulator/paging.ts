/** Reads `limit` and `page`, cuts a list by them, and describes the page. */
import type { JsonObject } from './json.ts';
import { ApiError } from './reply.ts';
import type { Settings } from './settings.ts';

export interface Paging {
  readonly limit: number;
  readonly page: number;
}

/** docs: Apps (v0.5) marks both as required. ICR's demo sends neither, so the server has defaults. */
export function readPaging(query: URLSearchParams, settings: Settings): Paging {
  const complaints: string[] = [];
  const limit = readNumber('limit', query, 10, 1, complaints);
  const page = readNumber('page', query, 0, 0, complaints);
  const most = settings.maxPageSize ?? Number.POSITIVE_INFINITY;
  if (limit > most && settings.overMaxPageSize === 'refuse') {
    complaints.push(`limit must not be greater than ${most}`);
  }
  if (complaints.length > 0) throw new ApiError(400, complaints);
  return { limit: Math.min(limit, most), page };
}

function readNumber(
  name: string,
  query: URLSearchParams,
  missing: number,
  least: number,
  complaints: string[],
): number {
  const texts = query.getAll(name);
  if (texts.length === 0) return missing;
  const value = texts.length === 1 && texts[0]?.trim() !== '' ? Number(texts[0]) : Number.NaN;
  if (!Number.isFinite(value)) complaints.push(`${name} must be a number conforming to the specified constraints`);
  else if (!Number.isInteger(value)) complaints.push(`${name} must be an integer number`);
  else if (value < least) complaints.push(`${name} must not be less than ${least}`);
  return value;
}

/** @param overlap so many items at the end of a page are on the next page as well */
export function cut<Item>(items: readonly Item[], { limit, page }: Paging, overlap = 0): readonly Item[] {
  const first = page * Math.max(limit - overlap, 1);
  return items.slice(first, first + limit);
}

/** docs: Projects (v0.5) has these five numbers. The next and previous page never pass an end of the list. */
export function paginationJson(total: number, { limit, page }: Paging, base: 0 | 1): JsonObject {
  const pageCount = Math.ceil(total / limit);
  const currentPage = page + base;
  return {
    total,
    currentPage,
    pageCount,
    nextPage: Math.min(currentPage + 1, Math.max(pageCount - 1, 0) + base),
    prevPage: Math.max(currentPage - 1, 0),
  };
}
