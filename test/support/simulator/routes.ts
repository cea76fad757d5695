/** Answers the endpoints under /app, and the few resource endpoints that show what a token can do. */
import { callingApp, callingToken, type ServerState, tokenJson } from './credentials.ts';
import { type App, type Installation, installationJson, type Organization, organizationJson } from './registry.ts';
import {
  ApiError,
  isJsonObject,
  type Json,
  type JsonObject,
  jsonReply,
  parseJson,
  type Reply,
  textReply,
} from './replies.ts';
import type { RouteName, Settings } from './settings.ts';

export interface Call {
  /** The number of the request, see `RequestRecord`. */
  readonly number: number;
  readonly bearer: string | undefined;
  readonly body: string;
  readonly query: URLSearchParams;
  /** The value of the path's variable segment. '' if the route has none. */
  readonly id: string;
}

export interface Route {
  /** For `settings.answers`. */
  readonly name?: RouteName;
  readonly method: string;
  /** At most one segment is variable, written `:id`. */
  readonly path: string;
  readonly handle: (call: Call) => Reply;
}

export interface FoundRoute {
  readonly name: RouteName | undefined;
  /** @throws ApiError if the request is refused */
  answer(call: Pick<Call, 'number' | 'bearer' | 'body'>): Reply;
}

/** Undefined if there is no such route. */
export function findRoute(routes: readonly Route[], method: string, target: string): FoundRoute | undefined {
  const { path, query } = splitTarget(target);
  for (const { name, handle, ...route } of routes) {
    const segment = route.method === method ? match(route.path.split('/'), path.split('/')) : undefined;
    if (segment !== undefined) return { name, answer: (call) => handle({ ...call, id: decoded(segment), query }) };
  }
  return undefined;
}

function splitTarget(target: string): { path: string; query: URLSearchParams } {
  const [path = ''] = target.split('?', 1);
  return { path, query: new URLSearchParams(target.slice(path.length + 1)) };
}

function match(pattern: readonly string[], path: readonly string[]): string | undefined {
  if (pattern.length !== path.length) return undefined;
  let id = '';
  for (const [index, wanted] of pattern.entries()) {
    const given = path[index] ?? '';
    if (wanted === ':id' ? given === '' : wanted !== given) return undefined;
    if (wanted === ':id') id = given;
  }
  return id;
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new ApiError(400, `Failed to decode param '${segment}'`);
  }
}

/** docs: Apps (v0.5). */
export function appRoutes(server: ServerState): readonly Route[] {
  return [
    {
      name: 'appToken',
      method: 'POST',
      path: '/app/accessTokens',
      handle: (call) => mint(server, call, callingApp(server, call.bearer)),
    },
    {
      name: 'mint',
      method: 'POST',
      path: '/app/installations/:id/accessTokens',
      handle: (call) => mintOf(server, call),
    },
    {
      name: 'revoke',
      method: 'DELETE',
      path: '/app/installations/token',
      handle: (call) => revoke(server, call),
    },
    { name: 'list', method: 'GET', path: '/app/installations', handle: (call) => list(server, call) },
    {
      name: 'installation',
      method: 'GET',
      path: '/app/installations/:id',
      handle: (call) => {
        const app = callingApp(server, call.bearer);
        return single(
          server,
          found(server, app, ({ id }) => id === call.id),
        );
      },
    },
    {
      name: 'organization',
      method: 'GET',
      path: '/app/organizations/:id/installation',
      handle: (call) => byOrganization(server, call),
    },
  ];
}

/** No page says how ICR answers for a suspended installation. GitHub, the model of its API, answers 403. */
function mintOf(server: ServerState, call: Call): Reply {
  const app = callingApp(server, call.bearer);
  const it = found(server, app, ({ id }) => id === call.id);
  if (it.state === 'suspended') throw new ApiError(403, 'Installation is suspended');
  return mint(server, call, app, it);
}

