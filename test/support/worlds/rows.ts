/** Lists the worlds: each way in which ICR may differ from the simulator, and how the action must end in it. */
import { setTimeout as setTimer } from 'node:timers';
import { setTimeout } from 'node:timers/promises';
import type { Effect, Settings } from '../simulator/simulator.ts';
import type { World } from './play.ts';

export interface Ending {
  /** `token`, or what the error has to say. */
  main: 'token' | RegExp;
  /** What else main's log has to say. */
  log?: RegExp;
  /** What nothing of main may say. */
  never?: RegExp;
  /** What post says; `quiet` if it has nothing to do. */
  post: 'revoked' | 'already invalid' | 'expired' | 'warned' | 'quiet';
  /** How many tokens are alive after post. */
  alive: number | 'any';
  /** How many were minted. Default: 1 with a token, or else 0. */
  minted?: number | 'any';
  /** How main asked, if that matters. */
  asked?: RegExp;
}

export interface Row extends World {
  /** The section of the table. */
  of: string;
  ends: Ending;
}

/** What may be said only of a list that was read to its end. */
const ABSENT = /(?:not|n’t) installed|only installation/;
const TOKEN: Ending = { main: 'token', post: 'revoked', alive: 0 };
const HOUR_MS = 3_600_000;
const HTML = { 'Content-Type': 'text/html' };
const MINT = { method: 'POST', path: '/app/installations/*/accessTokens' };
const NO_ROUTE = { organizationInstallationRoute: false } as const;
/** 30 installations, of which the 25th is asked for, on pages of 10. */
const THIRD_PAGE = { installations: 30, target: 24 };

function red(main: RegExp, others: Partial<Ending> = {}): Ending {
  return { main, post: 'quiet', alive: 0, ...others };
}

/** Minted, refused by a check, and revoked there and then. */
function takenBack(main: RegExp): Ending {
  return red(main, { minted: 1 });
}

type Draft = Omit<Row, 'of' | 'ends'> & { ends?: Ending };

function rows(of: string, shared: Partial<Row>, drafts: readonly Draft[]): Row[] {
  return drafts.map((draft) => ({
    of,
    ends: TOKEN,
    ...shared,
    ...draft,
    settings: { ...shared.settings, ...draft.settings },
  }));
}

const BY_THE_LIST: Ending = { ...TOKEN, asked: /GET \S*\/app\/installations(?:\?|$)/m };

const LOOK_UP = rows('The organization’s route', { ends: BY_THE_LIST }, [
  { name: 'there is no such route', settings: NO_ROUTE },
  ...[400, 403, 405, 410, 422, 429, 500, 501].map((status) => ({
    name: `answers ${status}`,
    settings: { answers: { organization: { status, json: { statusCode: status, message: 'Sorry' } } } },
  })),
  {
    name: 'answers 502 with HTML',
    settings: organization({ status: 502, text: '<h1>Bad Gateway</h1>', headers: HTML }),
  },
  {
    name: 'answers 503 and asks to wait for an hour',
    settings: organization({ status: 503, text: '', headers: { 'Retry-After': '3600' } }),
  },
  {
    name: 'answers 401 of another guard',
    settings: organization({ status: 401, json: { message: 'Missing Authentication Token' }, atOnce: true }),
  },
  {
    name: 'redirects to another host',
    prepare: ({ simulator }, { elsewhere }) => {
      simulator.settings.answers = { organization: { status: 302, headers: { Location: `${elsewhere}/app` } } };
    },
  },
  { name: 'hangs', settings: organization({ delayMs: HOUR_MS }) },
  { name: 'answers an object around the installation', settings: organization({ under: 'installation' }) },
  { name: 'answers a list', settings: organization({ under: '[]' }) },
  { name: 'answers null', settings: organization({ json: null }) },
  { name: 'answers 204', settings: organization({ status: 204, text: '' }) },
  { name: 'answers the organization', settings: { organizationInstallationRoute: 'organization' } },
  { name: 'answers another’s installation', settings: { organizationInstallationRoute: 'another' } },
  {
    name: 'answers an installation without organization',
    prepare: ({ simulator, nordic }) => {
      simulator.settings.answers = { organization: { json: { id: nordic.id } } };
    },
    ends: TOKEN,
  },
]);

