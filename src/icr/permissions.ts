/** Permissions: how inputs name them, and which levels are more than others. */
import { quote } from '../runner/quote.ts';

/** Level by name, as it was written. A Map, since names come from outside. */
export type Permissions = ReadonlyMap<string, string>;

/** What an organization can grant (docs: Permissions). */
export const DOCUMENTED_NAMES = [
  'organization_info',
  'organization_members',
  'organization_projects',
  'organization_warehouse',
  'organization_inventory',
];

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
        `\`${input}\` has an entry that is not \`name: level\`. Write one a line, such as \`organization_info: read\`.`,
      );
    }
    if (!RANKS.has(level.toLowerCase())) {
      throw new Error(
        `\`${input}\` has an unknown level, \`${quote(level, 40)}\`. Use read, request or write for \`${quote(name, 60)}\`.`,
      );
    }
    if (permissions.has(name)) throw new Error(`\`${input}\` names \`${quote(name, 60)}\` twice. Remove one of them.`);
    permissions.set(name, level);
  }
  return permissions;
}

/** Those of `required` that `granted` does not reach; an unknown granted level reaches none. */
export function missingPermissions(granted: Permissions, required: Permissions): Permissions {
  return filter(required, (name, level) => rank(granted.get(name), 0) < rank(level, Infinity));
}

/** Those of `granted` that go beyond `allowed`; an unknown granted level goes beyond any. */
export function excessPermissions(granted: Permissions, allowed: Permissions): Permissions {
  return filter(granted, (name, level) => rank(level, Infinity) > rank(allowed.get(name), 0));
}

/** A name that was neither granted nor is documented is likely misspelled. */
export function isUnknownName(name: string, granted: Permissions): boolean {
  return !granted.has(name) && !DOCUMENTED_NAMES.includes(name);
}

/** `name: level, name: level`, with the levels as the inputs spell them, or `none`. */
export function describePermissions(permissions: Permissions): string {
  return [...permissions].map(([name, level]) => `${name}: ${describeLevel(level)}`).join(', ') || 'none';
}

export function describeLevel(level: string): string {
  const known = level.toLowerCase();
  if (known === 'view') return 'read';
  return RANKS.has(known) ? known : level;
}

function rank(level: string | undefined, unknown: number): number {
  return RANKS.get(level?.toLowerCase() ?? '') ?? unknown;
}

function filter(permissions: Permissions, keep: (name: string, level: string) => boolean): Permissions {
  return new Map([...permissions].filter(([name, level]) => keep(name, level)));
}
