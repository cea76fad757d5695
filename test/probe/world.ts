/** Turns a recording into settings of the simulator, and lists what they do not reach. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isJsonObject, type Json } from '../support/simulator/replies.ts';
import type { Answer, RouteName, Settings } from '../support/simulator/settings.ts';
import type { RecordedExchange, RecordedRow, Recording } from './recording.ts';

/** For a recorded answer that did not come. */
const HANG_MS = 60 * 60_000;
const ERROR_FORMS: Readonly<Record<string, Settings['errorForm']>> = {
  '`message`': 'message',
  '`error`': 'error.message',
  '`errors`': 'errors',
  '`title` and `status` and `detail`': 'detail',
  '`type` and `title` and `status`': 'title',
  text: 'text',
  'a page of HTML': 'html',
  'no body': 'empty',
};

export interface World {
  readonly basePath: string;
  readonly settings: Partial<Settings>;
  /** What differs from the simulator and can't be set: the title of a row and the fact. */
  readonly unreached: readonly string[];
}

export function readWorld(file: string): World {
  const recording: Recording = JSON.parse(readFileSync(file, 'utf8'));
  return toWorld(recording);
}

export function toWorld({ rows, exchanges }: Recording): World {
  const different = rows.filter(({ isTold, fact, simulator }) => isTold && fact !== simulator);
  const facts = new Map(different.map(({ id, fact }) => [id, fact]));
  const settings: Partial<Settings> = {};
  const answers: Partial<Record<RouteName | 'all', Answer>> = {};
  // The action's row follows from the others.
  const explained = new Set(['action']);

  const fact = (id: string) => facts.get(id);
  const status = (id: string) => numberIn(/^(?:refused|failed|redirected), (\d+)/, fact(id));
  const last = (id: string) => exchanges.findLast(({ question }) => question === id);
  const set = (change: Partial<Settings>, ...ids: string[]) => {
    Object.assign(settings, change);
    for (const id of ids) explained.add(id);
  };
  const replace = (route: RouteName, ...ids: string[]) => {
    const [id = ''] = ids;
    const exchange = exchanges.find(({ question }) => question === id);
    const answer = exchange && toAnswer(exchange);
    if (answer === undefined) return;
    answers[route] = answer;
    for (const other of ids) if (fact(other) === fact(id)) explained.add(other);
  };

  const isTaken = (id: string) => rows.some((row) => row.id === id && row.fact.startsWith('taken'));
  const isShortTaken = isTaken('jwt-240');
  if (isTaken('path-version') && !isTaken('jwt') && !isShortTaken) {
    // What is below it was not asked.
    return { basePath: '/v0.5', settings: { outsideBasePath: status('list-plain') ?? 404 }, unreached: [] };
  }
  const jwtRefusal = numberIn(/^refused, (\d+)/, fact('jwt'));
  if (!isTaken('jwt') && !isShortTaken) return worldWithoutJwt(rows, jwtRefusal);

  const form = ERROR_FORMS[fact('error-form') ?? ''];
  if (form !== undefined) set({ errorForm: form }, 'error-form', 'missing-route', 'path-version', 'version-wrong');
  // The words of a missing route are lost in some of these forms, or a page of HTML is named.
  if (form !== undefined) for (const [id, text] of facts) if (isSameRefusal(text, rows, id)) explained.add(id);

  // The JWT and the version.
  const refusal = status('jwt-key');
  if (refusal !== undefined) {
    set({ jwtRefusalStatus: refusal }, 'jwt-key');
    for (const id of ['jwt-alg', 'jwt-slow', 'jwt-fast']) if (fact(id) === fact('jwt-key')) explained.add(id);
  }
  if (fact('jwt-alg') === 'taken') set({ jwtNeedsAlgClaim: false }, 'jwt-alg');
  if (jwtRefusal !== undefined) set({ jwtLongestSeconds: 300 }, 'jwt', 'jwt-600');
  else if (status('jwt-600') !== undefined) set({ jwtLongestSeconds: 540 }, 'jwt-600');
  if (status('version-none') !== undefined) set({ apiVersionHeader: 'needed' }, 'version-none');
  if (fact('version-wrong') === 'taken') set({ apiVersionHeader: 'ignored' }, 'version-wrong');

  // Single routes.
  const organization = fact('organization-route');
  const under =
    /^something under `(\w+)`$/.exec(organization ?? '')?.[1] ?? (organization === 'a list' ? '[]' : undefined);
  if (organization === 'no such route')
    set({ organizationInstallationRoute: false }, 'organization-route', 'organization-unknown');
  else if (organization === 'the organization itself')
    set({ organizationInstallationRoute: 'organization' }, 'organization-route');
  else if (organization?.startsWith('another') === true) {
    set({ organizationInstallationRoute: 'another' }, 'organization-route', 'organization-unknown');
  } else if (under !== undefined) {
    answers.organization = { under };
    explained.add('organization-route');
  } else if (organization !== undefined) replace('organization', 'organization-route', 'organization-unknown');
  if (facts.has('installation')) replace('installation', 'installation', 'installation-unknown');
  if (facts.has('app-token')) replace('appToken', 'app-token');

  // The list.
  const name = fact('list-name');
  if (name?.startsWith('nothing') === true) set({ listUnder: '' }, 'list-name', 'list-total', 'list-current-page');
  else if (name !== undefined && wordIn(name) !== undefined) set({ listUnder: wordIn(name) ?? '' }, 'list-name');
  const named = fact('list-organization');
  if (named === '`organizationId`')
    set({ organizationAs: 'organizationId' }, 'list-organization', 'installation-organization');
  if (named === '`organization`, as a text')
    set({ organizationAs: 'text' }, 'list-organization', 'installation-organization');
  if (fact('list-ids') === 'a whole number') set({ numericIds: true }, 'list-ids');

  const most = numberIn(/^taken, (\d+) at most$/, fact('list-100'));
  const refusedQuery = status('list-100');
  const pages = fact('list-pages');
  if (fact('list-limit')?.startsWith('nothing') === true) {
    const queries = ['list-100', 'list-10', 'list-limit', 'list-pages', 'list-beyond', 'list-wrong-limit'];
    set({ listQuery: 'ignored', defaultPageSize: most ?? 1000 }, ...queries);
  } else if (pages === 'from 1; page 0 is refused') {
    set({ pageZero: 'refused' }, 'list-100', 'list-10', 'list-limit', 'list-pages', 'list-total', 'list-current-page');
  } else if (refusedQuery !== undefined && status('list-10') !== undefined) {
    set({ listQuery: refusedQuery }, 'list-100', 'list-10', 'list-limit', 'list-beyond', 'list-wrong-limit');
  } else if (refusedQuery !== undefined) set({ maxPageSize: 10, overMaxPageSize: 'refuse' }, 'list-100');
  else if (most !== undefined) set({ maxPageSize: most }, 'list-100');
  if (pages === 'from 1; page 0 is page 1') set({ pageZero: 'like page 1' }, 'list-pages');
  if (pages === 'from 1; page 0 is empty') set({ pageZero: 'empty' }, 'list-pages', 'list-current-page');
  if (pages === 'from 0; page 1 repeats some of page 0') set({ listOverlap: 1 }, 'list-pages');
  if (pages?.startsWith('not at all') === true && !facts.has('list-limit')) {
    set({ listIgnoresPage: true }, 'list-pages', 'list-beyond');
  } else if (fact('list-beyond') === 'not empty') set({ pageBeyond: 'last page' }, 'list-beyond');
  const beyond = status('list-beyond');
  if (beyond !== undefined && settings.listQuery === undefined) set({ pageBeyond: beyond }, 'list-beyond');
  const total = fact('list-total');
  if (total === 'nothing: there is none') set({ listPagination: false }, 'list-total', 'list-current-page');
  else if (total === 'the page') set({ listTotal: 'page' }, 'list-total');
  else if (total !== undefined) set({ listTotal: totalIn(last('list-10')) }, 'list-total');
  if (fact('list-current-page') === '0' && settings.pageZero === undefined)
    set({ paginationBase: 0 }, 'list-current-page');

  // The mint.
  const mint = last('mint')?.response;
  const mintStatus = numberIn(/^(20[0-9])$/, fact('mint'));
  if (mintStatus !== undefined) set({ mintStatus }, 'mint');
  else if (facts.has('mint')) replace('mint', 'mint', 'mint-no-body');
  const token = fact('mint-token');
  const [, wrapper, inner] = /^in (?:`(\w+)`, )?`(\w+)`:/.exec(token ?? '') ?? [];
  if (wrapper !== undefined) {
    answers.mint = { under: wrapper };
    for (const id of facts.keys()) if (id.startsWith('mint-')) explained.add(id);
  }
  if (token !== undefined && inner !== undefined && (inner !== 'token' || wrapper === undefined)) {
    set({ tokenField: inner, ...tokenMaker(token) }, 'mint-token');
    if (inner !== 'token' && fact('mint-fields') === '`token`') explained.add('mint-fields');
  }
  const missing =
    wrapper === undefined ? [...(fact('mint-fields') ?? '').matchAll(/`(\w+)`/g)].map(([, field = '']) => field) : [];
  const patch: Record<string, Json | undefined> = {};
  for (const field of missing) if (field !== 'token') patch[field] = undefined;
  if (missing.length > 0) set({}, 'mint-fields');
  if (missing.includes('organizationId')) explained.add('mint-organization');
  if (missing.includes('isActive')) explained.add('mint-active');
  if (missing.includes('expiresAt')) explained.add('mint-expiry');
  if (missing.includes('permissions')) explained.add('mint-levels');
  if (fact('mint-organization')?.startsWith('another') === true) {
    patch['organizationId'] = 'another-organization';
    explained.add('mint-organization');
  }
  if (fact('mint-active') === 'false') {
    patch['isActive'] = false;
    explained.add('mint-active');
  }
  if (fact('mint-expiry') === 'not in ISO 8601') {
    patch['expiresAt'] = 'in two hours';
    explained.add('mint-expiry');
  }
  const minutes = numberIn(/^(-?\d+) minutes$/, fact('mint-expiry'));
  if (minutes !== undefined) set({ tokenLifetimeSeconds: minutes * 60 }, 'mint-expiry');
  if (fact('mint-levels') === 'others') {
    patch['permissions'] = fieldIn(mint?.body?.json, 'permissions') ?? null;
    explained.add('mint-levels');
  }
  if (Object.keys(patch).length > 0) set({ mintPatch: patch });

  // The token and its end.
  const lag = numberIn(/^refused, (\d+), then granted$/, fact('token-new'));
  if (lag !== undefined) set({ replicaLag: { requests: 1, status: lag } }, 'token-new', 'revoke-app');
  if (fact('token-revoked') === 'granted all the same') set({ revokeWorks: false }, 'token-revoked', 'revoke-again');
  if (facts.has('revoke')) {
    replace('revoke', 'revoke', 'revoke-app', 'revoke-again');
    // Then nothing was revoked, so nothing else was asked.
    if (answers.revoke?.atOnce === true) set({}, 'token-revoked');
  } else if (status('revoke-again') !== undefined)
    set({ revokeRefusalStatus: status('revoke-again') ?? 401 }, 'revoke-again');
  if (fact('revoke-app') === 'refused, 403' && !facts.has('revoke')) set({ revokeTakesAppTokens: false }, 'revoke-app');

  // Every answer.
  if (fact('date') === 'there is none') set({ sendDate: false }, 'date');
  const [, off, direction] = /^(\d+) minutes (fast|slow)$/.exec(fact('date') ?? '') ?? [];
  if (off !== undefined) set({ clockAheadSeconds: Number(off) * (direction === 'fast' ? 60 : -60) }, 'date', 'jwt');
  if (fact('encoding') === 'gzip') set({ gzip: true }, 'encoding');
  const rate = fact('rate-headers');
  if (rate !== undefined && !rate.includes('retry-after')) {
    answers.all = { headers: rateHeadersIn(exchanges) };
    explained.add('rate-headers');
  }

  if (Object.keys(answers).length > 0) settings.answers = answers;
  const unreached = different.filter(({ id }) => !explained.has(id)).map(({ title, fact }) => `${title}: ${fact}`);
  return { basePath: '', settings, unreached };
}

