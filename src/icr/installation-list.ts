/** Reads every page of the app's installations. ICR doesn't document which query it takes, or which page is the last. */
import { type HttpResponse, isSuccess } from '../http/transport.ts';
import { type Installation, toInstallation } from './installation.ts';
import { type Fields, isObject, parseAs, parseJson, ShapeError } from './json.ts';

/** The first that is taken is kept: a large page, the documentation's example, and what ICR's demo asks. */
const QUERIES: readonly ((page: number) => string)[] = [
  (page) => `?limit=100&page=${page}`,
  (page) => `?limit=10&page=${page}`,
  () => '',
];
/** With which a server may refuse a query. NestJS says 400 unless it is told otherwise. */
const BAD_QUERY = [400, 422];
/** Not `totalPages`, which is no count of installations. */
const TOTAL = /^total(?:_?(?:count|items|results))?$/i;

interface InstallationPage {
  installations: Installation[];
  /** Of the whole list, if the response says. */
  total: number | undefined;
}

/**
 * Yields the installations of each page, each installation once.
 *
 * The list ends at a page that brings no new id; not at a short page, since a server may cap `limit`, and not at
 * `pagination.total`, which may count one page. A page that repeats what was read, a first page that is empty, and one
 * that is short of `total` are followed by one more: a server that counts from 1 may answer page 0 as page 1, or with
 * nothing.
 *
 * @throws Error in words for the log, also after the last page if ICR says that there are more
 */
export async function* readInstallationList(
  get: (path: string) => Promise<HttpResponse>,
  toError: (response: HttpResponse) => Error,
): AsyncGenerator<Installation[], void> {
  const seenIds = new Set<string>();
  let query = 0;
  let total: number | undefined;
  let pagesWithoutNews = 0;
  for (let page = 0; ; page += 1) {
    const response = await getPage(page);
    const isRefused = BAD_QUERY.includes(response.status) || response.status === 404;
    // A total of 0 or less proves nothing once something was read.
    if (isRefused && total !== undefined && total > 0 && seenIds.size >= total) return;
    if (!isSuccess(response)) throw toError(response);

    const { installations, total: told } = parseAs(response, parseInstallationPage);
    total = told ?? total;
    const news = installations.filter(({ id }) => !seenIds.has(id) && seenIds.add(id));
    yield news;

    pagesWithoutNews = news.length === 0 ? pagesWithoutNews + 1 : 0;
    const more = total !== undefined && total > seenIds.size ? total : undefined;
    const mayGoOn = more !== undefined || installations.length > 0 || seenIds.size === 0;
    if (pagesWithoutNews === 2 || (pagesWithoutNews === 1 && !mayGoOn)) {
      if (more !== undefined) throw incomplete(more, seenIds.size);
      return;
    }
  }

  async function getPage(page: number): Promise<HttpResponse> {
    for (; ; query += 1) {
      const response = await get(`/app/installations${QUERIES[query]?.(page) ?? ''}`);
      if (page > 0 || query === QUERIES.length - 1 || !BAD_QUERY.includes(response.status)) return response;
    }
  }
}

function incomplete(total: number, read: number): Error {
  return new Error(
    `ICR says that the app has ${total} installations, and its list gave ${read}. Set \`organization-id\`, or, if it is set, \`installation-id\`: the one that is wanted may be among the others. No token was minted.`,
  );
}

/** The list is in `installations`, or is the body itself, or its only array. @throws ShapeError */
export function parseInstallationPage(text: string): InstallationPage {
  const body = parseJson(text);
  const list = findList(body);
  if (list === undefined) throw new ShapeError('`installations` is missing or not a list');
  const installations = list.map((item, index) => {
    const path = `installations[${index}]`;
    return toInstallation(item, `\`${path}\``, `${path}.`);
  });
  const [total] = placesOfTotal(body)
    .flatMap((place) => Object.entries(place).filter(([name]) => TOTAL.test(name)))
    .map(([, value]) => toCount(value))
    .filter((count) => count !== undefined);
  return { installations, total };
}

function findList(body: unknown): unknown[] | undefined {
  if (Array.isArray(body)) return body;
  if (!isObject(body)) return undefined;
  const { installations } = body;
  if (Array.isArray(installations)) return installations;
  const lists = Object.values(body).filter((value) => Array.isArray(value));
  // Errors, links and warnings may be listed beside it.
  const [list, ...others] = lists.length > 1 ? lists.filter(({ length }) => length > 0) : lists;
  return others.length === 0 ? list : undefined;
}

/** In `pagination`, as other lists of ICR have it, beside the list, or in what APIs call it elsewhere. */
function placesOfTotal(body: unknown): Fields[] {
  if (!isObject(body)) return [];
  const named = Object.entries(body).filter(([name]) => /^_?(?:pagination|paging|page|pageinfo|meta)$/i.test(name));
  return [...named.map(([, value]) => value), body].filter(isObject);
}

/** A count may be a string, as databases give it. */
function toCount(value: unknown): number | undefined {
  const count = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof count === 'number' && !Number.isNaN(count) ? count : undefined;
}
