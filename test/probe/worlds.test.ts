/** Checks that the probe names what is different about an API, and nothing else, and that its recording can be played. */
import assert from 'node:assert/strict';
import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { APP_ID, createScene, PEM, type Scene, type SceneOptions } from '../support/scene.ts';
import type { Settings } from '../support/simulator/simulator.ts';
import { readApp } from './app-jwt.ts';
import { askQuestions, type Row } from './questions.ts';
import { type Recording, record } from './recording.ts';
import { askReference } from './reference.ts';
import { runProbe } from './run.ts';
import { MAX_REQUESTS, openSession } from './session.ts';
import { formatTable, isDifferent, judge } from './table.ts';
import { toWorld } from './world.ts';

interface Case {
  readonly title: string;
  readonly options: { basePath?: string; settings: Partial<Settings> };
  /** What the table marks: the rows and their facts. */
  readonly marks: Readonly<Record<string, string>>;
  /** What the settings don't reach, and what the table marks if the recording is played. */
  readonly unreached?: { readonly list: readonly string[]; readonly marks: Case['marks'] };
  readonly works: boolean;
}

const NO_ROUTE_AT_ALL = 'no such route';

const CASES: readonly Case[] = [
  {
    title: 'no route for an organization',
    options: { settings: { organizationInstallationRoute: false } },
    marks: { 'organization-route': NO_ROUTE_AT_ALL, 'organization-unknown': NO_ROUTE_AT_ALL },
    works: true,
  },
  {
    title: 'the organization itself from its route',
    options: { settings: { organizationInstallationRoute: 'organization' } },
    marks: { 'organization-route': 'the organization itself' },
    works: true,
  },
  {
    title: 'a wrapped answer of the organization’s route',
    options: { settings: { answers: { organization: { under: 'installation' } } } },
    marks: { 'organization-route': 'something under `installation`' },
    works: true,
  },
  {
    title: 'an organization that is named flat',
    options: { settings: { organizationAs: 'organizationId' } },
    marks: { 'list-organization': '`organizationId`', 'installation-organization': '`organizationId`' },
    works: true,
  },
  {
    title: 'whole numbers for ids',
    options: { settings: { numericIds: true } },
    marks: { 'list-ids': 'a whole number' },
    works: true,
  },
  {
    title: 'the list under another name',
    options: { settings: { listUnder: 'data' } },
    marks: { 'list-name': '`data`' },
    works: true,
  },
  {
    title: 'a query that is refused',
    options: { settings: { listQuery: 400 } },
    marks: {
      'list-100': 'refused, 400',
      'list-10': 'refused, 400',
      'list-limit': 'refused, 400',
      'list-beyond': 'refused, 400',
    },
    works: true,
  },
  {
    title: 'a small page at most',
    options: { settings: { maxPageSize: 10 } },
    marks: { 'list-100': 'taken, 10 at most' },
    works: true,
  },
  {
    title: 'a large page refused',
    options: { settings: { maxPageSize: 10, overMaxPageSize: 'refuse' } },
    marks: { 'list-100': 'refused, 400' },
    works: true,
  },
  {
    title: 'pages counted from 1, the first of which page 0 is, too',
    options: { settings: { pageZero: 'like page 1' } },
    marks: { 'list-pages': 'from 1; page 0 is page 1' },
    works: true,
  },
  {
    title: 'a page beyond the end that is refused',
    options: { settings: { pageBeyond: 404 } },
    marks: { 'list-beyond': 'refused, 404' },
    works: true,
  },
  {
    title: 'a total that counts one page',
    options: { settings: { listTotal: 'page' } },
    marks: { 'list-total': 'the page' },
    works: true,
  },
  {
    title: 'no pagination',
    options: { settings: { listPagination: false } },
    marks: { 'list-total': 'nothing: there is none', 'list-current-page': 'missing' },
    works: true,
  },
  {
    title: 'JWTs of less than 10 minutes',
    options: { settings: { jwtLongestSeconds: 540 } },
    marks: { 'jwt-600': 'refused, 401' },
    works: true,
  },
  {
    title: 'JWTs of 5 minutes at most, and what differs behind that',
    options: { settings: { revokeRefusalStatus: 404, jwtLongestSeconds: 300 } },
    marks: { jwt: 'refused, 401', 'jwt-600': 'refused, 401', 'revoke-again': 'refused, 404', action: 'no token' },
    works: false,
  },
  {
    title: 'JWTs of 5 minutes at most, together with a slow clock and a list that takes no query',
    options: { settings: { jwtLongestSeconds: 300, clockAheadSeconds: -3600, listQuery: 400 } },
    marks: {
      jwt: 'refused, 401',
      'jwt-600': 'refused, 401',
      'list-100': 'refused, 400',
      'list-10': 'refused, 400',
      'list-limit': 'refused, 400',
      'list-beyond': 'refused, 400',
      date: '60 minutes slow',
      action: 'no token',
    },
    works: false,
  },
  {
    title: 'JWTs that are refused with 403',
    options: { settings: { jwtRefusalStatus: 403 } },
    marks: {
      'jwt-alg': 'refused, 403',
      'jwt-key': 'refused, 403',
      'jwt-slow': 'refused, 403',
      'jwt-fast': 'refused, 403',
    },
    works: true,
  },
  {
    title: 'JWTs that need no claim `alg`',
    options: { settings: { jwtNeedsAlgClaim: false } },
    marks: { 'jwt-alg': 'taken' },
    works: true,
  },
  {
    title: 'a version header that is needed',
    options: { settings: { apiVersionHeader: 'needed' } },
    marks: { 'version-none': 'refused, 400' },
    works: true,
  },
  {
    title: 'a clock that is an hour slow',
    options: { settings: { clockAheadSeconds: -3600 } },
    marks: { jwt: 'taken with the server’s time', date: '60 minutes slow' },
    works: true,
  },
  {
    title: 'a mint with another status',
    options: { settings: { mintStatus: 200 } },
    marks: { mint: '200' },
    works: true,
  },
  {
    title: 'a mint that does not say when the token ends',
    options: { settings: { mintPatch: { expiresAt: undefined } } },
    marks: { 'mint-fields': '`expiresAt`', 'mint-expiry': 'it does not say' },
    works: true,
  },
  {
    title: 'a mint that does not name the organization',
    options: { settings: { mintPatch: { organizationId: undefined } } },
    marks: { 'mint-fields': '`organizationId`', 'mint-organization': 'missing', action: 'no token' },
    works: false,
  },
  {
    title: 'a token under another name',
    options: { settings: { tokenField: 'accessToken' } },
    marks: {
      'mint-token': 'in `accessToken`: `crs_` and 48 hexadecimal digits',
      'mint-fields': '`token`',
      action: 'no token',
    },
    works: false,
  },
  {
    title: 'a token that replicas do not know at first',
    options: { settings: { replicaLag: { requests: 1, status: 404 } } },
    marks: { 'token-new': 'refused, 404, then granted', 'revoke-app': 'refused, 404' },
    works: true,
  },
  {
    title: 'a revocation that answers a record',
    options: { settings: { answers: { revoke: { status: 202, json: { success: true } } } } },
    marks: { revoke: '202, {"success": true}', 'revoke-app': '202, {"success": true}' },
    works: true,
  },
  {
    title: 'a revocation that does nothing',
    options: { settings: { revokeWorks: false } },
    marks: { 'token-revoked': 'granted all the same', 'revoke-again': '200, true' },
    works: false,
  },
  {
    title: 'a dead token that is told with 404',
    options: { settings: { revokeRefusalStatus: 404 } },
    marks: { 'revoke-again': 'refused, 404' },
    works: true,
  },
  {
    title: 'app tokens that can’t be revoked',
    options: { settings: { revokeTakesAppTokens: false } },
    marks: { 'revoke-app': 'refused, 403' },
    works: true,
  },
  {
    title: 'errors as text',
    options: { settings: { errorForm: 'text' } },
    marks: { 'error-form': 'text' },
    works: true,
  },
  {
    title: 'errors as pages of HTML',
    options: { settings: { errorForm: 'html' } },
    marks: {
      'organization-unknown': 'refused, 404 with a page of HTML',
      'list-wrong-limit': 'refused, 400 with a page of HTML',
      'installation-unknown': 'refused, 404 with a page of HTML',
      'jwt-alg': 'refused, 401 with a page of HTML',
      'jwt-key': 'refused, 401 with a page of HTML',
      'jwt-slow': 'refused, 401 with a page of HTML',
      'jwt-fast': 'refused, 401 with a page of HTML',
      'version-wrong': 'refused, 400 with a page of HTML',
      'path-version': 'refused, 404 with a page of HTML',
      'token-revoked': 'refused, 403 with a page of HTML',
      'revoke-again': 'refused, 401 with a page of HTML',
      'missing-route': 'refused, 404 with a page of HTML',
      'error-form': 'a page of HTML',
    },
    works: true,
  },
  {
    title: 'compressed bodies',
    options: { settings: { gzip: true } },
    marks: { encoding: 'gzip', action: 'no token' },
    works: false,
  },
  {
    title: 'an API below /v0.5 alone',
    options: { basePath: '/v0.5', settings: {} },
    marks: {
      'list-plain': NO_ROUTE_AT_ALL,
      'list-100': NO_ROUTE_AT_ALL,
      'list-10': NO_ROUTE_AT_ALL,
      'organization-route': NO_ROUTE_AT_ALL,
      jwt: NO_ROUTE_AT_ALL,
      'jwt-240': NO_ROUTE_AT_ALL,
      'jwt-600': NO_ROUTE_AT_ALL,
      'jwt-typ': NO_ROUTE_AT_ALL,
      'jwt-alg': NO_ROUTE_AT_ALL,
      'jwt-key': NO_ROUTE_AT_ALL,
      'jwt-slow': NO_ROUTE_AT_ALL,
      'jwt-fast': NO_ROUTE_AT_ALL,
      'version-none': NO_ROUTE_AT_ALL,
      'path-version': 'taken',
      action: 'no token',
    },
    works: false,
  },
  {
    title: 'headers about a rate limit',
    options: { settings: { answers: { all: { headers: { 'RateLimit-Remaining': '99' } } } } },
    marks: { 'rate-headers': 'ratelimit-remaining' },
    works: true,
  },
  {
    title: 'a rate limit, of which the settings want a number that nobody has seen',
    options: { settings: { rateLimit: { perSecond: 25, retryAfterSeconds: 1, retryAfterAs: 'seconds' } } },
    marks: { 'rate-headers': 'retry-after' },
    unreached: { list: ['Headers about a rate limit: retry-after'], marks: {} },
    works: true,
  },
];

