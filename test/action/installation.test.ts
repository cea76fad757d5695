/** Which installation the token is for: each rule, in their order. What an API may answer is in worlds.test.ts. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { shortenSecond } from '../support/faults/short-second.ts';
import { assertFailed, assertSucceeded } from '../support/runner.ts';
import { APP_ID, createScene, PRIVATE, type Scene } from '../support/scene.ts';
import { type Effect, empty, html, json, redirect, type Settings } from '../support/simulator/simulator.ts';

/** Ten times faster than in production. */
const SECOND_MS = 100;
const LIST = (page: number) => `GET /app/installations?limit=100&page=${page}`;
const READ = (id: string) => `GET /app/installations/${id}`;
const MINT = (id: string) => `POST /app/installations/${id}/accessTokens`;
const LOOK_UP = (id: string) => `GET /app/organizations/${id}/installation`;
const UNKNOWN = { 'organization-id': 'f7f7f7f7-0000-4000-8000-000000000000' };

const short = await shortenSecond(SECOND_MS);
after(() => short[Symbol.asyncDispose]());

function addMany(scene: Scene, count: number, name = (index: number) => `Organization ${index}`) {
  return Array.from({ length: count }, (_, index) =>
    scene.simulator.addInstallation({ appId: APP_ID, organization: { fullName: name(index) } }),
  );
}

describe('installation-id', () => {
  test('alone is one request on one connection', async () => {
    await using scene = await createScene();
    const result = await scene.main({ 'installation-id': scene.baltic.id });
    assertSucceeded(result);
    assert.deepEqual(scene.asked(), [MINT(scene.baltic.id)]);
    assert.equal(scene.simulator.connections(), 1);
    assert.equal(result.outputs.get('organization-id'), scene.baltic.organization.id);
    assert.match(result.stdout, /chosen by `installation-id`/);
  });

  test('beside organization-id is confirmed before anything is minted', async () => {
    await using scene = await createScene();
    const { id, organization } = scene.nordic;
    assertSucceeded(await scene.main({ 'installation-id': id, 'organization-id': organization.id }));
    assert.deepEqual(scene.asked(), [READ(id), MINT(id)]);
  });

  test('of another organization is an error, and nothing is minted', async () => {
    await using scene = await createScene();
    const ids = { 'installation-id': scene.baltic.id, 'organization-id': scene.nordic.organization.id };
    assertFailed(
      await scene.main(ids, PRIVATE),
      /^`installation-id` and `organization-id` are of different organizations\. .*“Baltic Forests OÜ”/,
    );
    const told = await scene.main(ids);
    assertFailed(told, /is of another one, not of /);
    assert.doesNotMatch(told.stdout, /Baltic/, 'no names in a log that everybody reads');
    assert.equal(scene.simulator.tokens().length, 0);
  });

  test('whose answer names no organization is let through, and the check after minting decides', async () => {
    await using scene = await createScene();
    scene.baltic.organizationShownIn = 'nowhere';
    const ids = { 'installation-id': scene.baltic.id };
    assertSucceeded(await scene.main({ ...ids, 'organization-id': scene.baltic.organization.id }));
    const wrong = await scene.main({ ...ids, 'organization-id': scene.nordic.organization.id });
    assertFailed(wrong, /another organization.*was revoked/);
    assert.equal(scene.simulator.tokens().at(-1)?.state, 'revoked');
  });

  test('that does not exist is an error that says where the id came from', async () => {
    await using scene = await createScene();
    const alone = await scene.main({ 'installation-id': 'nowhere' });
    assertFailed(alone, /^ICR says “.*” \(404\)\. Compare `installation-id` .*\(chosen by `installation-id`\)/);
    assertFailed(await scene.main({ 'installation-id': 'nowhere', ...UNKNOWN }), /\(404\)\. Compare `installation-id`/);
    assert.deepEqual(scene.asked(), [MINT('nowhere'), READ('nowhere')]);
  });

  test('of ICR’s webhook is given as an input, and the event alone chooses nothing', async () => {
    await using scene = await createScene();
    const payload = {
      client_payload: { installation: { id: scene.nordic.id } },
      installation: { id: scene.nordic.id },
    };
    const event = { name: 'repository_dispatch', payload };
    const ids = { 'installation-id': scene.baltic.id };
    assert.deepEqual((await scene.main(ids, { event })).notices, []);
    assertFailed(await scene.main({}, { event }), /^Set `organization-id`: the app has 2 installations/);
    scene.nordic.state = 'uninstalled';
    assert.equal((await scene.main({}, { event })).outputs.get('installation-id'), scene.baltic.id);
  });
});

