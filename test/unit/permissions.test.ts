/** Parsing and comparing permissions, with literals. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  describePermissions,
  excessPermissions,
  likelySpelling,
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
  const text = ' a: read,b:WRITE \r\n\n c :request,\n';
  assert.deepEqual(
    [...parsePermissions('x', text)],
    [
      ['a', 'read'],
      ['b', 'WRITE'],
      ['c', 'request'],
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
});

test('a misspelled name is one letter from one that was granted or that ICR documents', () => {
  const granted = new Map([['custom_thing', 'VIEW']]);
  const cases: [name: string, spelling: string | undefined][] = [
    ['organisation_info', 'organization_info'],
    ['organization_inf', 'organization_info'],
    ['organization_infoo', 'organization_info'],
    ['organization_ifno', 'organization_info'],
    ['Organization_Info', 'organization_info'],
    ['organization_project', 'organization_projects'],
    ['custom_thin', 'custom_thing'],
    ['custom_thing', undefined],
    ['organization_members', undefined],
    ['organization_in', undefined],
    ['projects', undefined],
    ['x', undefined],
  ];
  for (const [name, spelling] of cases) assert.equal(likelySpelling(name, granted), spelling, name);
});