let reference: readonly Row[];

before(async () => {
  reference = await askReference(new AbortController().signal);
});

test('the probe finds nothing to mark in the simulator’s default world', async () => {
  const { marks, recording, works } = await probe({});
  assert.deepEqual(marks, {});
  assert.equal(works, true);
  assert.deepEqual(toWorld(recording), { basePath: '', settings: {}, unreached: [] });
  assert.ok(recording.exchanges.length <= 40);
});

describe('The probe names', () => {
  for (const { title, options, marks, unreached = { list: [], marks }, works } of CASES) {
    test(title, async () => {
      const seen = await probe(options);
      assert.deepEqual(seen.marks, marks);
      assert.equal(seen.works, works);

      await using folder = await mkdtempDisposable(join(tmpdir(), 'icr-probe-'));
      const file = join(folder.path, 'probe.json');
      await writeFile(file, JSON.stringify(seen.recording));
      const played = await probe({ world: file });
      assert.deepEqual(toWorld(seen.recording).unreached, unreached.list);
      assert.deepEqual(played.marks, unreached.marks);
    });
  }
});

test('the probe quotes why the action’s JWT is refused, and says which one is taken', async () => {
  const { recording, sentence } = await probe({ settings: { jwtLongestSeconds: 300 } });
  const words = 'JWT refused: claim exp is more than 5 minutes ahead';
  assert.equal(
    sentence,
    `The action does not work with this API: it refuses the action’s JWT (“${words}”), and takes one for 240 s.`,
  );
  assert.ok(formatTable(recording.rows, 'This API').includes(`| refused, 401 (“${words}”) `));
});

