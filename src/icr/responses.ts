/** Parses ICR's responses, and casts none. What protects nothing is taken in any form, or may be missing. */
import type { HttpResponse } from '../http/transport.ts';
import { isId, toId } from './id.ts';
import { type Fields, isObject, parseJson, ShapeError } from './json.ts';
import type { Permissions } from './permissions.ts';

/** Not `totalPages`, which is no count of installations. */
const TOTAL = /^total(?:_?(?:count|items|results))?$/i;

/** docs: Apps, "Installation". ICR's demo reads the organization, which that page does not list. */
export interface Installation {
  id: string;
  /** Undefined if the response doesn't name it. */
  organization: { id: string; name: string | undefined } | undefined;
}

interface InstallationPage {
  installations: Installation[];
  /** Of the whole list, if the response says. */
  total: number | undefined;
}

/** docs: Apps, "AccessToken" and "InstallationAccessToken". */
export interface AccessToken {
  token: string;
  /** ISO 8601, UTC; undefined if the response doesn't say so in ISO 8601. */
  expiresAt: string | undefined;
  isActive: boolean;
  /** Undefined if the response has none. */
  permissions: Permissions | undefined;
  /** What the response names, which may be no id. */
  installationId: string | undefined;
  organizationId: string | undefined;
}

/** What `parse` makes of the body. @throws Error that names the request and the field that is not as documented */
export function parseAs<T>({ text, request, status }: HttpResponse, parse: (text: string) => T): T {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    throw new Error(
      `The response is not what ICR documents: ${error.message}. Check \`api-url\`, \`api-version\`, and any proxy on the way. The answer to ${request} was ${status}.`,
      { cause: error },
    );
  }
}

/** The same, and undefined if the body is of another shape. */
export function tryAs<T>({ text }: HttpResponse, parse: (text: string) => T): T | undefined {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof ShapeError) return undefined;
    throw error;
  }
}

export function parseInstallation(text: string): Installation {
  return toInstallation(parseJson(text), 'its body', '');
}

/** The list is in `installations`, or is the body itself, or its only array. */
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

/** In `pagination`, as other lists of ICR have it, beside the list, or in what APIs call it elsewhere. */
function placesOfTotal(body: unknown): Fields[] {
  if (!isObject(body)) return [];
  const named = Object.entries(body).filter(([name]) => /^_?(?:pagination|paging|page|pageinfo|meta)$/i.test(name));
  return [...named.map(([, value]) => value), body].filter(isObject);
}

/** Only the token itself is demanded; the checks say what else must be there. */
export function parseAccessToken(text: string): AccessToken {
  const body = parseJson(text);
  if (!isObject(body)) throw new ShapeError('its body is not an object');
  const { token } = body;
  if (typeof token !== 'string' || token === '') throw new ShapeError('`token` is missing or not a string');
  return {
    token,
    expiresAt: toUtc(body['expiresAt']),
    isActive: body['isActive'] !== false,
    permissions: toPermissions(body['permissions']),
    installationId: asText(body['installationId']),
    organizationId: asText(body['organizationId']),
  };
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

function toInstallation(item: unknown, what: string, path: string): Installation {
  if (!isObject(item)) throw new ShapeError(`${what} is not an object`);
  const id = toId(item['id']);
  if (id === undefined) throw new ShapeError(`\`${path}id\` is missing or not an id`);
  return { id, organization: organizationOf(item) };
}

/** Whether and where an installation names its organization is not documented. */
function organizationOf({ organization, organizationId }: Fields): Installation['organization'] {
  const fields = isObject(organization) ? organization : {};
  const id = toId(fields['id']) ?? toId(organizationId) ?? (isId(organization) ? organization : undefined);
  const name = fields['fullName'] ?? fields['name'];
  return id === undefined ? undefined : { id, name: typeof name === 'string' ? name : undefined };
}

/** A count may be a string, as databases give it. */
function toCount(value: unknown): number | undefined {
  const count = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof count === 'number' && !Number.isNaN(count) ? count : undefined;
}

/** A level of null or false is not granted. What one that is no string becomes is no known level. */
function toPermissions(value: unknown): Permissions | undefined {
  if (!isObject(value)) return undefined;
  const granted = Object.entries(value).filter(([, level]) => level !== null && level !== false);
  return new Map(granted.map(([name, level]) => [name, asText(level) ?? '']));
}

/** Undefined if there is nothing. */
function asText(value: unknown): string | undefined {
  if (value == null) return undefined;
  return typeof value === 'object' ? '(not a string)' : String(value);
}

function toUtc(value: unknown): string | undefined {
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)$/.test(value)) return undefined;
  const time = Date.parse(value);
  if (Number.isNaN(time)) return undefined;
  return value.endsWith('Z') ? value : new Date(time).toISOString();
}
