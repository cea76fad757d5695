/** Lists of permissions, and what a token lacks or has too much of. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  describeLevel,
  describePermissions,
  excessPermissions,
  missingPermissions,
  type Permissions,
  parsePermissions,
} from '../../../src/icr/permissions.ts';
import { captured, longText, outsideText, property } from '../../support/properties.ts';

const LEVELS: Record<string, number> = { read: 1, view: 1, request: 2, write: 3 };
const level = fc
  .tuple(fc.constantFrom(...Object.keys(LEVELS)), fc.array(fc.boolean(), { minLength: 7, maxLength: 7 }))
  .map(([name, upper]) => [...name].map((letter, at) => (upper[at] === true ? letter.toUpperCase() : letter)).join(''));
const permissionName = fc.stringMatching(/^[a-zA-Z_][\w.-]{0,20}$/);
const permissions = fc
  .array(fc.tuple(permissionName, level), { maxLength: 8 })
  .map((entries): Permissions => new Map(entries));
const gap = fc.constantFrom('', ' ', '\t', '  ');

property(
  'a list of permissions is read as what it says, however it is spaced and separated',
  2000,
  fc.tuple(permissions, fc.infiniteStream(gap), fc.infiniteStream(fc.constantFrom(',', '\n', '\r\n', ',\n', '\n\n'))),
  ([map, gaps, separators]) => {
    const next = <T>(stream: Iterator<T>) => stream.next().value;
    const text = [...map]
      .map(([name, it]) => `${next(gaps)}${name}${next(gaps)}:${next(gaps)}${it}${next(gaps)}${next(separators)}`)
      .join('');
    assert.deepEqual(parsePermissions('required-permissions', text), map);
    const described = new Map([...map].map(([name, level]) => [name, describeLevel(level)]));
    if (map.size > 0) assert.deepEqual(parsePermissions('x', describePermissions(map)), described);
  },
);

property('any other list is an error that names the input', 3000, fc.oneof(outsideText, longText), (text) => {
  const { error, value, printed } = captured(() => parsePermissions('allowed-permissions', text));
  assert.equal(printed, '');
  if (value === undefined) assert.ok(error instanceof Error && error.message.includes('`allowed-permissions`'));
  else for (const it of value.values()) assert.ok(it.toLowerCase() in LEVELS);
});

property(
  'a grant is short of what it does not reach, and beyond what it exceeds',
  3000,
  fc.tuple(
    fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', '__proto__'), fc.oneof(level, fc.constantFrom('ADMIN', '')))),
    fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', '__proto__'), level)),
  ),
  ([grantedEntries, otherEntries]) => {
    const granted = new Map(grantedEntries);
    const other = new Map(otherEntries);
    const rank = (it: string | undefined) => (it === undefined ? 0 : LEVELS[it.toLowerCase()]);
    // An unknown level in an answer is more than any allowed and less than any required level.
    const lacking = [...other].filter(([name, it]) => (rank(granted.get(name)) ?? 0) < (rank(it) ?? 0));
    const beyond = [...granted].filter(([name, it]) => (rank(it) ?? 9) > (rank(other.get(name)) ?? 0));
    assert.deepEqual([...missingPermissions(granted, other)], lacking);
    assert.deepEqual([...excessPermissions(granted, other)], beyond);
  },
);