function organization(answer: NonNullable<Settings['answers']['organization']>): Partial<Settings> {
  return { answers: { organization: answer } };
}

const INCOMPLETE = red(/\b30 installations\b.*\b10\b/, { never: ABSENT });

const LIST = rows('The list', { settings: NO_ROUTE }, [
  ...[50, 20, 10].map((maxPageSize) => ({
    name: `a limit over ${maxPageSize} is refused`,
    ...THIRD_PAGE,
    settings: { maxPageSize, overMaxPageSize: 'refuse' as const },
  })),
  { name: 'a limit over 5 is refused, so the query is', settings: { maxPageSize: 5, overMaxPageSize: 'refuse' } },
  { name: 'any query is refused', settings: { listQuery: 400 } },
  { name: 'any query is refused with 422', settings: { listQuery: 422 } },
  { name: 'the limit is capped', ...THIRD_PAGE, settings: { maxPageSize: 10 } },
  {
    name: 'the limit is capped, and there is no pagination',
    ...THIRD_PAGE,
    settings: { maxPageSize: 10, listPagination: false },
  },
  {
    name: 'the query is ignored, and all come',
    ...THIRD_PAGE,
    settings: { listQuery: 'ignored', defaultPageSize: 1000 },
  },
  {
    name: 'the query is ignored, and ten of thirty come',
    ...THIRD_PAGE,
    settings: { listQuery: 'ignored' },
    ends: INCOMPLETE,
  },
  ...['', 'meta'].map((paginationUnder) => ({
    name: `the same, and the total is ${paginationUnder === '' ? 'beside the list' : `under ${paginationUnder}`}`,
    ...THIRD_PAGE,
    settings: { listQuery: 'ignored' as const, paginationUnder },
    ends: INCOMPLETE,
  })),
  { name: 'the same, and the one is among the ten', ...THIRD_PAGE, target: 4, settings: { listQuery: 'ignored' } },
  {
    name: 'the query is refused, and ten of thirty come',
    ...THIRD_PAGE,
    settings: { listQuery: 400 },
    ends: INCOMPLETE,
  },
  { name: 'page 0 is page 1', ...THIRD_PAGE, settings: { maxPageSize: 10, pageZero: 'like page 1' } },
  {
    name: 'page 0 is page 1, and the total is of one page',
    ...THIRD_PAGE,
    settings: { maxPageSize: 10, pageZero: 'like page 1', listTotal: 'page' },
  },
  {
    name: 'page 0 is empty, and the total is of one page',
    ...THIRD_PAGE,
    settings: { maxPageSize: 10, pageZero: 'empty', listTotal: 'page' },
  },
  {
    name: 'page 0 is page 1, and there is no pagination',
    ...THIRD_PAGE,
    settings: { maxPageSize: 10, pageZero: 'like page 1', listPagination: false },
  },
  { name: 'page 0 is empty', ...THIRD_PAGE, settings: { maxPageSize: 10, pageZero: 'empty' } },
  { name: 'page 0 is empty, and page 1 is all', settings: { pageZero: 'empty' } },
  { name: 'page 0 is refused', settings: { pageZero: 'refused' } },
  {
    name: 'page 0 is refused, and ten of thirty come',
    ...THIRD_PAGE,
    settings: { pageZero: 'refused' },
    ends: INCOMPLETE,
  },
  ...(['page', 0, -1] as const).map((listTotal) => ({
    name: `the total is ${listTotal === 'page' ? 'of one page' : listTotal}`,
    ...THIRD_PAGE,
    settings: { maxPageSize: 10, listTotal },
  })),
  ...([404, 400] as const).map((pageBeyond) => ({
    name: `a page beyond the end answers ${pageBeyond}`,
    ...THIRD_PAGE,
    ask: 'stranger' as const,
    settings: { maxPageSize: 10, pageBeyond },
    ends: red(ABSENT),
  })),
  {
    name: 'a page beyond the end answers 404, and no total says that it is the end',
    ...THIRD_PAGE,
    ask: 'stranger',
    settings: { maxPageSize: 10, pageBeyond: 404, listPagination: false },
    ends: red(/404/, { never: ABSENT }),
  },
  {
    name: 'a page beyond the end is the last one',
    ...THIRD_PAGE,
    ask: 'stranger',
    settings: { maxPageSize: 10, pageBeyond: 'last page' },
    ends: red(ABSENT),
  },
  { name: 'an organization that is not there', ask: 'stranger', ends: red(ABSENT) },
  {
    name: 'the same of ten of thirty',
    ...THIRD_PAGE,
    ask: 'stranger',
    settings: { listQuery: 'ignored' },
    ends: INCOMPLETE,
  },
  ...['', 'data', 'items', 'results'].map((listUnder) => ({
    name: listUnder === '' ? 'it is the body' : `it is under ${listUnder}`,
    settings: { listUnder },
  })),
  { name: 'it is the body, on three pages', ...THIRD_PAGE, settings: { listUnder: '', maxPageSize: 10 } },
  { name: 'organizationId is flat', settings: { organizationAs: 'organizationId' } },
  { name: 'organization is a text', settings: { organizationAs: 'text' } },
  { name: 'ids are whole numbers', settings: { numericIds: true } },
  { name: 'ids are whole numbers, flat', settings: { numericIds: true, organizationAs: 'organizationId' } },
  {
    name: 'no organizations, but one by one',
    prepare: ({ nordic, baltic }) => {
      nordic.organizationShownIn = 'single';
      baltic.organizationShownIn = 'single';
    },
  },
  {
    name: 'no organizations anywhere',
    prepare: ({ nordic, baltic }) => {
      nordic.organizationShownIn = 'nowhere';
      baltic.organizationShownIn = 'nowhere';
    },
    ends: red(/`installation-id`/, { never: ABSENT }),
  },
  {
    name: 'the organization twice, the first one dead',
    settings: { listSuspended: true },
    prepare: ({ simulator, nordic }) => {
      nordic.state = 'suspended';
      simulator.addInstallation({ appId: nordic.appId, id: 'the-other-one', organization: nordic.organization });
    },
    ends: red(/the-other-one/),
  },
  {
    name: 'is a text',
    settings: { answers: { list: { json: { installations: 'none' } } } },
    ends: red(/GET \/app\/installations/),
  },
  {
    name: 'has items that are no objects',
    settings: { answers: { list: { json: [1, null] } } },
    ends: red(/GET \/app\/installations/),
  },
  {
    name: 'has a thousand installations without an id',
    settings: { answers: { list: { json: { installations: Array.from({ length: 1000 }, () => ({})) } } } },
    ends: red(/GET \/app\/installations/),
  },
  { name: 'is over 1 MiB', settings: { endlessListPageBytes: 1_100_000 }, ends: red(/1 MiB|too large|bytes/i) },
  { name: 'never ends', settings: { endlessListPageBytes: 10_000 }, ends: red(/./, { never: ABSENT }) },
]);

