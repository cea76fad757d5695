/** Reading the list of installations to its end: how it is asked, where it ends, and what may be said of it then. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readInstallationList } from '../../src/icr/installation-list.ts';
import { answer, refusal } from '../support/answer.ts';

const timeout = 30_000;
/** A loop that waits for nothing would never let a time limit end it. */
const MAX_REQUESTS = 1000;
const INCOMPLETE =
  /^Error: ICR says that the app has (\d+) installations, and its list gave (\d+)\. Set `organization-id`, or, if it is set, `installation-id`/;

type Page = { ids: readonly string[]; total?: unknown } | number;

interface Reading {
  /** `whole`, `left` if it was not read to its end, or how many of how many were read. */
  end: string;
  /** The queries, in their order. */
  asked: string[];
  ids: string[];
}

/**
 * @param server answers a query with a page of ids, or with the status of an error
 * @param lastId where to leave the list
 */
async function read(server: (query: URLSearchParams, page: number) => Page, lastId?: string): Promise<Reading> {
  const asked: string[] = [];
  const ids: string[] = [];
  const list = readInstallationList(
    async (path) => {
      assert.ok(asked.length < MAX_REQUESTS, 'the list is read on and on');
      assert.match(path, /^\/app\/installations(?:\?|$)/);
      const query = path.slice('/app/installations'.length);
      asked.push(query);
      const parameters = new URLSearchParams(query);
      const page = server(parameters, Number(parameters.get('page') ?? 0));
      if (typeof page === 'number') return refusal(page, 'no');
      const { total } = page;
      const pagination = total === undefined ? {} : { pagination: { total } };
      return answer(200, { installations: page.ids.map((id) => ({ id })), ...pagination });
    },
    ({ status }) => new Error(`status ${status}`),
  );
  try {
    for await (const page of list) {
      ids.push(...page.map(({ id }) => id));
      if (lastId !== undefined && ids.includes(lastId)) return { end: 'left', asked, ids };
    }
    return { end: 'whole', asked, ids };
  } catch (error) {
    const [, total, count] = INCOMPLETE.exec(String(error)) ?? [];
    if (total === undefined) throw error;
    return { end: `${count} of ${total}`, asked, ids };
  }
}

const PAGES = [['a', 'b'], ['c', 'd'], ['e']];
const ALL = PAGES.flat();
const pages = (total?: unknown) => (_: URLSearchParams, page: number) => ({ ids: PAGES[page] ?? [], total });
const whole = 'whole';
const first = (count: number, limit = 100) =>
  Array.from({ length: count }, (_, page) => `?limit=${limit}&page=${page}`);

describe('the list of installations', { timeout }, () => {
  test('ends at a page that brings no new id, not at a short one, since a server may cap `limit`', async () => {
    assert.deepEqual(await read(pages()), { end: whole, asked: first(4), ids: ALL });
  });

  for (const total of [0, -1, 0.5, 1, 2, 5, '5', 'many', null]) {
    test(`does not end at a \`pagination.total\` of ${JSON.stringify(total)}, which may count one page`, async () => {
      assert.deepEqual(await read(pages(total)), { end: whole, asked: first(4), ids: ALL });
    });
  }

  test('is incomplete if two pages in a row bring nothing new and `total` says that there are more', async () => {
    assert.deepEqual(await read(pages(6)), { end: '5 of 6', asked: first(5), ids: ALL });
  });

  test('keeps the last `total` that a page named', async () => {
    const { end } = await read((_, page) => (page === 0 ? { ids: ['a'], total: 2 } : { ids: [] }));
    assert.deepEqual(end, '1 of 2');
  });

  test('is whole if it is empty, after one page more', async () => {
    for (const total of [undefined, 0]) {
      const { end, asked } = await read(() => ({ ids: [], total }));
      assert.deepEqual([end, asked], [whole, first(2)]);
    }
  });

  for (const total of [5, undefined]) {
    test(`is read on if page 0 of a server that counts from 1 is page 1, with a total of ${total}`, async () => {
      const { end, ids } = await read((_, page) => ({ ids: PAGES[Math.max(page, 1) - 1] ?? [], total }));
      assert.deepEqual([end, ids], [whole, ALL]);
    });
  }

  test('is read on if each page comes twice: only two in a row without news end it', async () => {
    const { end, ids } = await read((_, page) => ({ ids: PAGES[Math.floor(page / 2)] ?? [], total: 5 }));
    assert.deepEqual([end, ids], [whole, ALL]);
  });

  test('ends at the second of two pages that repeat what was read, if there is no `total`', async () => {
    assert.deepEqual(await read(() => ({ ids: ALL })), { end: whole, asked: first(3), ids: ALL });
  });

  for (const total of [5, undefined]) {
    test(`is read on if page 0 of a server that counts from 1 is empty, with a total of ${total}`, async () => {
      const { end, ids } = await read((_, page) => ({ ids: PAGES[page - 1] ?? [], total }));
      assert.deepEqual([end, ids], [whole, ALL]);
    });
  }

  test('is incomplete if the server ignores the query and sends a part', async () => {
    const { end, asked } = await read(() => ({ ids: ['a', 'b'], total: 3 }));
    assert.deepEqual([end, asked], ['2 of 3', first(3)]);
  });

  test('is whole if the server ignores the query and sends all of it', async () => {
    const { end, asked } = await read(() => ({ ids: ALL, total: 5 }));
    assert.deepEqual([end, asked], [whole, first(3)]);
  });

  for (const total of [1, 0, -1]) {
    test(`is read on if page 0 is page 1 or empty and \`total\` is ${total}, which counts one page`, async () => {
      for (const pageZero of [['a'], []]) {
        const { ids } = await read((_, page) => ({ ids: page === 0 ? pageZero : (PAGES[page - 1] ?? []), total }));
        assert.deepEqual([...new Set(ids)].sort(), [...ALL].sort());
      }
    });
  }

  test('gives each installation once, though pages overlap', async () => {
    const overlapping = [['a'], ['a', 'b'], ['b', 'a']];
    assert.deepEqual((await read((_, page) => ({ ids: overlapping[page] ?? [] }))).ids, ['a', 'b']);
  });

  test('is left at the page that is enough, and then nothing is said of it', async () => {
    const { end, asked } = await read(pages(), 'd');
    assert.deepEqual([end, asked], ['left', first(2)]);
  });
});

