/** The questions to ICR, in the order in which they are asked, and what each answer means for the action. */
import { randomUUID } from 'node:crypto';
import { isSameId } from '../../src/icr/id.ts';
import { parseInstallation } from '../../src/icr/installation.ts';
import { parseInstallationPage } from '../../src/icr/installation-list.ts';
import { parseAccessToken } from '../../src/icr/minted-token.ts';
import { isJsonObject, type Json, type JsonObject } from '../support/simulator/replies.ts';
import { type App, type JwtVariation, signJwt } from './app-jwt.ts';
import {
  API_VERSION,
  bearerHeaders,
  type Exchange,
  isDenial,
  isHtml,
  NotAsked,
  type ProbeResponse,
  plainHeaders,
  type Session,
  tokenIn,
  Unanswered,
} from './session.ts';

const CLOCK_OFF_SECONDS = 600;
/** For an API that refuses the action's 540. */
const SHORT_LIFETIME_SECONDS = 240;
/** The action takes a smaller difference for none. */
const CLOCK_TOLERANCE_SECONDS = 30;
/** One more than a page may repeat of the page before; 1 if the app has no more installations than this. */
const PAGE_SIZE = 2;
const PAGE_BEYOND = 1000;
const MAX_FURTHER_PAGES = 3;

export type Copes = 'yes' | 'with a warning' | 'no';

export interface Finding {
  /** One narrow fact without an id, so that two APIs can be compared by it. */
  readonly fact: string;
  readonly copes: Copes;
  /** False if this app can't show it; then it is compared with nothing. */
  readonly isTold: boolean;
  /** The refusal, whose words explain the fact. */
  readonly refusal?: ProbeResponse;
}

export interface Row extends Finding {
  readonly id: string;
  readonly title: string;
}

interface Question {
  readonly id: string;
  readonly title: string;
  readonly ask: (probe: Probe) => Finding | Promise<Finding>;
}

export interface Subject {
  readonly app: App;
  readonly organizationId: string;
}

/** What the questions share: how to ask, and what was learnt so far. */
interface Probe extends Subject {
  readonly session: Session;
  /** Sends it with a JWT as the action signs it, or with the short one if only that is taken, unless told otherwise. */
  asApp(request: AppRequest): Promise<ProbeResponse>;
  withToken(method: string, path: string, token: string): Promise<ProbeResponse>;
  /** How far the server's clock is ahead, once a JWT was refused for it. */
  clockSeconds: number;
  lifetimeSeconds: number | undefined;
  /** Whether any request with a normal JWT was granted. */
  isAccepted: boolean;
  /** Whether each JWT was refused; then no other request needs to be sent with one. */
  isJwtRefused: boolean;
  /** The first request that was granted. */
  plain: { readonly path: string; readonly response: ProbeResponse } | undefined;
  /** The answer to the short JWT, once the action's was refused. */
  short: ProbeResponse | undefined;
  /** Forms of the list that were granted, the best first. */
  readonly lists: { readonly query: string; readonly response: ProbeResponse }[];
  readonly pages: (ProbeResponse | undefined)[];
  installationId: string | undefined;
  single: ProbeResponse | undefined;
  mint: ProbeResponse | undefined;
  token: string | undefined;
  appToken: string | undefined;
  isRevoked: boolean;
}

interface AppRequest {
  readonly method?: string;
  readonly path: string;
  readonly jwt?: JwtVariation;
  readonly version?: string | undefined;
  readonly body?: string;
}