describe('organization-id', () => {
  test('is exactly two requests on one connection', async () => {
    await using scene = await createScene();
    const { id, organization } = scene.nordic;
    const result = await scene.main({ 'organization-id': organization.id });
    assertSucceeded(result);
    assert.deepEqual(scene.asked(), [LOOK_UP(organization.id), MINT(id)]);
    assert.equal(scene.simulator.connections(), 1);
    assert.equal(result.outputs.get('installation-id'), id);
  });

  const useless: Record<string, (scene: Scene) => Effect> = {
    ...Object.fromEntries(
      [400, 401, 403, 404, 405, 410, 422, 501].map((status) => [`${status}`, () => json({ message: 'no' }, status)]),
    ),
    'a page with 403': () => html(403),
    'a page': () => html(),
    nothing: () => empty(204),
    null: () => json(null),
    'a list': () => json([]),
    'no id': () => json({ organization: {} }),
    'a redirect': () => redirect('https://elsewhere.example/'),
    'more than 1 MiB': () => ({ kind: 'huge', bytes: 2 ** 21 }),
    '404 and more than 1 MiB': () => ({ kind: 'answer', status: 404, body: 'x'.repeat(2 ** 21) }),
    'the organization itself': ({ baltic }) => json({ id: baltic.organization.id, fullName: 'Baltic Forests OÜ' }),
    'another organization’s installation': ({ nordic: { id, organization } }) =>
      json({ id, organization: { id: organization.id, fullName: 'x' } }),
  };
  for (const [what, effect] of Object.entries(useless)) {
    test(`is looked for in the list if its own route answers ${what}`, async () => {
      await using scene = await createScene();
      const { id, organization } = scene.baltic;
      scene.simulator.fault({ path: '/app/organizations/**', effect: effect(scene) });
      const result = await scene.main({ 'organization-id': organization.id });
      assertSucceeded(result);
      assert.deepEqual(scene.asked(), [LOOK_UP(organization.id), LIST(0), MINT(id)]);
      assert.match(result.stdout, /^The organization’s own route gave no usable answer: reading the list/m);
    });
  }

  for (const [what, effect] of Object.entries({
    'never answers': { kind: 'hang' },
    'answers 503': empty(503),
    'cuts the connection': { kind: 'reset' },
  } as const)) {
    test(`is looked for in the list after 25 s at most if its own route ${what}`, async () => {
      await using scene = await createScene();
      scene.simulator.fault({ path: '/app/organizations/**', effect });
      const inputs = { 'organization-id': scene.baltic.organization.id };
      const result = await scene.main(inputs, { dist: short.dist });
      assertSucceeded(result);
      const list = scene.simulator.requests().find(({ path }) => path.startsWith('/app/installations?'));
      const [first] = scene.simulator.requests();
      assert.ok(list !== undefined && first !== undefined);
      const seconds = (list.at - first.at) / SECOND_MS;
      assert.ok(seconds < 27, `${seconds} s`);
    });
  }

  test('compares UUIDs without regard to case', async () => {
    await using scene = await createScene({ settings: { organizationInstallationRoute: false } });
    const result = await scene.main({ 'organization-id': scene.nordic.organization.id.toUpperCase() });
    assert.equal(result.outputs.get('organization-id'), scene.nordic.organization.id);
  });

  test('that names no organization in its answer is let through, and the check after minting decides', async () => {
    await using scene = await createScene();
    scene.baltic.organizationShownIn = 'nowhere';
    assertSucceeded(await scene.main({ 'organization-id': scene.baltic.organization.id }));
    scene.simulator.settings.mintPatch = { organizationId: scene.nordic.organization.id };
    assertFailed(
      await scene.main({ 'organization-id': scene.baltic.organization.id }),
      /another organization.*revoked/,
    );
  });

  test('is “not installed” only after the list was read to its end, with the organizations seen', async () => {
    await using scene = await createScene({ settings: { maxPageSize: 1, listPagination: false } });
    const result = await scene.main(UNKNOWN, PRIVATE);
    assertFailed(
      result,
      /^The app isn’t installed for organization f7f7f7f7.*Ask its admin.*Nordic Carbon ehf\.” .*Baltic Forests OÜ” /,
    );
    assert.deepEqual(scene.asked().slice(1), [LIST(0), LIST(1), LIST(2)]);
    const told = await scene.main(UNKNOWN);
    assertFailed(told, /^The app isn’t installed .*ICR’s list has 2 installations\. Their organizations are not shown/);
    assert.doesNotMatch(told.stdout, /Nordic|Baltic/);
  });

  test('is never “not installed” of a list that is not whole', async () => {
    await using scene = await createScene({ settings: { listQuery: 'ignored' } });
    addMany(scene, 28);
    const result = await scene.main(UNKNOWN);
    assertFailed(
      result,
      /^ICR says that the app has 30 installations, and its list gave 10\. Set `organization-id`, or, if it is set, `installation-id`: .*No token was minted\.$/,
    );
    assert.equal(scene.simulator.tokens().length, 0);
  });

  test('whose first installation is dead names the other one', async () => {
    await using scene = await createScene({ settings: { organizationInstallationRoute: false, listSuspended: true } });
    const { organization } = scene.nordic;
    scene.nordic.state = 'suspended';
    const again = scene.simulator.addInstallation({ appId: APP_ID, organization });
    const result = await scene.main({ 'organization-id': organization.id });
    assertFailed(
      result,
      new RegExp(`lists another installation of the organization: try .installation-id: ${again.id}`),
    );
  });

  test('is left at the match in the list', async () => {
    await using scene = await createScene({ settings: { organizationInstallationRoute: false, maxPageSize: 1 } });
    assertSucceeded(await scene.main({ 'organization-id': scene.nordic.organization.id }));
    assert.deepEqual(scene.asked().slice(1, -1), [LIST(0)]);
  });
});

