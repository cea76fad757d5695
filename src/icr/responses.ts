/** The shapes of ICR's responses: parsed, never cast; only the fields that are used are required. */
import { quote } from '../runner/quote.ts';
import { isId } from './id.ts';
import { type Fields, isObject, parseJson, ShapeError } from './json.ts';
import type { Permissions } from './permissions.ts';

/** docs: Apps, "Installation". ICR's demo reads the organization, which that page does not list. */
export interface Installation {
  id: string;
  organization: { id: string; name: string | undefined } | undefined;
}

export interface InstallationPage {
  installations: Installation[];
  /** Of the whole list, if the response says. */
  total: number | undefined;
}

/** What a minted token is good for (docs: Apps, "InstallationAccessToken"). */
export interface TokenDetails {
  isActive: boolean;
  /** ISO 8601, UTC. */
  expiresAt: string;
  permissions: Permissions;
  /** Both absent from an app access token. */
  installationId: string | undefined;
  organizationId: string | undefined;
}

export function parseInstallation(text: string): Installation {
  return toInstallation(toObject(parseJson(text), 'its body is'), '');
}

export function parseInstallationPage(text: string): InstallationPage {
  const body = toObject(parseJson(text), 'its body is');
  const list = body['installations'];
  if (!Array.isArray(list)) throw misshapen('installations', 'a list');
  const installations = list.map((item, index) => {
    const field = `installations[${index}]`;
    return toInstallation(toObject(item, `\`${field}\` is`), `${field}.`);
  });
  const pagination = body['pagination'];
  const total = isObject(pagination) ? pagination['total'] : undefined;
  return { installations, total: typeof total === 'number' ? total : undefined };
}

/** The token alone, so that it can be masked before the rest of the response is looked at. */
export function parseToken(text: string): string {
  const token = toObject(parseJson(text), 'its body is')['token'];
  if (typeof token !== 'string' || token === '') throw misshapen('token', 'a text');
  return token;
}

/** When the token expires, if the response says so in ISO 8601. */
export function parseExpiry(text: string): string | undefined {
  return toUtc(toObject(parseJson(text), 'its body is')['expiresAt']);
}

/** @param isForInstallation false for an app access token, which names no installation and no organization */
export function parseTokenDetails(text: string, isForInstallation: boolean): TokenDetails {
  const body = toObject(parseJson(text), 'its body is');
  const expiresAt = toUtc(body['expiresAt']);
  if (expiresAt === undefined) throw misshapen('expiresAt', 'an ISO 8601 time');
  const isActive = body['isActive'];
  if (typeof isActive !== 'boolean') throw misshapen('isActive', 'true or false');
  return {
    isActive,
    expiresAt,
    permissions: toPermissions(body['permissions']),
    installationId: isForInstallation ? toId(body['installationId'], 'installationId') : undefined,
    organizationId: isForInstallation ? toId(body['organizationId'], 'organizationId') : undefined,
  };
}

function toInstallation(item: Fields, path: string): Installation {
  const { organization } = item;
  return {
    id: toId(item['id'], `${path}id`),
    organization: toOrganization(organization, `${path}organization`),
  };
}

/** Whether the API names the organization is not documented. One without an id counts as not named. */
function toOrganization(value: unknown, path: string): Installation['organization'] {
  if (value == null) return undefined;
  const organization = toObject(value, `\`${path}\` is`);
  const name = organization['fullName'] ?? organization['name'];
  if (organization['id'] == null) return undefined;
  return { id: toId(organization['id'], `${path}.id`), name: typeof name === 'string' ? name : undefined };
}

function toPermissions(value: unknown): Permissions {
  return new Map(
    Object.entries(toObject(value, '`permissions` is missing or')).map(([name, level]) => {
      if (typeof level !== 'string') throw misshapen(`permissions.${quote(name, 60)}`, 'a text');
      return [name, level];
    }),
  );
}

function toId(value: unknown, field: string): string {
  if (!isId(value)) throw misshapen(field, 'an id');
  return value;
}

function toUtc(value: unknown): string | undefined {
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)$/.test(value)) return undefined;
  const time = Date.parse(value);
  if (Number.isNaN(time)) return undefined;
  return value.endsWith('Z') ? value : new Date(time).toISOString();
}

function toObject(value: unknown, what: string): Fields {
  if (!isObject(value)) throw new ShapeError(`${what} not an object`);
  return value;
}

function misshapen(field: string, wanted: string): ShapeError {
  return new ShapeError(`\`${field}\` is missing or not ${wanted}`);
}
