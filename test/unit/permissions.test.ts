/** Parsing and comparing permissions, with literals. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  DOCUMENTED_NAMES,
  describeLevel,
  describePermissions,
  excessPermissions,
  isUnknownName,
  missingPermissions,
  parsePermissions,
} from '../../src/icr/permissions.ts';

const LEVELS = ['read', 'VIEW', 'Request', 'write'];

test('levels are read = view < request < write, in any case', () => {
  const ranks = [1, 1, 2, 3];
  for (const [i, granted] of LEVELS.entries()) {
    for (const [j, wanted] of LEVELS.entries()) {
      const [has, wants] = [new Map([['x', granted]]), new Map([['x', wanted]])];
      assert.equal(
        missingPermissions(has, wants).size === 0,
        (ranks[i] ?? 0) >= (ranks[j] ?? 0),
        `${granted} for ${wanted}`,
      );
      assert.equal(
        excessPermissions(has, wants).size === 0,
        (ranks[i] ?? 0) <= (ranks[j] ?? 0),
        `${granted} in ${wanted}`,
      );
    }
  }
});

test('an unknown level in an answer is less than any required and more than any allowed', () => {
  for (const level of ['OWNER', '', 'read_write', 'constructor']) {
    const granted = new Map([['x', level]]);
    assert.deepEqual([...missingPermissions(granted, new Map([['x', 'read']]))], [['x', 'read']]);
    assert.deepEqual([...excessPermissions(granted, new Map([['x', 'write']]))], [['x', level]]);
  }
});

test('entries are one a line or separated by commas', () => {
  const text = ' a: read,b:WRITE \r\n\n c :request,\rd: read\n';
  assert.deepEqual(
    [...parsePermissions('x', text)],
    [
      ['a', 'read'],
      ['b', 'WRITE'],
      ['c', 'request'],
      ['d', 'read'],
    ],
  );
  assert.deepEqual([...parsePermissions('x', '')], []);
});

test('permissions are described as the inputs spell them, unknown levels as they are', () => {
  assert.equal(
    describePermissions(
      new Map([
        ['a', 'VIEW'],
        ['b', 'odd'],
      ]),
    ),
    'a: read, b: odd',
  );
  assert.equal(describePermissions(new Map()), 'none');
  assert.deepEqual(['View', 'READ', 'Request', 'WRITE', 'Owner', 'constructor'].map(describeLevel), [
    'read',
    'read',
    'request',
    'write',
    'Owner',
    'constructor',
  ]);
});

test('a name that was neither granted nor is documented is likely misspelled', () => {
  const granted = new Map([['custom_thing', 'VIEW']]);
  for (const name of ['organisation_info', 'Organization_info', 'custom_thin', '__proto__', '']) {
    assert.equal(isUnknownName(name, granted), true, name);
  }
  for (const name of ['custom_thing', ...DOCUMENTED_NAMES]) assert.equal(isUnknownName(name, granted), false, name);
});

const wrong: [text: string, says: RegExp][] = [
  ['organization_info', /has an entry that is not `name: level`\. Write one a line/],
  [': read', /has an entry that is not `name: level`/],
  ['a:', /has an entry that is not `name: level`/],
  ['a b: read', /has an entry that is not `name: level`/],
  ['a: read write', /has an entry that is not `name: level`/],
  ['a: owner', /has an unknown level, `owner`\. Use read, request or write for `a`\.$/],
  ['a: read_write', /has an unknown level, `read_write`/],
  ['a: constructor', /has an unknown level, `constructor`/],
  ['a: read, b: read\na: write', /names `a` twice\. Remove one of them\.$/],
];
for (const [text, says] of wrong) {
  test(`the list ${JSON.stringify(text)} is an error that names the input`, () => {
    assert.throws(
      () => parsePermissions('allowed-permissions', text),
      ({ message }) => says.test(message) && message.startsWith('`allowed-permissions` '),
    );
  });
}