describe('a list that does not name the organizations', () => {
  async function withoutNames(others: Partial<Settings> = {}, more = 0) {
    const scene = await createScene({ settings: { organizationInstallationRoute: false, ...others } });
    const all = [scene.nordic, scene.baltic, ...addMany(scene, more)];
    for (const installation of all) installation.organizationShownIn = 'single';
    return { scene, all, [Symbol.asyncDispose]: () => scene[Symbol.asyncDispose]() };
  }

  test('is completed by the installations themselves, however many', async () => {
    await using list = await withoutNames({}, 20);
    const last = list.all.at(-1);
    const result = await list.scene.main({ 'organization-id': last?.organization.id ?? '' });
    assert.equal(result.outputs.get('installation-id'), last?.id);
    const missing = await list.scene.main(UNKNOWN, PRIVATE);
    assertFailed(missing, /^The app isn’t installed .*“Nordic Carbon ehf\.” .*“Baltic Forests OÜ” /);
    assert.doesNotMatch(missing.errors[0] ?? '', /not named/);
  });

  const unreadable: Record<string, Effect> = {
    '400': json({ message: 'no' }, 400),
    '403': json({ statusCode: 403, message: 'Forbidden' }, 403),
    '404': json({ message: 'Installation not found' }, 404),
    '422': json({ message: 'no' }, 422),
    'another shape': json({ organization: 'none' }),
    'a page': html(),
  };
  for (const [what, effect] of Object.entries(unreadable)) {
    test(`is searched on after an installation that answers ${what}`, async () => {
      await using list = await withoutNames();
      const { scene } = list;
      scene.simulator.fault({ method: 'GET', path: `/app/installations/${scene.nordic.id}`, effect });
      const result = await scene.main({ 'organization-id': scene.baltic.organization.id });
      assert.equal(result.outputs.get('installation-id'), scene.baltic.id);
      const unknown = await scene.main(UNKNOWN);
      assertFailed(
        unknown,
        /^ICR doesn’t tell which installation is of the `organization-id`\. Set `installation-id`\./,
      );
    });
  }

  test('ends with the 401 of an installation, which is the app’s', async () => {
    await using list = await withoutNames();
    const { scene } = list;
    const effect = json({ statusCode: 401, message: 'no' }, 401);
    scene.simulator.fault({ method: 'GET', path: `/app/installations/${scene.nordic.id}`, effect });
    assertFailed(await scene.main({ 'organization-id': scene.baltic.organization.id }), /answered 401/);
    assert.equal(scene.simulator.tokens().length, 0);
  });

  test('does not lead to “not installed” if these do not name them either', async () => {
    await using list = await withoutNames();
    const { scene } = list;
    scene.baltic.organizationShownIn = 'nowhere';
    const result = await scene.main({ 'organization-id': scene.baltic.organization.id }, PRIVATE);
    assertFailed(result, /^ICR doesn’t tell .*Set `installation-id`.*Nordic Carbon.*an organization that is not named/);
    assert.equal(scene.simulator.tokens().length, 0);
  });
});