export async function askQuestions(session: Session, subject: Subject): Promise<Row[]> {
  let current = '';
  const probe: Probe = {
    ...subject,
    session,
    clockSeconds: 0,
    lifetimeSeconds: undefined,
    isAccepted: false,
    isJwtRefused: false,
    plain: undefined,
    short: undefined,
    lists: [],
    pages: [],
    installationId: undefined,
    single: undefined,
    mint: undefined,
    token: undefined,
    appToken: undefined,
    isRevoked: false,
    asApp: async ({ method = 'GET', path, jwt, body, ...others }) => {
      if (probe.isJwtRefused) throw new NotAsked(JWT_REFUSED);
      const version = 'version' in others ? others.version : API_VERSION;
      const now = Math.floor(Date.now() / 1000) + probe.clockSeconds;
      const { lifetimeSeconds } = probe;
      const usual = lifetimeSeconds === undefined ? {} : { lifetimeSeconds };
      const headers = {
        ...bearerHeaders(signJwt(subject.app, now, { ...usual, ...jwt })),
        ...(version === undefined ? {} : { 'x-icr-api-version': version }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      };
      const response = await session.ask(current, { method, path, headers, ...(body === undefined ? {} : { body }) });
      if (jwt === undefined && path.startsWith('/app/')) probe.isAccepted ||= isGranted(response);
      return response;
    },
    withToken: (method, path, token) =>
      session.ask(current, {
        method,
        path,
        headers: { ...bearerHeaders(token), 'x-icr-api-version': API_VERSION },
      }),
  };
  const rows: Row[] = [];
  for (const { id, title, ask } of QUESTIONS) {
    current = id;
    rows.push({ id, title, ...(await findingOf(id, probe, () => ask(probe))) });
  }
  return rows;
}

async function findingOf(id: string, probe: Probe, ask: () => Finding | Promise<Finding>): Promise<Finding> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof NotAsked) {
      const cause = probe.isJwtRefused ? JWT_REFUSED : error.message;
      return untold(`not asked: ${probe.session.stopped() ?? cause}`);
    }
    if (error instanceof Unanswered)
      return told(`no answer (${error.message})`, id === 'mint' ? 'no' : 'with a warning');
    throw error;
  }
}