/** No JWT was taken, so nothing is known of what is behind it. */
function worldWithoutJwt(rows: readonly RecordedRow[], refusal: number | undefined): World {
  const words = rows.find(({ id }) => id === 'jwt')?.words;
  const settings: Partial<Settings> =
    refusal === undefined
      ? {}
      : {
          jwtLongestSeconds: 0,
          ...(refusal === 401 ? {} : { jwtRefusalStatus: refusal }),
          ...(words === undefined ? {} : { jwtRefusalMessage: words }),
        };
  const explained = refusal === undefined ? ['action'] : ['action', 'jwt', 'jwt-240'];
  const others = rows.filter(({ id, isTold, fact, simulator }) => {
    const isDifferent = isTold ? fact !== simulator : fact.startsWith('not asked');
    return isDifferent && !explained.includes(id);
  });
  return { basePath: '', settings, unreached: others.map(({ title, fact }) => `${title}: ${fact}`) };
}

/** What a route answers: to what it grants, or else before it looks at the request. Undefined if that can't be set. */
function toAnswer({ response, failure = '' }: RecordedExchange): Answer | undefined {
  // A connection that is cut is a fault and no setting.
  if (response === undefined)
    return failure.startsWith('nothing within') ? { atOnce: true, delayMs: HANG_MS } : undefined;
  const { status, headers, body } = response;
  const isGranted = status >= 200 && status < 300;
  const type = headers['content-type'];
  const sent = {
    ...(type === undefined ? {} : { 'Content-Type': type }),
    // Where it really leads is not in the recording.
    ...(headers['location'] === undefined ? {} : { Location: 'https://elsewhere.example/' }),
  };
  const content = body?.json === undefined ? { text: textOf(body) } : { json: body.json };
  return { status, headers: sent, ...content, ...(isGranted && body?.kind === undefined ? {} : { atOnce: true }) };
}

