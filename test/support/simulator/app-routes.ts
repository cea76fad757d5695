/** Answers the endpoints under /app: mints and revokes tokens, and finds installations. docs: Apps (v0.5). */
import type { App } from './app.ts';
import { type Installation, installation, installationJson } from './installation.ts';
import type { Json, JsonObject } from './json.ts';
import { cut, paginationJson, readPaging } from './paging.ts';
import { ApiError, jsonReply, type Reply, textReply } from './reply.ts';
import type { Call, Route } from './router.ts';
import { callingApp, type ServerState } from './server-state.ts';
import { tokenJson } from './tokens.ts';

export function appRoutes(server: ServerState): readonly Route[] {
  return [
    {
      method: 'POST',
      path: '/app/accessTokens',
      handle: (call) => mint(server, call, callingApp(server, call.bearer)),
    },
    { method: 'POST', path: '/app/installations/:id/accessTokens', handle: (call) => mintOf(server, call) },
    { method: 'DELETE', path: '/app/installations/token', handle: (call) => revoke(server, call) },
    { method: 'GET', path: '/app/installations', handle: (call) => list(server, call) },
    {
      method: 'GET',
      path: '/app/installations/:id',
      handle: (call) => single(server, call, (it) => it.id === call.id),
    },
    {
      method: 'GET',
      path: '/app/organizations/:id/installation',
      present: () => server.settings.organizationInstallationRoute,
      handle: (call) => single(server, call, (it) => it.organization.id === call.id),
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
  const answer: Record<string, Json> = { ...tokenJson(token) };
  for (const [name, value] of Object.entries(settings.mintPatch)) {
    if (value === undefined) delete answer[name];
    else answer[name] = value;
  }
  return jsonReply(settings.mintStatus, answer);
}

/** The bearer is the token to revoke. docs: Endpoints available for ICR apps. */
function revoke(server: ServerState, call: Call): Reply {
  const { settings, tokens } = server;
  if (call.bearer === undefined) throw new ApiError(401, 'Unauthorized');
  const token = tokens.use(call.bearer, settings.replicaLag);
  if (token === undefined || token.state !== 'live') throw new ApiError(401, 'Access token invalid');
  if (token.installation === undefined && !settings.revokeTakesAppTokens) {
    throw new ApiError(403, 'Not an installation access token');
  }
  if (settings.revokeWorks) tokens.revoke(token.token);
  return textReply(200, settings.revokeBody);
}

function list(server: ServerState, call: Call): Reply {
  const { settings, registry } = server;
  const app = callingApp(server, call.bearer);
  const asked = readPaging(call.query, settings);
  const paging = settings.listIgnoresPage ? { ...asked, page: 0 } : asked;
  if (settings.endlessListPageBytes !== undefined)
    return jsonReply(200, endlessPage(app, settings.endlessListPageBytes));
  const all = registry.installationsOf(app).filter((it) => it.state === 'active' || settings.listSuspended);
  const installations = cut(all, paging, settings.listOverlap).map((it) => installationJson(it, 'list'));
  const pagination = paginationJson(settings.listTotal ?? all.length, paging, settings.paginationBase);
  return jsonReply(200, settings.listPagination ? { pagination, installations } : { installations });
}

/** Of installations that exist nowhere else. */
function endlessPage(app: App, bytes: number): JsonObject {
  const one = () => installationJson(installation({ appId: app.id }, app.appNameId, new Date().toISOString()), 'list');
  const count = Math.ceil(bytes / JSON.stringify(one()).length);
  const total = Number.MAX_SAFE_INTEGER;
  return { pagination: { total }, installations: Array.from({ length: count }, one) };
}

function single(server: ServerState, call: Call, wanted: (it: Installation) => boolean): Reply {
  return jsonReply(200, installationJson(found(server, callingApp(server, call.bearer), wanted), 'single'));
}

/** Another app's installation is answered as one that does not exist. */
function found(server: ServerState, app: App, wanted: (it: Installation) => boolean): Installation {
  const it = server.registry.installationsOf(app).find(wanted);
  if (it === undefined) throw new ApiError(404, 'Installation not found');
  return it;
}