function mint(server: ServerState, call: Call, app: App, of?: Installation): Reply {
  const { settings } = server;
  const token = server.tokens.mint(app, of, settings, call.number);
  const answer: Record<string, Json> = { ...tokenJson(token, settings) };
  for (const [name, value] of Object.entries(settings.mintPatch)) {
    if (value === undefined) delete answer[name];
    else answer[name] = value;
  }
  return jsonReply(settings.mintStatus, answer);
}

/** The bearer is the token to revoke. docs: Endpoints available for ICR apps. */
function revoke({ settings, tokens }: ServerState, { bearer }: Call): Reply {
  if (bearer === undefined) throw new ApiError(401, 'Unauthorized');
  const token = tokens.use(bearer, settings.replicaLag);
  if (token?.state !== 'live') throw new ApiError(settings.revokeRefusalStatus, 'Access token invalid');
  if (token.installation === undefined && !settings.revokeTakesAppTokens) {
    throw new ApiError(403, 'Not an installation access token');
  }
  if (settings.revokeWorks) tokens.revoke(token.token);
  return textReply(200, settings.revokeBody);
}

function single({ settings }: ServerState, it: Installation): Reply {
  return jsonReply(200, installationJson(it, 'single', settings));
}

/** Another app's installation is answered as one that does not exist. */
function found({ registry }: ServerState, app: App, isWanted: (it: Installation) => boolean): Installation {
  const it = registry.installationsOf(app).find(isWanted);
  if (it === undefined) throw new ApiError(404, 'Installation not found');
  return it;
}

function byOrganization(server: ServerState, call: Call): Reply {
  const { settings } = server;
  const what = settings.organizationInstallationRoute;
  if (what === false) throw new ApiError(404, `Cannot GET /app/organizations/${call.id}/installation`);
  const app = callingApp(server, call.bearer);
  const isOfIt = ({ organization }: Installation) => organization.id === call.id;
  if (what === 'another')
    return single(
      server,
      found(server, app, (it) => !isOfIt(it)),
    );
  const it = found(server, app, isOfIt);
  return what === 'organization' ? jsonReply(200, organizationJson(it.organization, settings)) : single(server, it);
}

function list(server: ServerState, call: Call): Reply {
  const { settings, registry } = server;
  const app = callingApp(server, call.bearer);
  const { listQuery, listUnder, endlessListPageBytes, pageBeyond, paginationUnder } = settings;
  if (typeof listQuery === 'number' && call.query.size > 0) {
    throw new ApiError(
      listQuery,
      [...call.query.keys()].map((name) => `property ${name} should not exist`),
    );
  }
  const asked = readPaging(listQuery === 'ignored' ? new URLSearchParams() : call.query, settings);
  if (endlessListPageBytes !== undefined) return jsonReply(200, endlessPage(server, app, endlessListPageBytes));
  const all = registry.installationsOf(app).filter((it) => it.state === 'active' || settings.listSuspended);
  const last = Math.max(Math.ceil(all.length / asked.limit) - 1, 0);
  const isBeyond = asked.page > last && !settings.listIgnoresPage;
  if (isBeyond && typeof pageBeyond === 'number') throw new ApiError(pageBeyond, 'Page not found');
  const page = settings.listIgnoresPage ? 0 : isBeyond && pageBeyond === 'last page' ? last : asked.page;
  const paging = { ...asked, page };
  const installations = cut(all, paging, settings.listOverlap).map((it) => installationJson(it, 'list', settings));
  if (listUnder === '') return jsonReply(200, installations);
  const { listTotal = all.length } = settings;
  const total = listTotal === 'page' ? installations.length : listTotal;
  const pagination = settings.listPagination ? paginationJson(total, paging, settings) : undefined;
  const body = paginationUnder === '' ? pagination : pagination && { [paginationUnder]: pagination };
  return jsonReply(200, { ...body, [listUnder]: installations });
}

