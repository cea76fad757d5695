/** Reads the list of the app's installations to its end, of which the documentation tells neither how nor how far. */
import type { HttpResponse } from '../http/transport.ts';
import { isSuccess } from './answers.ts';
import { parseAs } from './errors.ts';
import { type Installation, parseInstallationPage } from './responses.ts';

/** The first that is taken is kept: a large page, the documentation's example, and what ICR's demo asks. */
const QUERIES: readonly ((page: number) => string)[] = [
  (page) => `?limit=100&page=${page}`,
  (page) => `?limit=10&page=${page}`,
  () => '',
];
/** With which a server may refuse a query. NestJS says 400 unless it is told otherwise. */
const BAD_QUERY = [400, 422];
/** Far more than an app will have, and less than memory or the budget would end at. */
const MAX_INSTALLATIONS = 100_000;

export interface ListEnd {
  read: number;
  /** How many ICR says that there are, if that is more than could be read: then nothing can be said of the rest. */
  shortOf: number | undefined;
}

/**
 * The list ends at a page that brings no new id; not at a short page, since a server may cap `limit`, and not at
 * `pagination.total`, which may count one page. A page that repeats what was read, a first page that is empty, and one
 * that is short of `total` are followed by one more: a server that counts from 1 may answer page 0 as page 1, or with
 * nothing.
 *
 * @param isEnough gets each page's new installations; true ends the list there
 * @returns undefined if `isEnough` ended it
 * @throws Error in words for the log
 */
export async function readInstallationList(
  get: (path: string) => Promise<HttpResponse>,
  toError: (response: HttpResponse) => Error,
  isEnough: (page: Installation[]) => boolean,
): Promise<ListEnd | undefined> {
  const seenIds = new Set<string>();
  let query = 0;
  let total: number | undefined;
  let pagesWithoutNews = 0;
  for (let page = 0; ; page += 1) {
    const response = await getPage(page);
    const isRefused = BAD_QUERY.includes(response.status) || response.status === 404;
    // A total of 0 or less proves nothing once something was read.
    if (isRefused && total !== undefined && total > 0 && seenIds.size >= total) {
      return { read: seenIds.size, shortOf: undefined };
    }
    if (!isSuccess(response)) throw toError(response);

    const { installations, total: told } = parseAs(response, parseInstallationPage);
    total = told ?? total;
    const news = installations.filter(({ id }) => !seenIds.has(id) && seenIds.add(id));
    if (isEnough(news)) return undefined;
    if (seenIds.size > MAX_INSTALLATIONS) throw endless(seenIds.size);

    pagesWithoutNews = news.length === 0 ? pagesWithoutNews + 1 : 0;
    const isMoreTold = total !== undefined && total > seenIds.size;
    const mayGoOn = isMoreTold || installations.length > 0 || seenIds.size === 0;
    if (pagesWithoutNews === 2 || (pagesWithoutNews === 1 && !mayGoOn)) {
      return { read: seenIds.size, shortOf: isMoreTold ? total : undefined };
    }
  }

  async function getPage(page: number): Promise<HttpResponse> {
    for (; ; query += 1) {
      const response = await get(`/app/installations${QUERIES[query]?.(page) ?? ''}`);
      if (page > 0 || query === QUERIES.length - 1 || !BAD_QUERY.includes(response.status)) return response;
    }
  }
}

function endless(read: number): Error {
  return new Error(
    `The list of installations does not end. Set \`installation-id\`, and check \`api-url\`: ${read} installations were read.`,
  );
}