const NO_ID = rows('No id', { ask: 'nothing' }, [
  { name: 'one installation', installations: 1 },
  { name: 'one installation, ids are whole numbers', installations: 1, settings: { numericIds: true } },
  { name: 'two installations', ends: red(/\b2 (?:organizations|installations)\b/) },
  { name: 'no installation', installations: 0, ends: red(/no installation|(?:not|n’t) (?:been )?installed/i) },
  {
    name: 'one installation on every page, while the total says 2',
    settings: { listIgnoresPage: true, maxPageSize: 1 },
    ends: red(/\b2 installations\b.*\b1\b/, { never: ABSENT }),
  },
  {
    name: 'one of two, the query is ignored',
    settings: { listQuery: 'ignored', defaultPageSize: 1 },
    ends: red(/\b2 installations\b.*\b1\b/, { never: ABSENT }),
  },
  { name: 'one installation, and the total is 0', installations: 1, settings: { listTotal: 0 } },
  { name: 'one installation, pages from 1', installations: 1, settings: { pageZero: 'like page 1' } },
  { name: 'one installation, page 0 is empty', installations: 1, settings: { pageZero: 'empty' } },
]);

const MAY_LIVE = /\balive\b|\blives?\b|valid until/;

function mint(effect: Effect, times?: number): NonNullable<World['prepare']> {
  return ({ simulator }) => simulator.fault({ ...MINT, effect, ...(times === undefined ? {} : { times }) });
}