const QUESTIONS: readonly Question[] = [
  { id: 'jwt', title: 'A JWT as the action signs it, for 540 s', ask: findJwt },
  {
    id: 'jwt-240',
    title: '… for 240 s',
    ask: async (probe) => {
      if (probe.isJwtRefused && probe.short !== undefined) return refused(probe.short, 'no');
      return yes(probe.short ?? (await askJwtFor(probe, SHORT_LIFETIME_SECONDS)));
    },
  },
  { id: 'jwt-600', title: '… for 600 s', ask: async (probe) => yes(await askJwtFor(probe, 600)) },
  { id: 'jwt-typ', title: '… without `typ`', ask: (probe) => askJwt(probe, { withoutTyp: true }) },
  { id: 'jwt-alg', title: '… without the claim `alg`', ask: (probe) => askJwt(probe, { withoutAlgClaim: true }) },
  { id: 'jwt-key', title: '… signed with another key', ask: (probe) => askJwt(probe, { withAnotherKey: true }) },
  {
    id: 'jwt-slow',
    title: '… by a clock that is 10 minutes slow',
    ask: (probe) => askJwt(probe, { clockSeconds: -CLOCK_OFF_SECONDS }),
  },
  {
    id: 'jwt-fast',
    title: '… by a clock that is 10 minutes fast',
    ask: (probe) => askJwt(probe, { clockSeconds: CLOCK_OFF_SECONDS }),
  },
  {
    id: 'list-plain',
    title: 'The list without a query',
    ask: async (probe) => {
      if (probe.plain?.path !== LIST_PATH) return askList(probe, '');
      return takenList(probe, '', probe.plain.response);
    },
  },
  {
    id: 'list-100',
    title: 'The list with limit=100&page=0',
    ask: (probe) => askList(probe, '?limit=100&page=0'),
  },
  {
    id: 'list-10',
    title: 'The list with limit=10&page=0',
    ask: (probe) => askList(probe, '?limit=10&page=0'),
  },
  {
    id: 'organization-route',
    title: 'GET /app/organizations/{id}/installation',
    ask: async (probe) => {
      const response = await probe.asApp({ path: organizationPath(probe.organizationId) });
      const fact = describeOrganizationRoute(response, probe.organizationId);
      if (fact === ITS_INSTALLATION) probe.installationId ??= idOf(response.json);
      return isGranted(response) ? told(fact, 'yes') : refused(response, 'yes');
    },
  },
  {
    id: 'organization-unknown',
    title: '… of an organization that does not exist',
    ask: async (probe) => yes(await granted(probe).asApp({ path: organizationPath(randomUUID()) })),
  },
  {
    id: 'list-name',
    title: 'What the list is under',
    ask: (probe) => {
      const { json } = listOf(probe).response;
      const [name] = listIn(json) ?? [];
      return told(
        name === undefined ? 'no list' : name === '' ? 'nothing: it is the body' : quoteName(name),
        canRead(probe),
      );
    },
  },
  {
    id: 'list-organization',
    title: 'How an installation in the list names its organization',
    ask: (probe) => {
      const name = organizationFormOf(itemsOf(listOf(probe).response)[0]);
      return told(name, name === NOT_AT_ALL ? 'with a warning' : 'yes');
    },
  },
  {
    id: 'list-ids',
    title: 'What an id is in the list',
    ask: (probe) => {
      const id = itemsOf(listOf(probe).response)[0]?.['id'];
      const fact = typeof id === 'string' ? 'a text' : Number.isSafeInteger(id) ? 'a whole number' : 'something else';
      return told(fact, fact === 'something else' ? 'no' : 'yes');
    },
  },
  {
    id: 'list-limit',
    title: 'What a small `limit` does',
    ask: async (probe) => {
      let refusal: ProbeResponse | undefined;
      const all = itemsOf(listOf(probe).response).length;
      const limit = all > PAGE_SIZE ? PAGE_SIZE : 1;
      if (probe.lists.length > 0) {
        for (const page of [0, 1, 2]) {
          const response = await probe.asApp({ path: `/app/installations?limit=${limit}&page=${page}` });
          probe.pages.push(isGranted(response) ? response : undefined);
          refusal = page === 0 && !isGranted(response) ? response : refusal;
        }
      }
      if (refusal !== undefined) return yes(refusal);
      const count = probe.pages[0] === undefined ? 0 : itemsOf(probe.pages[0]).length;
      if (count > limit) return told('nothing: the page is longer', 'yes');
      if (all <= limit) return untold('can’t be told: the app has one installation');
      return told('obeyed', 'yes');
    },
  },
  {
    id: 'list-pages',
    title: 'How pages are counted',
    ask: (probe) => {
      listOf(probe);
      const [zero, one, two] = probe.pages.map((page) => page && idsOf(page).join());
      if (zero === undefined && one !== undefined) return told('from 1; page 0 is refused', 'yes');
      if (zero === undefined) return untold('can’t be told: the query is not taken');
      if (zero === '' && one !== '' && one !== undefined) return told('from 1; page 0 is empty', 'yes');
      if (one === undefined) return untold('can’t be told: page 1 is refused');
      if (zero === one && one === two && zero !== '') return told('not at all: every page is the same', 'yes');
      if (zero === one) return told('from 1; page 0 is page 1', 'yes');
      if (one === '') return untold('can’t be told: there is one page');
      const isRepeated = idsOf(probe.pages[0]).some((id) => idsOf(probe.pages[1]).includes(id));
      return told(isRepeated ? 'from 0; page 1 repeats some of page 0' : 'from 0', 'yes');
    },
  },
  {
    id: 'list-total',
    title: 'What `pagination.total` counts',
    ask: async (probe) => {
      const page = probe.pages[0] ?? listOf(probe).response;
      const total = totalOf(page.json);
      if (total === undefined) return told('nothing: there is none', 'yes');
      let known = readIds(probe).size;
      if (total === itemsOf(page).length && total < known) return told('the page', 'yes');
      for (let next = 1; known < total; next += 1) {
        const response = await probe.asApp({ path: `/app/installations?limit=10&page=${next}` });
        if (!isGranted(response) || next > MAX_FURTHER_PAGES) return untold('can’t be told: not all were read');
        probe.pages.push(response);
        if (readIds(probe).size === known) return told('more than there are', 'yes');
        known = readIds(probe).size;
      }
      return told(total === known ? 'all' : 'fewer than there are', 'yes');
    },
  },
  {
    id: 'list-current-page',
    title: 'What `pagination.currentPage` of page 0 is',
    ask: (probe) => {
      const { json } = probe.pages[0] ?? listOf(probe).response;
      const pagination = isJsonObject(json) ? json['pagination'] : undefined;
      const page = isJsonObject(pagination) ? pagination['currentPage'] : undefined;
      return told(typeof page === 'number' ? String(page) : 'missing', 'yes');
    },
  },
  {
    id: 'list-beyond',
    title: 'A page beyond the end',
    ask: async (probe) => {
      listOf(probe);
      const response = await probe.asApp({ path: `/app/installations?limit=10&page=${PAGE_BEYOND}` });
      if (!isGranted(response)) return yes(response);
      return told(itemsOf(response).length === 0 ? 'empty' : 'not empty', 'yes');
    },
  },
  {
    id: 'list-wrong-limit',
    title: 'The list with limit=0',
    ask: async (probe) => {
      listOf(probe);
      return yes(await probe.asApp({ path: '/app/installations?limit=0&page=0' }));
    },
  },
  {
    id: 'installation',
    title: 'GET /app/installations/{id}',
    ask: async (probe) => {
      const id = await findInstallation(probe);
      const response = await probe.asApp({ path: `/app/installations/${encodeURIComponent(id)}` });
      if (!isGranted(response)) return refused(response, 'yes');
      probe.single = response;
      return told(canParse(() => parseInstallation(response.text)) ? 'the installation' : 'something else', 'yes');
    },
  },
  {
    id: 'installation-organization',
    title: 'How it names its organization',
    ask: (probe) => {
      if (probe.single === undefined) throw new NotAsked('no installation was answered');
      const { json } = probe.single;
      return told(organizationFormOf(isJsonObject(json) ? json : undefined), 'yes');
    },
  },
  {
    id: 'installation-unknown',
    title: 'GET /app/installations/{id} of one that does not exist',
    ask: async (probe) => yes(await granted(probe).asApp({ path: `/app/installations/${randomUUID()}` })),
  },
  {
    id: 'version-none',
    title: 'No version header',
    ask: async (probe) => yes(await probe.asApp({ path: plainPath(probe), version: undefined })),
  },
  {
    id: 'version-wrong',
    title: 'A wrong version header',
    ask: async (probe) => yes(await probe.asApp({ path: plainPath(probe), version: '1999-12-31' })),
  },
  {
    id: 'path-version',
    title: '`/v0.5` before the path',
    ask: async (probe) => yes(await probe.asApp({ path: `/v0.5${plainPath(probe)}` })),
  },
  {
    id: 'mint',
    title: 'The mint, with the body {}',
    ask: async (probe) => {
      const response = await mint(probe, '{}');
      probe.mint = response;
      probe.token = tokenIn(response.json)?.token;
      if (!isGranted(response)) return refused(response, 'no');
      return told(String(response.status), 'yes');
    },
  },
  {
    id: 'mint-token',
    title: 'The token',
    ask: (probe) => {
      const found = tokenIn(mintOf(probe).json);
      if (found === undefined) return told('nowhere', 'no');
      const isOurs = canParse(() => parseAccessToken(mintOf(probe).text));
      return told(
        `in ${found.path.map(quoteName).join(', ')}: ${formOf(found.token)}`,
        isOurs && found.token.length >= 16 ? 'yes' : 'no',
      );
    },
  },
  {
    id: 'mint-fields',
    title: 'Documented fields that the answer lacks',
    ask: (probe) => {
      const { json } = mintOf(probe);
      const fields = isJsonObject(json) ? json : {};
      const missing = MINT_FIELDS.filter((name) => fields[name] === undefined);
      return told(missing.length === 0 ? 'none' : missing.map((name) => `\`${name}\``).join(', '), 'yes');
    },
  },
  {
    id: 'mint-organization',
    title: 'Its `organizationId`',
    ask: (probe) => {
      const named = mintFields(probe)['organizationId'];
      if (named === undefined || named === null) return told('missing', 'no');
      const isRight = isSameId(String(named), probe.organizationId);
      return told(isRight ? 'the organization’s' : 'another organization’s', isRight ? 'yes' : 'no');
    },
  },
  {
    id: 'mint-active',
    title: 'Its `isActive`',
    ask: (probe) => {
      const active = mintFields(probe)['isActive'];
      return told(
        active === undefined ? 'missing' : typeof active === 'boolean' ? String(active) : 'something else',
        active === false ? 'no' : 'yes',
      );
    },
  },
  {
    id: 'mint-expiry',
    title: 'How long the token is valid',
    ask: (probe) => {
      const { expiresAt } = mintFields(probe);
      if (expiresAt === undefined || expiresAt === null) return told('it does not say', 'yes');
      const isDate = typeof expiresAt === 'string' && /^\d{4}-\d\d-\d\dT/.test(expiresAt);
      const now = Date.parse(mintOf(probe).headers.date ?? '') || Date.now();
      const minutes = isDate ? Math.round((Date.parse(expiresAt) - now) / 60_000) : Number.NaN;
      return told(Number.isNaN(minutes) ? 'not in ISO 8601' : `${minutes} minutes`, 'yes');
    },
  },
  {
    id: 'mint-levels',
    title: 'The levels of its permissions',
    ask: (probe) => {
      const { permissions } = mintFields(probe);
      if (!isJsonObject(permissions)) return told('none', 'yes');
      const levels = Object.values(permissions);
      const areKnown = levels.every((level) => typeof level === 'string' && /^(view|read|request|write)$/i.test(level));
      return told(areKnown ? 'as documented' : 'others', areKnown ? 'yes' : 'with a warning');
    },
  },
  {
    id: 'token-new',
    title: 'GET /organizations/{id} with the token at once',
    ask: async (probe) => {
      const token = tokenOf(probe);
      const path = `/organizations/${encodeURIComponent(probe.organizationId)}`;
      const first = await probe.withToken('GET', path, token);
      if (isGranted(first)) return told('granted', 'yes');
      const second = await probe.withToken('GET', path, token);
      if (isGranted(second)) return { ...refused(first, 'yes'), fact: `${describe(first)}, then granted` };
      return refused(second, 'with a warning');
    },
  },
  {
    id: 'mint-no-body',
    title: 'The mint without a body',
    ask: async (probe) => yes(await mint(probe, undefined)),
  },
  {
    id: 'app-token',
    title: 'The mint of an app token',
    ask: async (probe) => {
      const response = await granted(probe).asApp({ method: 'POST', path: '/app/accessTokens', body: '{}' });
      probe.appToken = tokenIn(response.json)?.token;
      return yes(response);
    },
  },
  {
    id: 'revoke',
    title: 'The revocation of a token',
    ask: async (probe) => {
      const response = await probe.withToken('DELETE', REVOCATION_PATH, tokenOf(probe));
      probe.isRevoked = isGranted(response) && !isDenial(response);
      return revocation(response, copesWithRevocation(response));
    },
  },
  {
    id: 'token-revoked',
    title: 'GET /organizations/{id} with the token afterwards',
    ask: async (probe) => {
      if (!probe.isRevoked) throw new NotAsked('the token was not revoked');
      const path = `/organizations/${encodeURIComponent(probe.organizationId)}`;
      const response = await probe.withToken('GET', path, tokenOf(probe));
      return isGranted(response) ? told('granted all the same', 'no') : yes(response);
    },
  },
  {
    id: 'revoke-again',
    title: 'A second revocation of the token',
    ask: async (probe) => {
      if (!probe.isRevoked) throw new NotAsked('the token was not revoked');
      const response = await probe.withToken('DELETE', REVOCATION_PATH, tokenOf(probe));
      return revocation(response, copesWithRevocation(response));
    },
  },
  {
    id: 'revoke-app',
    title: 'The revocation of an app token',
    ask: async (probe) => {
      if (probe.appToken === undefined) throw new NotAsked('no app token was minted');
      const response = await probe.withToken('DELETE', REVOCATION_PATH, probe.appToken);
      const isDone = isGranted(response) && !isDenial(response);
      return revocation(response, isDone ? 'yes' : 'with a warning');
    },
  },
  {
    id: 'missing-route',
    title: 'A route that does not exist',
    ask: async (probe) => {
      const headers = { ...plainHeaders(), 'x-icr-api-version': API_VERSION };
      return yes(await probe.session.ask('missing-route', { method: 'GET', path: '/app/no-such-route', headers }));
    },
  },
  {
    id: 'error-form',
    title: 'The form of its errors',
    ask: ({ session }) => {
      const forms = new Set(responsesOf(session).filter(isRefusal).map(formOfError));
      if (forms.size === 0) return untold('can’t be told: it refused nothing');
      return told([...forms].sort().join(', or '), forms.size === 1 && forms.has(NEST) ? 'yes' : 'with a warning');
    },
  },
  {
    id: 'date',
    title: 'Its clock, by the header `Date`',
    ask: ({ session }) => {
      const offsets = session.exchanges.flatMap((exchange) =>
        exchange.response === undefined ? [] : [clockAhead(exchange)],
      );
      if (offsets.length === 0) throw new NotAsked('nothing was answered');
      const [offset] = offsets;
      if (offset === undefined) return told('there is none', 'yes');
      if (Math.abs(offset) <= CLOCK_TOLERANCE_SECONDS) return told('right', 'yes');
      return told(`${Math.round(Math.abs(offset) / 60)} minutes ${offset > 0 ? 'fast' : 'slow'}`, 'yes');
    },
  },
  {
    id: 'rate-headers',
    title: 'Headers about a rate limit',
    ask: ({ session }) => {
      const names = new Set(responsesOf(session).flatMap(({ headers }) => Object.keys(headers).filter(isAboutRate)));
      return told(names.size === 0 ? 'none' : [...names].sort().join(', '), 'yes');
    },
  },
  {
    id: 'encoding',
    title: 'Bodies, if no compression is asked for',
    ask: ({ session }) => {
      const encodings = responsesOf(session).flatMap(({ headers }) => headers['content-encoding'] ?? []);
      const [encoding] = encodings.filter((name) => name !== 'identity');
      return encoding === undefined ? told('plain', 'yes') : told(encoding, 'no');
    },
  },
  {
    id: 'connection',
    title: 'The connection',
    ask: ({ session }) => {
      const responses = responsesOf(session);
      if (responses.length < 2) throw new NotAsked('too little was answered');
      return told(responses.some(({ isReused }) => isReused) ? 'kept open' : 'closed each time', 'yes');
    },
  },
];

