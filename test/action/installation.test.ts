/** Which installation the token is for: each rule, in their order. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertFailed, assertSucceeded } from '../support/runner.ts';
import { APP_ID, createScene, PRIVATE, type Scene } from '../support/scene.ts';
import { type Effect, html, json } from '../support/simulator/simulator.ts';

const LIST = (page: number) => `GET /app/installations?limit=100&page=${page}`;
const MINT = (id: string) => `POST /app/installations/${id}/accessTokens`;
const LOOK_UP = (id: string) => `GET /app/organizations/${id}/installation`;

function addMany(scene: Scene, count: number, name = (index: number) => `Organization ${index}`) {
  return Array.from({ length: count }, (_, index) =>
    scene.simulator.addInstallation({ appId: APP_ID, organization: { fullName: name(index) } }),
  );
}

function dispatch(payload: unknown) {
  return { event: { name: 'repository_dispatch', payload: { action: 'icr', client_payload: payload } } };
}

const UNREADABLE: Record<string, Effect> = {
  '403': json({ statusCode: 403, message: 'Forbidden' }, 403),
  '404': json({ message: 'Installation not found' }, 404),
  '422': json({ message: 'no' }, 422),
  'another shape': json({ organization: 'none' }),
  HTML: html(),
};

describe('installation-id', () => {
  test('alone is one request on one connection', async () => {
    await using scene = await createScene();
    const result = await scene.main({ 'installation-id': scene.baltic.id });
    assertSucceeded(result);
    assert.deepEqual(scene.asked(), [MINT(scene.baltic.id)]);
    assert.equal(scene.simulator.connections(), 1);
    assert.equal(result.outputs.get('organization-id'), scene.baltic.organization.id);
  });

  test('beside organization-id is confirmed before anything is minted', async () => {
    await using scene = await createScene();
    const { id, organization } = scene.nordic;
    assertSucceeded(await scene.main({ 'installation-id': id, 'organization-id': organization.id }));
    assert.deepEqual(scene.asked(), [`GET /app/installations/${id}`, MINT(id)]);
  });

  test('of another organization is an error, and nothing is minted', async () => {
    await using scene = await createScene();
    const ids = { 'installation-id': scene.baltic.id, 'organization-id': scene.nordic.organization.id };
    assertFailed(
      await scene.main(ids, PRIVATE),
      /^`installation-id` and `organization-id` are of different organizations\. .*“Baltic Forests OÜ”/,
    );
    const told = await scene.main(ids);
    assertFailed(told, new RegExp(`is of ${scene.baltic.organization.id}, not of `));
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

  test('whose answer has an organization without an id is let through too', async () => {
    await using scene = await createScene();
    const { id, organization } = scene.baltic;
    const effect = json({ id, organization: { fullName: organization.fullName } });
    scene.simulator.fault({ method: 'GET', path: '/app/**', effect });
    assertSucceeded(await scene.main({ 'installation-id': id, 'organization-id': organization.id }));
    assertSucceeded(await scene.main({ 'organization-id': organization.id }));
  });

  test('goes before a relayed webhook, and a notice names both installations', async () => {
    await using scene = await createScene();
    const relayed = dispatch({ installation: { id: scene.nordic.id } });
    const result = await scene.main({ 'installation-id': scene.baltic.id }, relayed);
    assertSucceeded(result);
    assert.deepEqual(scene.asked(), [MINT(scene.baltic.id)]);
    assert.equal(result.notices.length, 1);
    assert.match(
      result.notices[0] ?? '',
      new RegExp(`^The event’s webhook .* is about ${scene.nordic.id}, the token is for ${scene.baltic.id}\\.$`),
    );
  });

  test('of the webhook itself needs no notice, and neither does a webhook without an id', async () => {
    await using scene = await createScene();
    for (const installation of [{ id: scene.baltic.id.toUpperCase() }, { id: 7 }, undefined]) {
      const result = await scene.main({ 'installation-id': scene.baltic.id }, dispatch({ installation }));
      assertSucceeded(result);
      assert.deepEqual(result.notices, []);
    }
  });

  test('that does not exist is an error that says so', async () => {
    await using scene = await createScene();
    assertFailed(
      await scene.main({ 'installation-id': 'nowhere' }),
      /^The app has no such installation \(from `installation-id`\)\. .*answered 404/,
    );
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

  test('goes before a relayed webhook', async () => {
    await using scene = await createScene();
    const relayed = dispatch({ installation: { id: scene.baltic.id } });
    const result = await scene.main({ 'organization-id': scene.nordic.organization.id }, relayed);
    assert.equal(result.outputs.get('installation-id'), scene.nordic.id);
    assert.match(result.notices[0] ?? '', /If the job is to act on the webhook, remove `organization-id`\./);
  });

  for (const status of [400, 402, 403, 404, 405, 409, 410, 422]) {
    test(`reads the list if the look-up answers ${status}`, async () => {
      await using scene = await createScene();
      const { id, organization } = scene.baltic;
      scene.simulator.fault({ path: '/app/organizations/**', effect: json({ message: 'no' }, status) });
      assertSucceeded(await scene.main({ 'organization-id': organization.id }));
      assert.deepEqual(scene.asked(), [LOOK_UP(organization.id), LIST(0), MINT(id)]);
    });
  }

  test('reads the list if the look-up answers with the organization itself', async () => {
    await using scene = await createScene();
    const { id, fullName } = scene.baltic.organization;
    scene.simulator.fault({ path: '/app/organizations/**', effect: json({ id, fullName }) });
    const result = await scene.main({ 'organization-id': id });
    assert.equal(result.outputs.get('installation-id'), scene.baltic.id);
  });

  const shapes: Record<string, Effect> = {
    'no object': json(null),
    HTML: html(),
    'no id': json({ organization: {} }),
    'a list': json([]),
    '404 and 2 MiB': { kind: 'answer', status: 404, body: 'x'.repeat(2 ** 21) },
  };
  for (const [shape, effect] of Object.entries(shapes)) {
    test(`reads the list if the look-up answers ${shape}`, async () => {
      await using scene = await createScene();
      scene.simulator.fault({ path: '/app/organizations/**', effect });
      const result = await scene.main({ 'organization-id': scene.baltic.organization.id });
      assertSucceeded(result);
      assert.equal(result.outputs.get('installation-id'), scene.baltic.id);
    });
  }

  test('reads the list if the look-up answers with another organization’s installation', async () => {
    await using scene = await createScene();
    const { id, organization } = scene.nordic;
    scene.simulator.fault({
      path: '/app/organizations/**',
      effect: json({ id, organization: { id: organization.id, fullName: 'x' } }),
    });
    const result = await scene.main({ 'organization-id': scene.baltic.organization.id });
    assert.equal(result.outputs.get('installation-id'), scene.baltic.id);
    assert.equal(scene.simulator.tokens().length, 1);
  });

  test('ends with the look-up’s 401', async () => {
    await using scene = await createScene();
    scene.simulator.fault({ path: '/app/organizations/**', effect: json({ message: 'no' }, 401) });
    assertFailed(await scene.main({ 'organization-id': scene.nordic.organization.id }), /answered 401/);
    assert.equal(scene.asked().length, 1);
  });

  test('compares UUIDs without regard to case', async () => {
    await using scene = await createScene();
    scene.simulator.settings.organizationInstallationRoute = false;
    const result = await scene.main({ 'organization-id': scene.nordic.organization.id.toUpperCase() });
    assert.equal(result.outputs.get('organization-id'), scene.nordic.organization.id);
  });

  test('is “not installed” only after the list was read to its end, with the organizations seen', async () => {
    await using scene = await createScene();
    scene.simulator.settings.maxPageSize = 1;
    scene.simulator.settings.listPagination = false;
    const result = await scene.main({ 'organization-id': 'f7f7f7f7-0000-4000-8000-000000000000' }, PRIVATE);
    assertFailed(
      result,
      /^The app isn’t installed for organization f7f7f7f7.*Ask its admin.*Nordic Carbon ehf\.” .*Baltic Forests OÜ” /,
    );
    assert.deepEqual(scene.asked().slice(1), [LIST(0), LIST(1), LIST(2)]);
  });
});

describe('a list that does not name the organizations', () => {
  test('is completed by the installations themselves', async () => {
    await using scene = await createScene();
    scene.simulator.settings.organizationInstallationRoute = false;
    for (const installation of [scene.nordic, scene.baltic]) installation.organizationShownIn = 'single';
    const result = await scene.main({ 'organization-id': scene.baltic.organization.id });
    assert.equal(result.outputs.get('installation-id'), scene.baltic.id);
    assertFailed(await scene.main({ 'organization-id': 'unknown' }), /isn’t installed/);
  });

  test('is searched on if one of these does not name its own', async () => {
    await using scene = await createScene();
    scene.simulator.settings.organizationInstallationRoute = false;
    scene.nordic.organizationShownIn = 'nowhere';
    scene.baltic.organizationShownIn = 'single';
    const result = await scene.main({ 'organization-id': scene.baltic.organization.id });
    assert.equal(result.outputs.get('installation-id'), scene.baltic.id);
  });

  for (const [what, effect] of Object.entries(UNREADABLE)) {
    test(`is searched on after an installation that answers ${what}`, async () => {
      await using scene = await createScene();
      scene.simulator.settings.organizationInstallationRoute = false;
      for (const installation of [scene.nordic, scene.baltic]) installation.organizationShownIn = 'single';
      scene.simulator.fault({ method: 'GET', path: `/app/installations/${scene.nordic.id}`, effect });
      const result = await scene.main({ 'organization-id': scene.baltic.organization.id });
      assert.equal(result.outputs.get('installation-id'), scene.baltic.id);
      const unknown = await scene.main({ 'organization-id': 'unknown' });
      assertFailed(
        unknown,
        /^ICR doesn’t tell which installation is of the `organization-id`\. Set `installation-id`\./,
      );
    });
  }

  test('is asked for every installation, however many', async () => {
    await using scene = await createScene();
    scene.simulator.settings.organizationInstallationRoute = false;
    const all = [scene.nordic, scene.baltic, ...addMany(scene, 30)];
    for (const installation of all) installation.organizationShownIn = 'single';
    const last = all.at(-1);
    const result = await scene.main({ 'organization-id': last?.organization.id ?? '' });
    assert.equal(result.outputs.get('installation-id'), last?.id);
  });

  test('leads to “not installed” with the organizations that these name', async () => {
    await using scene = await createScene();
    scene.simulator.settings.organizationInstallationRoute = false;
    for (const installation of [scene.nordic, scene.baltic]) installation.organizationShownIn = 'single';
    const result = await scene.main({ 'organization-id': 'unknown' }, PRIVATE);
    assertFailed(result, /“Nordic Carbon ehf\.” .*“Baltic Forests OÜ” /);
    assert.doesNotMatch(result.errors[0] ?? '', /not named/);
  });

  test('does not lead to “not installed” if these do not name them either', async () => {
    await using scene = await createScene();
    scene.simulator.settings.organizationInstallationRoute = false;
    scene.baltic.organizationShownIn = 'nowhere';
    const result = await scene.main({ 'organization-id': scene.baltic.organization.id }, PRIVATE);
    assertFailed(result, /^ICR doesn’t tell .*Set `installation-id`.*Nordic Carbon/);
    assert.equal(scene.simulator.tokens().length, 0);
  });
});

describe('the list of installations', () => {
  async function withList(settings: Partial<Scene['simulator']['settings']>) {
    const scene = await createScene();
    Object.assign(scene.simulator.settings, { organizationInstallationRoute: false, ...settings });
    const last = addMany(scene, 23).at(-1);
    assert.ok(last);
    return { scene, last, [Symbol.asyncDispose]: () => scene[Symbol.asyncDispose]() };
  }

  test('is not ended by a short page, since a server may cap `limit`', async () => {
    await using list = await withList({ maxPageSize: 10 });
    const result = await list.scene.main({ 'organization-id': list.last.organization.id });
    assert.equal(result.outputs.get('installation-id'), list.last.id);
    assert.deepEqual(list.scene.asked().slice(1, -1), [LIST(0), LIST(1), LIST(2)]);
  });

  test('is left at the match', async () => {
    await using list = await withList({ maxPageSize: 10 });
    assertSucceeded(await list.scene.main({ 'organization-id': list.scene.nordic.organization.id }));
    assert.deepEqual(list.scene.asked().slice(1, -1), [LIST(0)]);
  });

  test('ends at `pagination.total`', async () => {
    await using list = await withList({ maxPageSize: 10 });
    await list.scene.main({ 'organization-id': 'unknown' });
    assert.deepEqual(list.scene.asked().slice(1), [LIST(0), LIST(1), LIST(2)]);
  });

  for (const total of [0, -1, 0.5, 1, 24, 1e9, '7', null]) {
    test(`is not ended by a \`pagination.total\` of ${JSON.stringify(total)}, which is wrong`, async () => {
      await using list = await withList({ maxPageSize: 10 });
      list.scene.simulator.fault({
        path: '/app/installations',
        effect: { kind: 'transform', change: (page) => ({ ...Object(page), pagination: { total } }) },
      });
      const result = await list.scene.main({ 'organization-id': list.last.organization.id });
      assert.equal(result.outputs.get('installation-id'), list.last.id);
      assert.deepEqual(list.scene.asked().slice(1, -1), [LIST(0), LIST(1), LIST(2)]);
    });
  }

  test('counts an installation once that two overlapping pages list', async () => {
    await using scene = await createScene();
    const [first, second] = [scene.nordic, scene.baltic].map(({ id }) => ({ id }));
    assert.ok(first && second);
    const pages = [
      json({ installations: [first] }),
      json({ installations: [first, second] }),
      json({ installations: [] }),
    ];
    for (const effect of pages) scene.simulator.fault({ path: '/app/installations', effect, times: 1 });
    assertFailed(await scene.main(), /^Set `organization-id`: the app has 2 installations/);
  });

  test('ends at an empty page if there is no pagination', async () => {
    await using list = await withList({ maxPageSize: 10, listPagination: false });
    await list.scene.main({ 'organization-id': 'unknown' });
    assert.deepEqual(list.scene.asked().slice(1), [LIST(0), LIST(1), LIST(2), LIST(3)]);
  });

  test('ends at a page that brings no new id', async () => {
    await using list = await withList({ maxPageSize: 10, listPagination: false, listIgnoresPage: true });
    assertFailed(await list.scene.main({ 'organization-id': 'unknown' }), /isn’t installed/);
    assert.deepEqual(list.scene.asked().slice(1), [LIST(0), LIST(1)]);
  });
});

describe('a relayed webhook', () => {
  for (const organization of ['right', { name: 'without an id' }, { id: 7 }, null]) {
    test(`with an organization that is ${JSON.stringify(organization)} names the installation`, async () => {
      await using scene = await createScene();
      const { id } = scene.baltic;
      const named = organization === 'right' ? { id: scene.baltic.organization.id } : organization;
      assertSucceeded(await scene.main({}, dispatch({ installation: { id, organization: named } })));
    });
  }

  test('of a repository_dispatch event names the installation', async () => {
    await using scene = await createScene();
    const payload = { event: 'warehouseTransaction', installation: { id: scene.baltic.id }, signedData: 'x' };
    assertSucceeded(await scene.main({}, dispatch(payload)));
    assert.deepEqual(scene.asked(), [MINT(scene.baltic.id)]);
  });

  for (const installation of [null, 'text', {}, { id: null }, { id: 7 }, { id: '' }, { id: 'a/b' }, { id: '..' }, []]) {
    test(`whose installation is ${JSON.stringify(installation)} is an error, not a fall-through`, async () => {
      await using scene = await createScene();
      scene.baltic.state = 'uninstalled';
      assertFailed(await scene.main({}, dispatch({ installation })), /client_payload\.installation\.id` is not an id/);
      assert.deepEqual(scene.asked(), []);
    });
  }

  test('is not read from GitHub’s own payloads', async () => {
    await using scene = await createScene();
    scene.baltic.state = 'uninstalled';
    const installation = { id: scene.baltic.id };
    for (const name of ['push', 'installation', 'repository_dispatch']) {
      const result = await scene.main({}, { event: { name, payload: { installation } } });
      assert.equal(result.outputs.get('installation-id'), scene.nordic.id);
    }
    const other = { event: { name: 'workflow_dispatch', payload: { client_payload: { installation } } } };
    assert.equal((await scene.main({}, other)).outputs.get('installation-id'), scene.nordic.id);
  });

  for (const payload of [null, {}, [], 'text']) {
    test(`in a payload that is ${JSON.stringify(payload)} is an error, not a fall-through`, async () => {
      await using scene = await createScene();
      scene.baltic.state = 'uninstalled';
      const event = { name: 'repository_dispatch', payload };
      assertFailed(await scene.main({}, { event }), /event payload \(GITHUB_EVENT_PATH\) cannot be read/);
    });
  }

  test('in a payload that is not JSON is an error that says which file', async () => {
    await using scene = await createScene();
    const env = { GITHUB_EVENT_NAME: 'repository_dispatch', GITHUB_EVENT_PATH: import.meta.filename };
    assertFailed(await scene.main({}, { env }), /event payload \(GITHUB_EVENT_PATH\) cannot be read/);
  });
});

describe('without any id', () => {
  test('the app’s only installation is taken', async () => {
    await using scene = await createScene();
    scene.nordic.state = 'uninstalled';
    const result = await scene.main();
    assertSucceeded(result);
    assert.equal(result.outputs.get('installation-id'), scene.baltic.id);
  });

  test('is the only one only if the list shows no other, whatever its total says', async () => {
    await using scene = await createScene({ settings: { maxPageSize: 1, listTotal: 1 } });
    assertFailed(await scene.main(), /^Set `organization-id`: the app has 2 installations/);
  });

  test('the line after the mint says that nothing was set', async () => {
    await using scene = await createScene();
    scene.nordic.state = 'uninstalled';
    assert.match(
      (await scene.main()).stdout,
      /chosen as the app’s only installation, since `organization-id` is empty/,
    );
  });

  for (const repository of [{ private: false }, {}, { private: 'true' }, undefined]) {
    test(`several are only counted if the event’s repository is ${JSON.stringify(repository)}`, async () => {
      await using scene = await createScene();
      const result = await scene.main({}, { event: { name: 'push', payload: { repository } } });
      assertFailed(
        result,
        /^Set `organization-id`: the app has 2 installations.*2 organizations\. Their names are not shown/,
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
    assert.ok(message.indexOf('Set `organization-id`') < message.indexOf('Nordic'));
    assert.equal(scene.simulator.tokens().length, 0);
  });

  test('none is an error', async () => {
    await using scene = await createScene();
    scene.nordic.state = 'uninstalled';
    scene.baltic.state = 'uninstalled';
    assertFailed(await scene.main(), /no installation/);
  });

  test('a list names 20 at most, then how many more, and fits an annotation', async () => {
    await using scene = await createScene();
    addMany(scene, 150, (index) => `${'A very long name of an organization '.repeat(20)}${index}`);
    const result = await scene.main({}, PRIVATE);
    assertFailed(result, /, and 132 more\.$/);
    assert.equal(result.errors[0]?.match(/\(installation /g)?.length, 20);
    assert.match(result.errors[0] ?? '', /Set `organization-id`/);
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