const MINTING = rows('The mint', {}, [
  ...[200, 202].map((mintStatus) => ({ name: `answers ${mintStatus}`, settings: { mintStatus } })),
  { name: 'no isActive', settings: { mintPatch: { isActive: undefined } } },
  { name: 'no installationId', settings: { mintPatch: { installationId: undefined } } },
  { name: 'no expiresAt', settings: { mintPatch: { expiresAt: undefined } }, ends: { ...TOKEN, log: /assumed/ } },
  { name: 'expiresAt is null', settings: { mintPatch: { expiresAt: null } }, ends: { ...TOKEN, log: /assumed/ } },
  {
    name: 'expiresAt is in words',
    settings: { mintPatch: { expiresAt: 'in two hours' } },
    ends: { ...TOKEN, log: /assumed/ },
  },
  { name: 'no permissions', settings: { mintPatch: { permissions: undefined } } },
  { name: 'a level is null', settings: { mintPatch: { permissions: { organization_info: 'VIEW', examiner: null } } } },
  {
    name: 'a level is false',
    settings: { mintPatch: { permissions: { organization_info: 'VIEW', examiner: false } } },
  },
  { name: 'levels are numbers', settings: { mintPatch: { permissions: { organization_info: 1 } } } },
  {
    name: 'levels are numbers, and an input needs them',
    inputs: { 'required-permissions': 'organization_info: read' },
    settings: { mintPatch: { permissions: { organization_info: 1 } } },
    ends: takenBack(/organization_info/),
  },
  {
    name: 'a level is null, and an input forbids it',
    inputs: { 'allowed-permissions': 'organization_info: read' },
    settings: { mintPatch: { permissions: { organization_info: 'VIEW', examiner: null } } },
  },
  {
    name: 'no permissions, and an input needs them',
    inputs: { 'allowed-permissions': 'organization_info: read' },
    settings: { mintPatch: { permissions: undefined } },
    ends: takenBack(/permissions/),
  },
  {
    name: 'no organizationId',
    settings: { mintPatch: { organizationId: undefined } },
    ends: takenBack(/organization/i),
  },
  {
    name: 'another organizationId',
    settings: { mintPatch: { organizationId: 'another' } },
    ends: takenBack(/organization/i),
  },
  {
    name: 'another installationId',
    settings: { mintPatch: { installationId: 'another' } },
    ends: takenBack(/installation/i),
  },
  { name: 'isActive is false', settings: { mintPatch: { isActive: false } }, ends: takenBack(/active/i) },
  {
    name: 'the token is elsewhere',
    settings: { tokenField: 'accessToken' },
    ends: red(MAY_LIVE, { alive: 1, minted: 1 }),
  },
  {
    name: 'all of it is under data',
    settings: { answers: { mint: { under: 'data' } } },
    ends: red(MAY_LIVE, { alive: 1, minted: 1 }),
  },
  {
    name: 'a page of HTML',
    settings: { answers: { mint: { text: '<h1>Hi</h1>', headers: HTML } } },
    ends: red(MAY_LIVE, { alive: 1, minted: 1 }),
  },
  { name: 'white space around it', prepare: mint({ kind: 'suffix', text: ' \n\n' }) },
  { name: 'a byte order mark before it', prepare: mint({ kind: 'prefix', text: '\ufeff' }) },
  { name: 'more is announced than comes', prepare: mint({ kind: 'overstate' }) },
  { name: 'cut short once', prepare: mint({ kind: 'truncate' }, 1), ends: { ...TOKEN, minted: 2, alive: 1 } },
  {
    name: 'always cut short',
    prepare: mint({ kind: 'truncate' }),
    ends: red(/\b3\b.*(?:alive|lives?|valid) until/, { alive: 3, minted: 3 }),
  },
  {
    name: 'always reset, after it was done',
    prepare: mint({ kind: 'reset', process: true }),
    ends: red(/\b3\b.*(?:alive|lives?|valid) until/, { alive: 3, minted: 3 }),
  },
  {
    name: 'an answer after 16 s',
    prepare: ({ simulator }, { secondMs }) => {
      simulator.settings.answers = { mint: { delayMs: 16 * secondMs } };
    },
  },
  {
    name: 'always 503 of a CDN',
    settings: { answers: { mint: { status: 503, text: '<h1>Busy</h1>', headers: HTML, atOnce: true } } },
    ends: red(/503/),
  },
  {
    name: 'refused, the installation is suspended',
    prepare: ({ nordic }) => {
      nordic.state = 'suspended';
    },
    ends: red(/suspended/),
  },
]);