const ITS_INSTALLATION = 'its installation';
const NO_ROUTE = 'no such route';
const NOT_AT_ALL = 'not at all';
const NEST = '`statusCode` and `message`';
const JWT_REFUSED = 'the JWT is refused';
const LIST_PATH = '/app/installations';
const REVOCATION_PATH = '/app/installations/token';
/** docs: Apps, "AccessToken" and "InstallationAccessToken". */
const MINT_FIELDS = [
  'id',
  'createdAt',
  'updatedAt',
  'expiresAt',
  'token',
  'isActive',
  'permissions',
  'appId',
  'installationId',
  'organizationId',
];

/** Tries the action's JWT, and a short one if that is refused, on whatever the API may grant. */
async function findJwt(probe: Probe): Promise<Finding> {
  const refusals: ProbeResponse[] = [];
  for (const path of [LIST_PATH, `${LIST_PATH}?limit=10&page=0`, organizationPath(probe.organizationId)]) {
    let response = await probe.asApp({ path });
    const ahead = clockAhead(probe.session.exchanges.at(-1)) ?? 0;
    const isOff = [400, 401, 403].includes(response.status) && Math.abs(ahead) > CLOCK_TOLERANCE_SECONDS;
    if (isOff && refusals.length === 0) {
      probe.clockSeconds = ahead;
      response = await probe.asApp({ path });
    }
    if (isGranted(response)) {
      probe.plain = { path, response };
      // What was refused before was refused for its path.
      probe.short = undefined;
      return told(probe.clockSeconds === 0 ? 'taken' : 'taken with the server’s time', 'yes');
    }
    refusals.push(response);
    if (!mayRefuseJwt(response)) continue;
    const short = await probe.asApp({ path, jwt: { lifetimeSeconds: SHORT_LIFETIME_SECONDS } });
    probe.short ??= short;
    if (isGranted(short)) {
      probe.short = short;
      probe.plain = { path, response: short };
      probe.isAccepted = true;
      probe.lifetimeSeconds = SHORT_LIFETIME_SECONDS;
      return refused(response, 'no');
    }
  }
  const others = refusals.filter(({ status }) => status !== 404);
  const [first] = others.length > 0 ? others : refusals;
  if (first === undefined) throw new NotAsked('nothing was answered');
  probe.isJwtRefused = others.length > 0 && others.every(mayRefuseJwt);
  return refused(first, 'no');
}

