/** Parsing ICR's responses: what protects is demanded, and the rest is taken in any form. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseInstallation } from '../../src/icr/installation.ts';
import { parseInstallationPage } from '../../src/icr/installation-list.ts';
import { ShapeError } from '../../src/icr/json.ts';
import { parseAccessToken } from '../../src/icr/minted-token.ts';

describe('an installation', () => {
  const organization = (id: string, name?: string) => ({ id, name });
  const cases: [what: string, body: unknown, organization: { id: string; name: string | undefined } | undefined][] = [
    ['with an organization', { id: 'a', organization: { id: 'o', fullName: 'O' } }, organization('o', 'O')],
    ['with an organization’s `name`', { id: 'a', organization: { id: 'o', name: 'O' } }, organization('o', 'O')],
    ['with a name that is no string', { id: 'a', organization: { id: 'o', fullName: 7 } }, organization('o')],
    ['with `organizationId`', { id: 'a', organizationId: 'o' }, organization('o')],
    ['with the organization as a string', { id: 'a', organization: 'o' }, organization('o')],
    ['with a whole number', { id: 'a', organization: { id: 7 } }, organization('7')],
    ['with `organizationId` as a whole number', { id: 'a', organizationId: 7 }, organization('7')],
    ['with an object without an id', { id: 'a', organization: { fullName: 'O' } }, undefined],
    [
      'with an object without an id beside `organizationId`',
      { id: 'a', organization: {}, organizationId: 'o' },
      organization('o'),
    ],
    ['with an id that is a path', { id: 'a', organization: { id: '../x' } }, undefined],
    ['with a fraction', { id: 'a', organization: { id: 0.5 } }, undefined],
    ['with a string that is no id', { id: 'a', organization: 'Nordic Carbon' }, undefined],
    ['with nothing of the kind', { id: 'a' }, undefined],
  ];
  for (const [what, body, expected] of cases) {
    test(`${what} is of ${expected === undefined ? 'none that is known' : expected.id}`, () => {
      assert.deepEqual(parseInstallation(JSON.stringify(body)), { id: 'a', organization: expected });
    });
  }

  test('can have a whole number as its id', () => {
    assert.equal(parseInstallation('{"id":67890}').id, '67890');
  });

  const wrong: [body: string, says: string][] = [
    ['', 'its body is empty'],
    [' \n', 'its body is empty'],
    ['<html>', 'its body is not JSON'],
    ['\x1f\ufffd', 'its body is compressed, which was not asked for'],
    ['null', 'its body is not an object'],
    ['[]', 'its body is not an object'],
    ['{}', '`id` is missing or not an id'],
    ['{"id":"a/b"}', '`id` is missing or not an id'],
    ['{"id":".."}', '`id` is missing or not an id'],
    ['{"id":9007199254740992}', '`id` is missing or not an id'],
    [`{"id":"${'x'.repeat(129)}"}`, '`id` is missing or not an id'],
  ];
  for (const [body, message] of wrong) {
    test(`that is ${JSON.stringify(body).slice(0, 40)} is an error`, () => {
      assert.throws(
        () => parseInstallation(body),
        (error) => error instanceof ShapeError && error.message === message,
      );
    });
  }
});

describe('a page of installations', () => {
  const list = [{ id: 'a' }, { id: 'b' }];
  const shapes: [what: string, body: unknown, total?: number][] = [
    ['under `installations`', { installations: list }],
    ['under `installations` beside other lists', { warnings: [], installations: list, links: [] }],
    ['that is the body itself', list],
    ['under another name', { data: list }],
    ['under another name beside empty lists', { data: list, errors: [], links: [] }],
    ['under another name with its total beside it', { items: list, total: 7 }, 7],
    ['with `pagination`', { installations: list, pagination: { total: 7 } }, 7],
    ['with a total that is a string', { installations: list, pagination: { total: '7' } }, 7],
    ['with a total under another name', { installations: list, pagination: { totalCount: 7 } }, 7],
    ['with a total of something else', { installations: list, quota: { total: 500 } }],
    ['with a total of pages, which is none', { installations: list, pagination: { totalPages: 7 } }],
    ['with a total that is no number', { installations: list, pagination: { total: 'many' } }],
    ['with a pagination that is no object', { installations: list, pagination: null, total: 7 }, 7],
    ['with a total beside a pagination that has none', { installations: list, pagination: {}, total: 7 }, 7],
    ['with a total under another name', { installations: list, links: {}, meta: { total: 7 } }, 7],
    ['with a total under another name beside a wrong one', { data: list, total: 'many', meta: { total: 7 } }, 7],
    ['with the total of its pagination first', { installations: list, total: 9, pagination: { total: 7 } }, 7],
  ];
  for (const [what, body, total] of shapes) {
    test(`${what} is read`, () => {
      const page = parseInstallationPage(JSON.stringify(body));
      assert.deepEqual([page.installations.map(({ id }) => id), page.total], [['a', 'b'], total]);
    });
  }

  const NO_LIST = '`installations` is missing or not a list';
  const wrong: [what: string, body: unknown, says: string][] = [
    ['with no list', { installations: {} }, NO_LIST],
    ['with two lists under other names', { data: list, items: list }, NO_LIST],
    ['that is null', null, NO_LIST],
    ['that is a string', 'a', NO_LIST],
    ['with an item that is no object', { installations: [{ id: 'a' }, null] }, '`installations[1]` is not an object'],
    ['with an item without an id', { data: [{ id: 'a' }, {}] }, '`installations[1].id` is missing or not an id'],
  ];
  for (const [what, body, message] of wrong) {
    test(`${what} is an error`, () => {
      assert.throws(
        () => parseInstallationPage(JSON.stringify(body)),
        (error) => error instanceof ShapeError && error.message === message,
      );
    });
  }
});

describe('an access token', () => {
  const token = 'crs_0123456789abcdef';
  const NOTHING = {
    token,
    expiresAt: undefined,
    isActive: true,
    permissions: undefined,
    installationId: undefined,
    organizationId: undefined,
  };
  const parse = (others: object) => parseAccessToken(JSON.stringify({ token, ...others }));

  test('is read as documented', () => {
    const { permissions, ...read } = parse({
      expiresAt: '2026-01-31T12:00:00.000Z',
      isActive: true,
      permissions: { organization_info: 'VIEW' },
      installationId: 'i',
      organizationId: 'o',
    });
    const expiresAt = '2026-01-31T12:00:00.000Z';
    assert.deepEqual(read, { token, expiresAt, isActive: true, installationId: 'i', organizationId: 'o' });
    assert.deepEqual([...(permissions ?? [])], [['organization_info', 'VIEW']]);
  });

  test('alone is enough', () => assert.deepEqual(parse({}), NOTHING));

  const expiries: [sent: unknown, read: string | undefined][] = [
    ['2026-01-31T12:00:00Z', '2026-01-31T12:00:00Z'],
    ['2031-01-02T03:04:05+02:00', '2031-01-02T01:04:05.000Z'],
    ['2026-01-31', undefined],
    ['2026-01-31T12:00:00', undefined],
    ['2026-13-31T12:00:00Z', undefined],
    ['soon', undefined],
    [1_769_860_800, undefined],
    [null, undefined],
  ];
  for (const [expiresAt, read] of expiries) {
    test(`whose expiresAt is ${JSON.stringify(expiresAt)} expires at ${read ?? 'a time that is not known'}`, () => {
      assert.deepEqual(parse({ expiresAt }), { ...NOTHING, expiresAt: read });
    });
  }

  test('is inactive only if `isActive` is false', () => {
    for (const isActive of [null, 'false', 0, true]) assert.equal(parse({ isActive }).isActive, true);
    assert.equal(parse({ isActive: false }).isActive, false);
  });

  test('has the levels that are granted: not null, not false, and what is no string is no known level', () => {
    const permissions = { a: 'VIEW', b: null, c: false, d: true, e: 7, f: { g: 'VIEW' }, h: '' };
    assert.deepEqual(
      [...(parse({ permissions }).permissions ?? [])],
      [
        ['a', 'VIEW'],
        ['d', '(not a string)'],
        ['e', '7'],
        ['f', '(not a string)'],
        ['h', ''],
      ],
    );
  });

  test('has no permissions that are known if they are no object', () => {
    for (const permissions of [null, ['organization_info'], 'VIEW', 7]) {
      assert.equal(parse({ permissions }).permissions, undefined);
    }
  });

  test('names its installation and organization as they come, for the checks to compare', () => {
    const ids = (installationId: unknown, organizationId: unknown) => {
      const read = parse({ installationId, organizationId });
      return [read.installationId, read.organizationId];
    };
    assert.deepEqual(ids(7, '../x'), ['7', '../x']);
    assert.deepEqual(ids({ id: 'i' }, null), ['(not a string)', undefined]);
  });

  test('names no organization by a number that JSON.parse would take for its neighbour', () => {
    const read = parseAccessToken(`{"token":"${token}","organizationId":9007199254740993}`);
    assert.equal(read.organizationId, '(not a string)');
  });

  for (const [body, message] of [
    ['null', 'its body is not an object'],
    ['[]', 'its body is not an object'],
    ['{}', '`token` is missing or not a string'],
    ['{"token":""}', '`token` is missing or not a string'],
    ['{"token":7}', '`token` is missing or not a string'],
  ] as const) {
    test(`is not in ${body}`, () => {
      assert.throws(
        () => parseAccessToken(body),
        (error) => error instanceof ShapeError && error.message === message,
      );
    });
  }
});
