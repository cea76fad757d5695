/** Owns permissions: how inputs name them, and which levels are more than others. */

import { sanitize } from '../runner/sanitize.ts';

/** Level by name, as it was written. A Map, since names come from outside. */
export type Permissions = ReadonlyMap<string, string>;

/**
 * Three spellings in ICR's documentation: the dashboard's Read, the API's VIEW, the endpoint pages' read
 * (docs: Permissions; Apps; v0.5). That REQUEST lies between them and WRITE follows from "read and request".
 */
const RANKS = new Map([
  ['read', 1],
  ['view', 1],
  ['request', 2],
  ['write', 3],
]);

/**
 * Parses `name: level`, one a line or separated by commas.
 *
 * @throws Error for an entry of another form, an unknown level, or a name given twice
 */
export function parsePermissions(input: string, text: string): Permissions {
  const permissions = new Map<string, string>();
  for (const entry of text.split(/[\n\r,]/).map((part) => part.trim())) {
    if (entry === '') continue;
    const [, name, level] = /^([^\s:]+)\s*:\s*(\S+)$/.exec(entry) ?? [];
    if (name === undefined || level === undefined) {
      throw new Error(
        `\`${input}\` holds an entry that is not \`name: level\`. Write one a line, such as \`organization_info: read\`.`,
      );
    }
    if (!RANKS.has(level.toLowerCase())) {
      throw new Error(
        `\`${input}\` gives \`${sanitize(name, 60)}\` the level \`${sanitize(level, 12)}\`, which is not known. Use read, request or write.`,
      );
    }
    if (permissions.has(name))
      throw new Error(`\`${input}\` names \`${sanitize(name, 60)}\` twice. Keep one of the two.`);
    permissions.set(name, level);
  }
  return permissions;
}

/** Those of `required` that `granted` does not reach; an unknown granted level reaches none. */
export function missingPermissions(granted: Permissions, required: Permissions): Permissions {
  return where(required, (name, level) => rank(granted.get(name), 0) < rank(level, Infinity));
}

/** Those of `granted` that go beyond `allowed`; an unknown granted level goes beyond any. */
export function excessPermissions(granted: Permissions, allowed: Permissions): Permissions {
  return where(granted, (name, level) => rank(level, Infinity) > rank(allowed.get(name), 0));
}

/** `name: LEVEL, name: LEVEL`, or `none`. */
export function describePermissions(permissions: Permissions): string {
  return [...permissions].map(([name, level]) => `${name}: ${level}`).join(', ') || 'none';
}

function rank(level: string | undefined, unknown: number): number {
  return RANKS.get(level?.toLowerCase() ?? '') ?? unknown;
}

function where(permissions: Permissions, keep: (name: string, level: string) => boolean): Permissions {
  return new Map([...permissions].filter(([name, level]) => keep(name, level)));
}