/** A 404 may be about the path, and then the other questions tell more. */
function mayRefuseJwt({ status }: ProbeResponse): boolean {
  return status >= 400 && status < 500 && ![404, 429].includes(status);
}

async function askList(probe: Probe, query: string): Promise<Finding> {
  return takenList(probe, query, await probe.asApp({ path: `${LIST_PATH}${query}` }));
}

/** A list that says that there are more than it shows was cut. */
function takenList(probe: Probe, query: string, response: ProbeResponse): Finding {
  if (!isGranted(response)) return yes(response);
  if (listIn(response.json) === undefined) return told('no list', 'with a warning');
  probe.lists.push({ query, response });
  probe.lists.sort((one, other) => itemsOf(other.response).length - itemsOf(one.response).length);
  const count = itemsOf(response).length;
  const isCut = (totalOf(response.json) ?? 0) > count && !query.startsWith(`?limit=${count}&`);
  return told(isCut && query !== '' ? `taken, ${count} at most` : 'taken', 'yes');
}

async function askJwt(probe: Probe, jwt: JwtVariation): Promise<Finding> {
  return yes(await probe.asApp({ path: plainPath(probe), jwt }));
}

function askJwtFor(probe: Probe, lifetimeSeconds: number): Promise<ProbeResponse> {
  return probe.asApp({ path: plainPath(probe), jwt: { lifetimeSeconds } });
}