describe('the query of the list', { timeout }, () => {
  for (const status of [400, 422]) {
    test(`is limit=10 after a ${status} to limit=100, and stays so`, async () => {
      const server = (query: URLSearchParams, page: number) =>
        query.get('limit') === '100' ? status : { ids: PAGES[page] ?? [] };
      assert.deepEqual(await read(server), { end: whole, asked: ['?limit=100&page=0', ...first(4, 10)], ids: ALL });
    });

    test(`is none after a ${status} to any`, async () => {
      const server = (query: URLSearchParams) => (query.size > 0 ? status : { ids: ALL });
      const asked = ['?limit=100&page=0', '?limit=10&page=0', '', '', ''];
      assert.deepEqual(await read(server), { end: whole, asked, ids: ALL });
    });

    test(`that is refused with ${status} in every form is the error of the last`, async () => {
      await assert.rejects(
        read(() => status),
        { message: `status ${status}` },
      );
    });
  }

  for (const status of [401, 403, 404, 429, 500]) {
    test(`is not changed after a ${status}, which is an error`, async () => {
      let count = 0;
      const server = () => {
        count += 1;
        return status;
      };
      await assert.rejects(read(server), { message: `status ${status}` });
      assert.equal(count, 1);
    });
  }
});

describe('a page after the first that is refused', { timeout }, () => {
  const refusing = (status: number, total?: number) => (_: URLSearchParams, page: number) =>
    page < 3 ? { ids: PAGES[page] ?? [], total } : status;

  for (const total of [0, -1]) {
    test(`does not end at a refused page with a total of ${total}, which proves nothing`, async () => {
      await assert.rejects(read((_, page) => (page === 0 ? { ids: ['a'], total } : 404)));
    });
  }

  for (const status of [400, 404]) {
    test(`with ${status} is the end if as many as \`total\` were read`, async () => {
      for (const total of [4, 5]) {
        assert.deepEqual(await read(refusing(status, total)), { end: whole, asked: first(4), ids: ALL });
      }
    });

    test(`with ${status} is an error if there is no \`total\`, or more are there`, async () => {
      for (const total of [undefined, 6]) {
        await assert.rejects(read(refusing(status, total)), { message: `status ${status}` });
      }
    });
  }

  test('with another status is an error whatever `total` says', async () => {
    for (const status of [401, 403, 500]) {
      await assert.rejects(read(refusing(status, 5)), { message: `status ${status}` });
    }
  });
});

test('a page of another shape is an error that names the field and the request', { timeout }, async () => {
  const get = async () => answer(200, { installations: [{ id: 'a' }, { id: 'a/b' }] });
  const list = readInstallationList(get, () => new Error());
  await assert.rejects(
    list.next(),
    /^Error: The response is not what ICR documents: `installations\[1\]\.id` is missing or not an id\. Check/,
  );
});