/** A runner whose clock is an hour off. */
const OFF = { clockAheadSeconds: 3600 };
const WORDS_FIRST = /^[^.]{0,60}App not found/;
const KEY_FIRST = /^(?:(?!proxy|firewall).){0,150}(?:`app-id`|\bkey\b)/;

const JWT = rows('The JWT and the clock', {}, [
  ...(['nest', 'text', 'html', 'message', 'error.message', 'empty'] as const).map((errorForm) => ({
    name: `a clock that is off is told by 403, ${errorForm}`,
    settings: { ...OFF, jwtRefusalStatus: 403, errorForm },
    ends: { ...TOKEN, log: /clock/ },
  })),
  ...[400, 401].map((jwtRefusalStatus) => ({
    name: `a clock that is off is told by ${jwtRefusalStatus}, text`,
    settings: { ...OFF, jwtRefusalStatus, errorForm: 'text' as const },
    ends: { ...TOKEN, log: /clock/ },
  })),
  {
    name: 'a clock that is off is told by 422',
    settings: { ...OFF, jwtRefusalStatus: 422 },
    ends: red(/^[^.]{0,60}JWT refused: expired/),
  },
  { name: 'a clock that is behind', settings: { clockAheadSeconds: -3600 }, ends: { ...TOKEN, log: /clock/ } },
  { name: 'a clock that is off, and no Date', settings: { ...OFF, sendDate: false }, ends: red(KEY_FIRST) },
  ...[401, 403].map((jwtRefusalStatus) => ({
    name: `a wrong key, ${jwtRefusalStatus} as text`,
    isKeyWrong: true,
    settings: { jwtRefusalStatus, jwtRefusalMessage: 'Access token invalid', errorForm: 'text' as const },
    ends: red(KEY_FIRST),
  })),
  {
    name: 'a wrong key, 403 as HTML',
    isKeyWrong: true,
    settings: { jwtRefusalStatus: 403, errorForm: 'html' },
    ends: red(/^.{0,150}(?:proxy|firewall)/),
  },
  { name: 'a wrong key, and the clock is off', isKeyWrong: true, settings: OFF, ends: red(/`app-id`|\bkey\b/) },
  ...[400, 404, 409, 422].map((jwtRefusalStatus) => ({
    name: `a wrong key, ${jwtRefusalStatus} “App not found”`,
    isKeyWrong: true,
    settings: { jwtRefusalStatus, jwtRefusalMessage: 'App not found' },
    ends: red(WORDS_FIRST),
  })),
  ...(['text', 'message', 'error.message', 'errors', 'detail', 'title'] as const).map((errorForm) => ({
    name: `a wrong key, 422 “App not found”, ${errorForm}`,
    isKeyWrong: true,
    settings: { jwtRefusalStatus: 422, jwtRefusalMessage: 'App not found', errorForm },
    ends: red(WORDS_FIRST),
  })),
]);