async function mint(probe: Probe, body: string | undefined): Promise<ProbeResponse> {
  const path = `/app/installations/${encodeURIComponent(await findInstallation(probe))}/accessTokens`;
  return probe.asApp({ method: 'POST', path, ...(body === undefined ? {} : { body }) });
}

/** Nothing is learnt from a resource if the JWT is refused for everything. */
function granted(probe: Probe): Probe {
  if (!probe.isAccepted) throw new NotAsked('no request with the app’s JWT was granted');
  return probe;
}

/** The organization's installation, by its route or else by the list. */
async function findInstallation(probe: Probe): Promise<string> {
  granted(probe);
  probe.installationId ??= [...probe.lists.map(({ response }) => response), ...probe.pages]
    .flatMap((response) => (response === undefined ? [] : installationsIn(response)))
    .find(({ organization }) => organization !== undefined && isSameId(organization.id, probe.organizationId))?.id;
  if (probe.installationId === undefined) throw new NotAsked('no installation of the organization was found');
  return probe.installationId;
}

function installationsIn(response: ProbeResponse) {
  try {
    return parseInstallationPage(response.text).installations;
  } catch {
    return [];
  }
}

function listOf(probe: Probe): Probe['lists'][number] {
  const [list] = granted(probe).lists;
  if (list === undefined) throw new NotAsked('no form of the list was granted');
  return list;
}