function textOf(body: NonNullable<RecordedExchange['response']>['body']): string {
  if (body?.text !== undefined) return body.text;
  return body?.kind === 'HTML' ? '<html><body>A page of HTML</body></html>' : (body?.kind ?? '');
}

/** Whether a form of errors explains it: the same status, or a missing route whose words got lost. */
function isSameRefusal(text: string, rows: readonly RecordedRow[], id: string): boolean {
  const simulator = rows.find((row) => row.id === id)?.simulator ?? '';
  const plain = text.replace(' with a page of HTML', '');
  return plain === simulator || (plain === 'refused, 404' && simulator === 'no such route');
}

function numberIn(pattern: RegExp, fact = ''): number | undefined {
  const [, digits] = pattern.exec(fact) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

function wordIn(fact: string): string | undefined {
  return /^`(\w+)`$/.exec(fact)?.[1];
}

/** Of tokens in the form that was seen. */
function tokenMaker(fact: string): Partial<Settings> {
  const [, prefix, digits] = /`(\w+_)` and (\d+) hexadecimal digits$/.exec(fact) ?? [];
  const length = Number(digits ?? numberIn(/(\d+) characters$/, fact) ?? 0);
  if (length === 0) return {};
  return { makeToken: () => `${prefix ?? ''}${randomBytes(length).toString('hex').slice(0, length)}` };
}

function totalIn(exchange: RecordedExchange | undefined): number | undefined {
  const total = fieldIn(fieldIn(exchange?.response?.body?.json, 'pagination'), 'total');
  return typeof total === 'number' ? total : undefined;
}

function fieldIn(json: Json | undefined, name: string): Json | undefined {
  return isJsonObject(json) ? json[name] : undefined;
}

function rateHeadersIn(exchanges: readonly RecordedExchange[]): Record<string, string> {
  const headers = exchanges.flatMap(({ response }) => Object.entries(response?.headers ?? {}));
  return Object.fromEntries(headers.filter(([name]) => /rate-?limit/.test(name)));
}