const REVOKED: Ending = TOKEN;
const WARNED_ALIVE: Ending = { main: 'token', post: 'warned', alive: 1 };
const WARNED_DEAD: Ending = { main: 'token', post: 'warned', alive: 0 };

function revokeBody(body: string, ends: Ending): Draft {
  const isDone = ends.alive === 0;
  return { name: `200 ${body || 'empty'}`, settings: { revokeBody: body, revokeWorks: isDone }, ends };
}

function gateway(name: string, answer: NonNullable<Settings['answers']['revoke']>): Draft {
  return { name, settings: { answers: { revoke: { ...answer, atOnce: true } } }, ends: WARNED_ALIVE };
}

/** Somebody else revokes it while the job runs. */
const killed: NonNullable<World['between']> = ({ simulator }) => {
  const authorization = `Bearer ${simulator.tokens()[0]?.token}`;
  return fetch(`${simulator.url}/app/installations/token`, {
    method: 'DELETE',
    headers: { authorization, connection: 'close' },
  });
};

/** Longer than main takes on a busy machine. */
const LIFETIME_SECONDS = 4;

const REVOCATION = rows('The revocation', {}, [
  ...[
    'true',
    '"true"',
    '{}',
    '{"success":true}',
    '{"id":"1","isActive":false}',
    '{"id":"1","isActive":true}',
    '1',
    'null',
    '',
  ].map((body) => revokeBody(body, REVOKED)),
  ...[
    'false',
    '"false"',
    '{"success":false}',
    '{"error":"failed"}',
    '{"ok":false}',
    '{"revoked":false}',
    '{"deleted":false}',
  ].map((body) => revokeBody(body, WARNED_ALIVE)),
  { name: '200 OK, as text', settings: { answers: { revoke: { text: 'OK' } } }, ends: WARNED_DEAD },
  { name: '200 empty, as HTML', settings: { answers: { revoke: { text: '', headers: HTML } } }, ends: WARNED_DEAD },
  { name: '202', settings: { answers: { revoke: { status: 202, json: {} } } } },
  { name: '204', settings: { answers: { revoke: { status: 204, text: '' } } } },
  gateway('404 “Cannot DELETE”', {
    status: 404,
    json: { statusCode: 404, message: 'Cannot DELETE /app/installations/token', error: 'Not Found' },
  }),
  gateway('404 of an ingress, HTML', { status: 404, text: '<h1>404 Not Found</h1>', headers: HTML }),
  gateway('404 of an ingress, text', { status: 404, text: 'default backend - 404' }),
  gateway('403 of a gateway, HTML', { status: 403, text: '<h1>403 Forbidden</h1>', headers: HTML }),
  gateway('403 of a gateway, text', { status: 403, text: 'Forbidden' }),
  gateway('403 of a gateway, JSON', { status: 403, json: { message: 'Missing Authentication Token' } }),
  gateway('401 of a guard, with another statusCode', { status: 401, json: { statusCode: 403, message: 'Forbidden' } }),
  gateway('400', { status: 400, json: { statusCode: 400, message: 'Bad Request' } }),
  gateway('500', { status: 500, json: { statusCode: 500, message: 'Internal server error' } }),
  {
    name: 'a redirect to another host',
    prepare: ({ simulator }, { elsewhere }) => {
      simulator.settings.answers = { revoke: { status: 307, headers: { Location: `${elsewhere}/x` }, atOnce: true } };
    },
    ends: WARNED_ALIVE,
  },
  ...[401, 403, 404].map((status) => ({
    name: `${status} once right after the mint`,
    settings: { replicaLag: { requests: 1, status } },
  })),
  ...[401, 403, 404].map((revokeRefusalStatus) => ({
    name: `a dead token, ${revokeRefusalStatus}`,
    settings: { revokeRefusalStatus },
    between: killed,
    ends: { main: 'token', post: 'already invalid', alive: 0 } as const,
  })),
  { name: 'a dead token, told as text', settings: { errorForm: 'text' }, between: killed, ends: WARNED_DEAD },
  {
    name: '403 of a gateway, while the runner’s clock is three hours fast',
    settings: { clockAheadSeconds: -10_800, answers: { revoke: { status: 403, text: 'Forbidden', atOnce: true } } },
    ends: WARNED_ALIVE,
  },
  { name: 'an app token that is dead', ask: 'app', between: killed, ends: WARNED_DEAD },
  { name: 'an app token', ask: 'app' },
  { name: 'an app token, refused', ask: 'app', settings: { revokeTakesAppTokens: false }, ends: WARNED_ALIVE },
  ...(['nest', 'text', 'html'] as const).map((errorForm) => ({
    name: `an expired token, told as ${errorForm}`,
    settings: { tokenLifetimeSeconds: LIFETIME_SECONDS, errorForm },
    // The Date of the answer, which decides, may be a second behind.
    between: () => setTimeout((LIFETIME_SECONDS + 1) * 1000),
    ends: { main: 'token', post: 'expired', alive: 0 } as const,
  })),
  {
    name: '404 once to a token that main takes back',
    inputs: { 'required-permissions': 'organization_members: read' },
    settings: { replicaLag: { requests: 1, status: 404 } },
    ends: takenBack(/organization_members.*was revoked/),
  },
]);