function mintOf({ mint }: Probe): ProbeResponse {
  if (mint === undefined || !isGranted(mint)) throw new NotAsked('no token was minted');
  return mint;
}

function mintFields(probe: Probe): JsonObject {
  const { json } = mintOf(probe);
  return isJsonObject(json) ? json : {};
}

function tokenOf({ token }: Probe): string {
  if (token === undefined || !/^[\x21-\x7e]+$/.test(token)) throw new NotAsked('no token was minted');
  return token;
}

/** With which to try a JWT or a header: what was granted with a normal one. */
function plainPath({ plain, organizationId }: Probe): string {
  return plain?.path ?? organizationPath(organizationId);
}

function organizationPath(id: string): string {
  return `/app/organizations/${encodeURIComponent(id)}/installation`;
}

function describeOrganizationRoute(response: ProbeResponse, organizationId: string): string {
  const { json } = response;
  if (!isGranted(response)) return describe(response);
  if (Array.isArray(json)) return 'a list';
  if (!isJsonObject(json)) return 'something else';
  if (json['id'] === undefined) {
    const [name] = Object.keys(json);
    return name === undefined ? 'something else' : `something under ${quoteName(name)}`;
  }
  if (isSameId(String(json['id']), organizationId)) return 'the organization itself';
  try {
    const { organization } = parseInstallation(response.text);
    if (organization === undefined || isSameId(organization.id, organizationId)) return ITS_INSTALLATION;
    return 'another organization’s installation';
  } catch {
    return 'something else';
  }
}

function idOf(json: Json | undefined): string | undefined {
  return isJsonObject(json) && json['id'] !== undefined ? String(json['id']) : undefined;
}

/** The list and its name, '' if it is the body. */
function listIn(json: Json | undefined): readonly [name: string, list: readonly Json[]] | undefined {
  if (isList(json)) return ['', json];
  const fields = Object.entries(isJsonObject(json) ? json : {});
  for (const [name, value] of fields) if (isList(value)) return [name, value];
  return undefined;
}

function isList(json: Json | undefined): json is readonly Json[] {
  return Array.isArray(json);
}

function itemsOf(response: ProbeResponse | undefined): readonly JsonObject[] {
  const [, list] = listIn(response?.json) ?? [];
  return (list ?? []).filter((item) => isJsonObject(item));
}

function idsOf(response: ProbeResponse | undefined): string[] {
  return itemsOf(response).map(({ id }) => String(id));
}

function readIds({ lists, pages }: Probe): Set<string> {
  return new Set([...lists.map(({ response }) => response), ...pages].flatMap(idsOf));
}

function totalOf(json: Json | undefined): number | undefined {
  const pagination = isJsonObject(json) ? (json['pagination'] ?? json) : undefined;
  const total = isJsonObject(pagination) ? pagination['total'] : undefined;
  return typeof total === 'number' ? total : undefined;
}

function canRead(probe: Probe): Copes {
  return canParse(() => parseInstallationPage(listOf(probe).response.text)) ? 'yes' : 'no';
}

function canParse(parse: () => unknown): boolean {
  try {
    parse();
    return true;
  } catch {
    return false;
  }
}