for (const [title, settings] of [
  ['401', { jwtLongestSeconds: 0 }],
  ['401, where organizations have no route', { jwtLongestSeconds: 0, organizationInstallationRoute: false }],
  ['403, as text', { jwtLongestSeconds: 0, jwtRefusalStatus: 403, errorForm: 'text' }],
] satisfies readonly (readonly [string, Partial<Settings>])[]) {
  test(`no question is answered by a JWT that is refused with ${title}`, async () => {
    const { recording, marks, sentence } = await probe({ settings });
    const { jwtRefusalStatus = 401, errorForm } = settings;
    const refusal = `refused, ${jwtRefusalStatus}`;
    const form = errorForm === undefined ? {} : { 'error-form': errorForm };
    assert.deepEqual(marks, { jwt: refusal, 'jwt-240': refusal, ...form, action: 'no token' });
    const unasked = recording.rows.filter(({ fact }) => fact === 'not asked: the JWT is refused');
    assert.match(sentence, new RegExp(`it refuses the action’s JWT \\(“.+”\\)\\. ${unasked.length} questions could`));
    const world = toWorld(recording);
    const words = 'JWT refused: claim exp is more than 0 minutes ahead';
    const { jwtLongestSeconds, ...others } = world.settings;
    assert.equal(jwtLongestSeconds, 0);
    assert.deepEqual(others, {
      ...(errorForm === undefined ? {} : { jwtRefusalStatus }),
      jwtRefusalMessage: words,
    });
    assert.equal(world.unreached.length, unasked.length + Object.keys(form).length);
    const played = await probe({ settings: world.settings });
    assert.deepEqual(played.marks, { jwt: refusal, 'jwt-240': refusal, action: 'no token' });
    assert.equal(played.sentence, sentence);
  });
}