const BELOW = { basePath: '/v0.5', isBasePathUnknown: true };

const WAY = rows('The way there', {}, [
  { name: 'only /v0.5 exists', ...BELOW, ends: red(/`?api-url`?.*\/v0\.5/) },
  {
    name: 'only /v0.5 exists, and errors are HTML',
    ...BELOW,
    settings: { errorForm: 'html' },
    ends: red(/`?api-url`?.*\/v0\.5/),
  },
  { name: 'redirects to /v0.5', ...BELOW, settings: { outsideBasePath: 308 }, ends: red(/`?api-url`?.*\/v0\.5/) },
  {
    name: 'an outage of 30 s',
    prepare: ({ simulator }, { secondMs }) => {
      Object.assign(simulator.settings, everything(503));
      setTimer(() => {
        simulator.settings.answers = {};
      }, 30 * secondMs).unref();
    },
  },
  { name: '503 of a CDN for everything', settings: everything(503), ends: red(/503/) },
  { name: '403 of a CDN for everything', settings: everything(403), ends: red(/^.{0,150}(?:proxy|firewall)/) },
  { name: 'gzip', settings: { gzip: true }, ends: red(/./) },
  {
    name: 'gzip, and the mint is the first request',
    ask: 'installation',
    settings: { gzip: true },
    ends: red(MAY_LIVE, { alive: 'any', minted: 'any' }),
  },
  { name: 'errors about a version', inputs: { 'api-version': '2020-01-01' }, ends: red(/Unsupported API version/) },
]);

function everything(status: number): Partial<Settings> {
  return { answers: { all: { status, text: `<h1>${status}</h1>`, headers: HTML, atOnce: true } } };
}

export const ROWS: readonly Row[] = [
  { of: 'Default', name: 'the documentation’s', ends: { ...TOKEN, asked: /^GET \S+\nPOST \S+$/ } },
  ...LOOK_UP,
  ...LIST,
  ...NO_ID,
  ...MINTING,
  ...JWT,
  ...REVOCATION,
  ...WAY,
];