function organizationFormOf(item: JsonObject | undefined): string {
  if (item === undefined) throw new NotAsked('there is no installation');
  const { organization, organizationId } = item;
  if (isJsonObject(organization)) return organization['id'] === undefined ? NOT_AT_ALL : '`organization.id`';
  if (organization !== undefined && organization !== null) return '`organization`, as a text';
  return organizationId === undefined ? NOT_AT_ALL : '`organizationId`';
}

function formOf(token: string): string {
  const [, prefix, hex] = /^([a-z]+_)([0-9a-f]+)$/.exec(token) ?? [];
  if (prefix !== undefined && hex !== undefined) return `\`${prefix}\` and ${hex.length} hexadecimal digits`;
  return `${token.length} characters`;
}

function revocation(response: ProbeResponse, copes: Copes): Finding {
  return isGranted(response) ? told(describeRevocation(response), copes) : refused(response, copes);
}

function describeRevocation({ status, text, json }: ProbeResponse): string {
  if (text.trim() === '') return `${status}, no body`;
  if (json === undefined) return `${status}, text`;
  if (isJsonObject(json)) return `${status}, ${formOfRecord(json)}`;
  return `${status}, ${/^(?:true|false|null|\d{1,2}|"(?:true|false|ok)")$/i.test(text) ? text : 'something else'}`;
}

function formOfRecord(json: JsonObject): string {
  const told = ['success', 'ok', 'revoked', 'deleted'].find((name) => name in json);
  return told === undefined ? 'an object' : `{"${told}": ${typeof json[told] === 'boolean' ? json[told] : '…'}}`;
}

/** The name of a field, unless it may be something else than a name. */
function quoteName(name: string): string {
  return /^[a-z][A-Za-z_]{0,30}$/.test(name) ? `\`${name}\`` : '(a name)';
}

/** As the action takes it. */
function copesWithRevocation(response: ProbeResponse): Copes {
  if (isGranted(response)) return isDenial(response) ? 'with a warning' : 'yes';
  return isRefusedByIcr(response) ? 'yes' : 'with a warning';
}

function isRefusedByIcr(response: ProbeResponse): boolean {
  const isRoute = describe(response) !== NO_ROUTE;
  return [401, 403, 404].includes(response.status) && isRoute && formOfError(response) === NEST;
}

function isGranted(response: ProbeResponse): boolean {
  return response.status >= 200 && response.status < 300 && !isHtml(response);
}

function isRefusal({ status }: ProbeResponse): boolean {
  return status >= 400 && status !== 429;
}

/** In a few words, and the action copes. */
function yes(response: ProbeResponse): Finding {
  return isGranted(response) ? told('taken', 'yes') : refused(response, 'yes');
}

function told(fact: string, copes: Copes): Finding {
  return { fact, copes, isTold: true };
}

function refused(refusal: ProbeResponse, copes: Copes): Finding {
  const fact = describe(refusal);
  return { ...told(fact, copes), ...(fact === NO_ROUTE ? {} : { refusal }) };
}

function untold(fact: string): Finding {
  return { fact, copes: 'yes', isTold: false };
}

function describe(response: ProbeResponse): string {
  const { status, text } = response;
  const page = isHtml(response) ? ' with a page of HTML' : '';
  if (status >= 300 && status < 400) return `redirected, ${status}`;
  if (status === 404 && /\bCannot [A-Z]+ \//.test(text)) return NO_ROUTE;
  if (status >= 500) return `failed, ${status}${page}`;
  if (status >= 400) return `refused, ${status}${page}`;
  return `${status}${page}`;
}

function formOfError(response: ProbeResponse): string {
  const { json, text, status } = response;
  if (isHtml(response)) return 'a page of HTML';
  if (text.trim() === '') return 'no body';
  if (!isJsonObject(json)) return json === undefined ? 'text' : 'JSON that is no object';
  if (json['statusCode'] === status && json['message'] !== undefined) return NEST;
  return Object.keys(json).map(quoteName).join(' and ');
}

/** @throws NotAsked if there is none */
function responsesOf({ exchanges }: Session): ProbeResponse[] {
  const responses = exchanges.flatMap(({ response }) => response ?? []);
  if (responses.length === 0) throw new NotAsked('nothing was answered');
  return responses;
}

/** Undefined if the response has no date. */
function clockAhead(exchange: Exchange | undefined): number | undefined {
  const date = Date.parse(exchange?.response?.headers.date ?? '');
  return exchange === undefined || Number.isNaN(date) ? undefined : Math.round((date - exchange.sentAt) / 1000);
}

function isAboutRate(name: string): boolean {
  return /rate-?limit/i.test(name) || name === 'retry-after';
}