describe('without any id', () => {
  test('the app’s only installation is taken, and the line after the mint says that nothing was set', async () => {
    await using scene = await createScene();
    scene.nordic.state = 'uninstalled';
    const result = await scene.main();
    assertSucceeded(result);
    assert.equal(result.outputs.get('installation-id'), scene.baltic.id);
    assert.match(result.stdout, /chosen as the only one in the list of installations/);
  });

  for (const settings of [
    { maxPageSize: 1, listTotal: 1 },
    { maxPageSize: 1, listTotal: 'page' },
  ] as const) {
    test(`is the only one only if the list shows no other, whatever its total says: ${settings.listTotal}`, async () => {
      await using scene = await createScene({ settings });
      assertFailed(await scene.main(), /^Set `organization-id`: the app has 2 installations/);
    });
  }

  test('is not the only one if the list is not whole', async () => {
    await using scene = await createScene({ settings: { listIgnoresPage: true, listTotal: 2, maxPageSize: 1 } });
    assertFailed(await scene.main(), /^ICR says that the app has 2 installations, and its list gave 1\./);
    assert.equal(scene.simulator.tokens().length, 0);
  });

  for (const repository of [
    { private: false },
    { private: true, visibility: 'internal' },
    {},
    { private: 'true' },
    undefined,
  ]) {
    test(`several are only counted if the event’s repository is ${JSON.stringify(repository)}`, async () => {
      await using scene = await createScene();
      const result = await scene.main({}, { event: { name: 'push', payload: { repository } } });
      assertFailed(
        result,
        /^Set `organization-id`: the app has 2 installations.*2 installations\. Their organizations are not shown/,
      );
      for (const { id, organization } of [scene.nordic, scene.baltic]) {
        for (const part of [id, organization.id, organization.fullName]) assert.ok(!result.stdout.includes(part));
      }
    });
  }

  test('several are an error that lists them by name and id, the next step first', async () => {
    await using scene = await createScene();
    const result = await scene.main({}, PRIVATE);
    assertFailed(result, /^Set `organization-id`: the app has 2 installations, and nothing says which\. /);
    const [message = ''] = result.errors;
    for (const { id, organization } of [scene.nordic, scene.baltic]) {
      assert.ok(message.includes(id) && message.includes(organization.id) && message.includes(organization.fullName));
    }
    assert.equal(scene.simulator.tokens().length, 0);
  });

  test('none is an error', async () => {
    await using scene = await createScene();
    scene.nordic.state = 'uninstalled';
    scene.baltic.state = 'uninstalled';
    assertFailed(await scene.main(), /^The app has no installation\. Ask an admin/);
    assertFailed(await scene.main(UNKNOWN), /isn’t installed .*\. ICR’s list has no installation\.$/);
  });

  test('a list names 20 at most, then how many more, and fits an annotation', async () => {
    await using scene = await createScene();
    addMany(scene, 150, (index) => `${'A very long name of an organization '.repeat(20)}${index}`);
    const result = await scene.main({}, PRIVATE);
    assertFailed(result, /, and 132 more\.$/);
    assert.equal(result.errors[0]?.match(/\(installation /g)?.length, 20);
  });
});

test('accessTokensUrl is never called', async () => {
  await using scene = await createScene();
  const elsewhere = `${scene.simulator.url}/elsewhere`;
  scene.simulator.fault({
    path: '/app/organizations/**',
    effect: { kind: 'transform', change: (answer) => ({ ...Object(answer), accessTokensUrl: elsewhere }) },
  });
  const { id, organization } = scene.nordic;
  assertSucceeded(await scene.main({ 'organization-id': organization.id }));
  assert.deepEqual(scene.asked(), [LOOK_UP(organization.id), MINT(id)]);
});
