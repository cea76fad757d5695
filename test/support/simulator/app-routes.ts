/** Owns the endpoints under /app: minting, revoking and finding installations. docs: Apps (v0.5). */
import type { App } from './app.ts';
import { type Installation, installationJson } from './installation.ts';
import type { Json } from './json.ts';
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
  const installation = found(world, app, (it) => it.id === call.id);
  if (installation.state === 'suspended') throw new Refusal(403, 'Installation is suspended');
  return mint(world, call, app, installation);
}

function mint(world: World, call: Call, app: App, installation?: Installation): Reply {
  const { settings } = world;
  const token = world.tokens.mint(app, installation, settings.tokenLifetimeSeconds, call.number);
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
  const token = tokens.find(call.bearer);
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
  const all = registry.installationsOf(app).filter((it) => it.state === 'active' || settings.listSuspended);
  const installations = cut(all, paging).map((it) => installationJson(it, 'list'));
  const pagination = paginationJson(all.length, paging, settings.paginationBase);
  return jsonReply(200, settings.listPagination ? { pagination, installations } : { installations });
}

function single(world: World, call: Call, wanted: (it: Installation) => boolean): Reply {
  return jsonReply(200, installationJson(found(world, callingApp(world, call.bearer), wanted), 'single'));
}

/** Another app's installation is answered like one that does not exist. */
function found(world: World, app: App, wanted: (it: Installation) => boolean): Installation {
  const installation = world.registry.installationsOf(app).find(wanted);
  if (installation === undefined) throw new Refusal(404, 'Installation not found');
  return installation;
}