test('an API that takes short JWTs is not looked for below /v0.5, though it has that path, too', async () => {
  const { recording } = await probe({ settings: { jwtLongestSeconds: 300 } });
  const rows = recording.rows.map((row) => (row.id === 'path-version' ? { ...row, fact: 'taken' } : row));
  assert.deepEqual(toWorld({ ...recording, rows }), {
    basePath: '',
    settings: { jwtLongestSeconds: 300 },
    unreached: ['`/v0.5` before the path: taken'],
  });
});

test('a 404 to every JWT may be about the path, so the rest is asked and no JWT is blamed', async () => {
  const { recording, sentence } = await probe({ settings: { jwtLongestSeconds: 0, jwtRefusalStatus: 404 } });
  assert.match(sentence, /: no token \(A JWT as the action signs it, for 540 s: refused, 404\)\.$/);
  assert.equal(recording.rows.find(({ id }) => id === 'path-version')?.fact, 'no such route');
  assert.equal(toWorld(recording).settings.jwtRefusalStatus, 404);
});

test('silence and a redirect of one route can be played, and a connection that is cut can’t', async () => {
  const redirect = { status: 302, headers: { Location: 'https://login.example/' }, text: '', atOnce: true };
  const silence = { atOnce: true, delayMs: 60_000 };
  await using scene = await createScene({ settings: { answers: { installation: redirect, organization: silence } } });
  scene.simulator.fault({ path: '/app/accessTokens', effect: { kind: 'reset' } });
  const { signal } = new AbortController();
  const subject = { app: readApp(APP_ID, PEM), organizationId: scene.nordic.organization.id };
  const session = openSession({
    baseUrl: scene.simulator.url,
    pauseMs: 0,
    seconds: 60,
    cancelled: signal,
    attemptMs: 300,
  });
  const rows = await askQuestions(session, subject);
  await session.revokeAll();
  session.close();
  const { settings, unreached } = toWorld(record('another', session, subject, rows, reference));
  assert.deepEqual(settings.answers?.organization, { atOnce: true, delayMs: 3_600_000 });
  assert.equal(settings.answers?.installation?.status, 302);
  assert.equal(settings.answers?.installation?.atOnce, true);
  assert.deepEqual(unreached, ['The mint of an app token: no answer (ECONNRESET)']);
});

async function probe(options: SceneOptions) {
  await using scene = await createScene(options);
  fill(scene);
  const { signal } = new AbortController();
  const subject = { app: readApp(APP_ID, PEM), organizationId: scene.nordic.organization.id };
  const { origin } = new URL(scene.simulator.url);
  const { session, rows } = await runProbe(
    { baseUrl: origin, pauseMs: 0, seconds: 60, cancelled: signal, attemptMs: 1000 },
    subject,
  );
  const { settings } = scene.simulator;
  const canRevoke = settings.revokeWorks && settings.revokeTakesAppTokens;
  if (canRevoke) assert.equal(scene.liveTokens(), 0);
  assert.equal(scene.simulator.requests().length, session.exchanges.length);
  assert.ok(session.exchanges.length <= MAX_REQUESTS);
  const recording: Recording = record('another', session, subject, rows, reference);
  const marks = Object.fromEntries(recording.rows.filter(isDifferent).map(({ id, fact }) => [id, fact]));
  return { marks, recording, ...judge(recording.rows, session.stopped()) };
}

/** So that the list has a second page, however long a page is. */
function fill({ simulator }: Scene): void {
  for (let count = 0; count < 10; count += 1) simulator.addInstallation({ appId: APP_ID });
}