/** Of installations that exist nowhere else. */
function endlessPage({ registry, clock, settings }: ServerState, app: App, bytes: number): JsonObject {
  const one = () => installationJson(registry.makeInstallation(app, { appId: app.id }, clock.iso()), 'list', settings);
  const count = Math.ceil(bytes / JSON.stringify(one()).length);
  const total = Number.MAX_SAFE_INTEGER;
  return { pagination: { total }, installations: Array.from({ length: count }, one) };
}

interface Paging {
  readonly limit: number;
  /** From 0, however the server counts. Below 0 it is empty. */
  readonly page: number;
}

/** docs: Apps (v0.5) marks both as required. ICR's demo sends neither, so the server has defaults. */
function readPaging(query: URLSearchParams, settings: Settings): Paging {
  const { pageZero, maxPageSize = Number.POSITIVE_INFINITY, overMaxPageSize, defaultPageSize } = settings;
  const complaints: string[] = [];
  const first = pageZero === 'first' ? 0 : 1;
  const limit = readNumber('limit', query, Math.min(defaultPageSize, maxPageSize), 1, complaints);
  const page = readNumber('page', query, first, pageZero === 'refused' ? 1 : 0, complaints);
  if (limit > maxPageSize && overMaxPageSize === 'refuse') {
    complaints.push(`limit must not be greater than ${maxPageSize}`);
  }
  if (complaints.length > 0) throw new ApiError(400, complaints);
  const isLikePage1 = page === 0 && pageZero === 'like page 1';
  return { limit: Math.min(limit, maxPageSize), page: isLikePage1 ? 0 : page - first };
}

function readNumber(
  name: string,
  query: URLSearchParams,
  missing: number,
  least: number,
  complaints: string[],
): number {
  const texts = query.getAll(name);
  if (texts.length === 0) return missing;
  const value = texts.length === 1 && texts[0]?.trim() !== '' ? Number(texts[0]) : Number.NaN;
  if (!Number.isFinite(value)) complaints.push(`${name} must be a number conforming to the specified constraints`);
  else if (!Number.isInteger(value)) complaints.push(`${name} must be an integer number`);
  else if (value < least) complaints.push(`${name} must not be less than ${least}`);
  return value;
}

/** @param overlap so many items at the end of a page are on the next page as well */
function cut<Item>(items: readonly Item[], { limit, page }: Paging, overlap = 0): readonly Item[] {
  if (page < 0) return [];
  const first = page * Math.max(limit - overlap, 1);
  return items.slice(first, first + limit);
}

/** docs: Projects (v0.5) has these five numbers. The next and previous page never pass an end of the list. */
function paginationJson(total: number, { limit, page }: Paging, { paginationBase: base }: Settings): JsonObject {
  const pageCount = Math.ceil(total / limit);
  const currentPage = page + base;
  return {
    total,
    currentPage,
    pageCount,
    nextPage: Math.min(currentPage + 1, Math.max(pageCount - 1, 0) + base),
    prevPage: Math.max(currentPage - 1, 0),
  };
}

/** docs: endpoints, v0.5. */
export function resourceRoutes(server: ServerState): readonly Route[] {
  const { settings } = server;
  return [
    { method: 'GET', path: '/projects', handle: (call) => projects(server, call) },
    {
      method: 'GET',
      path: '/organizations/:id',
      handle: (call) => jsonReply(200, organizationJson(opened(server, call, 'organization_info'), settings)),
    },
    {
      method: 'GET',
      path: '/organizations/:id/inventory',
      handle: (call) => jsonReply(200, inventoryJson(opened(server, call, 'organization_inventory'))),
    },
    {
      method: 'POST',
      path: '/organizations/:id/inventory/requests/retire',
      handle: (call) => {
        opened(server, call, 'organization_inventory', /^(request|write)$/i);
        return jsonReply(201, retirementJson(call.body));
      },
    },
    {
      method: 'GET',
      path: '/organizations/:id/warehouse/inventory',
      handle: (call) => jsonReply(200, warehouseJson(opened(server, call, 'organization_warehouse'))),
    },
  ];
}

