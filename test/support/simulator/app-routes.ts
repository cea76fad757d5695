/** Owns the endpoints under /app: minting, revoking and finding installations. docs: Apps (v0.5). */
import type { App } from './app.ts';
import { type Installation, installation, installationJson } from './installation.ts';
import type { Json, JsonObject } from './json.ts';
import { cut, paginationJson, readPaging } from './paging.ts';
import { jsonReply, Refusal, type Reply, textReply } from './reply.ts';
import type { Call, Route } from './router.ts';
import { tokenJson } from './tokens.ts';
import { callingApp, type World } from './world.ts';

export function appRoutes(world: World): readonly Route[] {
  return [
    {
      method: 'POST',
      path: '/app/accessTokens',
      handle: (call) => mint(world, call, callingApp(world, call.bearer)),
    },
    { method: 'POST', path: '/app/installations/:id/accessTokens', handle: (call) => mintOf(world, call) },
    { method: 'DELETE', path: '/app/installations/token', handle: (call) => revoke(world, call) },
    { method: 'GET', path: '/app/installations', handle: (call) => list(world, call) },
    {
      method: 'GET',
      path: '/app/installations/:id',
      handle: (call) => single(world, call, (it) => it.id === call.id),
    },
    {
      method: 'GET',
      path: '/app/organizations/:id/installation',
      present: () => world.settings.organizationInstallationRoute,
      handle: (call) => single(world, call, (it) => it.organization.id === call.id),
    },
  ];
}

/** What a suspended installation answers is documented nowhere; 403 is what the docs' model, GitHub, does. */
function mintOf(world: World, call: Call): Reply {
  const app = callingApp(world, call.bearer);
  const it = found(world, app, ({ id }) => id === call.id);
  if (it.state === 'suspended') throw new Refusal(403, 'Installation is suspended');
  return mint(world, call, app, it);
}

function mint(world: World, call: Call, app: App, of?: Installation): Reply {
  const { settings } = world;
  const token = world.tokens.mint(app, of, settings, call.number);
  const answer: Record<string, Json> = { ...tokenJson(token) };
  for (const [name, value] of Object.entries(settings.mintPatch)) {
    if (value === undefined) delete answer[name];
    else answer[name] = value;
  }
  return jsonReply(settings.mintStatus, answer);
}

/** The bearer is the very token to kill. docs: Endpoints available for ICR apps. */
function revoke(world: World, call: Call): Reply {
  const { settings, tokens } = world;
  if (call.bearer === undefined) throw new Refusal(401, 'Unauthorized');
  const token = tokens.use(call.bearer, settings.replicaLag);
  if (token === undefined || token.state !== 'live') throw new Refusal(401, 'Access token invalid');
  if (token.installation === undefined && !settings.revokeTakesAppTokens) {
    throw new Refusal(403, 'Not an installation access token');
  }
  if (settings.revokeWorks) tokens.revoke(token.token);
  return textReply(200, settings.revokeBody);
}

function list(world: World, call: Call): Reply {
  const { settings, registry } = world;
  const app = callingApp(world, call.bearer);
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

function single(world: World, call: Call, wanted: (it: Installation) => boolean): Reply {
  return jsonReply(200, installationJson(found(world, callingApp(world, call.bearer), wanted), 'single'));
}

/** Another app's installation is answered like one that does not exist. */
function found(world: World, app: App, wanted: (it: Installation) => boolean): Installation {
  const it = world.registry.installationsOf(app).find(wanted);
  if (it === undefined) throw new Refusal(404, 'Installation not found');
  return it;
}