/** docs: Projects (v0.5). Any live access token can read them, an app's too. */
function projects(server: ServerState, call: Call): Reply {
  callingToken(server, call.bearer);
  const paging = readPaging(call.query, server.settings);
  const pagination = paginationJson(PROJECTS.length, paging, server.settings);
  return jsonReply(200, { pagination, projects: cut(PROJECTS, paging).map(projectJson) });
}

/** Any level of the permission includes reading. An app token has no organization. */
function opened(server: ServerState, call: Call, permission: string, levels = /./): Organization {
  const token = callingToken(server, call.bearer);
  const organization = token.installation?.organization;
  // NestJS' words when a guard refuses.
  if (organization?.id !== call.id) throw new ApiError(403, 'Forbidden resource');
  if (!levels.test(token.permissions[permission] ?? '')) throw new ApiError(403, 'Forbidden resource');
  return organization;
}

const PROJECTS = [
  { id: '3f6f5c0e-53b5-4a1c-8c5e-0d3d1d1f7a01', num: 1, fullName: 'Afforestation at Álfabrekka' },
  { id: '3f6f5c0e-53b5-4a1c-8c5e-0d3d1d1f7a02', num: 2, fullName: 'Wetland restoration at Ytri-Hagi' },
  { id: '3f6f5c0e-53b5-4a1c-8c5e-0d3d1d1f7a03', num: 3, fullName: 'Mineral storage in Hellisheiði basalt' },
] as const;

/** In the inventory of every organization. */
const CREDIT_ID = '9a0b7c52-1f6a-4a55-9c0f-6d8a3f0e2b11';
const CREDIT_AMOUNT = 340;

type Project = (typeof PROJECTS)[number];

function projectJson(project: Project): JsonObject {
  const { id, num, fullName } = project;
  return { id, num, fullName, status: 'validated', registry: 'ICR', countryCode: 'IS' };
}

function inventoryJson(organization: Organization): JsonObject {
  const credit: JsonObject = {
    id: CREDIT_ID,
    organizationId: organization.id,
    serialization: 'ICR-ISL-1-2023-0',
    vintage: '2023',
    amount: CREDIT_AMOUNT,
    unit: 'tCO2e',
    type: 'exPost',
    project: projectJson(PROJECTS[0]),
  };
  return { organizationId: organization.id, credits: [credit] };
}

/** The body that ICR's demo sends (best-marketplace, icr.ts). Neither the answer nor the errors are documented. */
function retirementJson(body: string): JsonObject {
  const { creditId, amount, retirementData } = objectIn(parseJson(body));
  const { reason, beneficiaryName } = objectIn(retirementData);
  if (creditId !== CREDIT_ID) throw new ApiError(404, 'Credit not found');
  if (typeof amount !== 'number' || amount <= 0) throw new ApiError(400, 'amount must be a positive number');
  if (amount > CREDIT_AMOUNT) throw new ApiError(422, 'Not enough credits');
  if (typeof reason !== 'string' || typeof beneficiaryName !== 'string') {
    throw new ApiError(400, 'retirementData must have reason and beneficiaryName');
  }
  return { id: '9a0b7c52-1f6a-4a55-9c0f-6d8a3f0e2b12', creditId, amount, action: 'retire', state: 'pending' };
}

function objectIn(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}

function warehouseJson(organization: Organization): JsonObject {
  const credit: JsonObject = {
    id: '9a0b7c52-1f6a-4a55-9c0f-6d8a3f0e2b01',
    inventoryId: '9a0b7c52-1f6a-4a55-9c0f-6d8a3f0e2b02',
    organizationId: organization.id,
    serialization: 'ICR-ISL-1-2023-0',
    amount: 1200,
    type: 'exPost',
    project: projectJson(PROJECTS[0]),
  };
  return { organizationId: organization.id, credits: [credit] };
}
