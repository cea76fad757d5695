/** Tests the scripts of the recipes that need no workflow runner. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { assertSucceeded } from '../support/runner.ts';
import { createScene } from '../support/scene.ts';
import { unindent } from '../support/yaml.ts';
import { isOnPath } from '../workflows/on-path.ts';

const WEBHOOK_SECRET = 'of the webhook';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'icr-recipes-'));
});
after(() => rm(folder, { recursive: true }));

describe('The CSV of nightly-inventory.yml', { skip: !isOnPath('jq') || process.platform === 'win32' }, () => {
  const credit = (serialization: string, id: string, fullName = 'Forest') => {
    return { id, serialization, amount: 1200, type: 'exPost', project: { id: 'p', fullName } };
  };

  test('is the same in whatever order the credits come', async () => {
    const credits = [credit('ICR-2', 'b'), credit('ICR-1', 'c'), credit('ICR-2', 'a')];
    const csv = await toCsv({ organizationId: 'org', credits });
    const rows = ['"ICR-1","exPost",1200,"Forest","c"', '"ICR-2","exPost",1200,"Forest","a"'];
    assert.deepEqual(csv.split('\n').slice(0, 3), ['"serialization","type","amount","project","id"', ...rows]);
    assert.equal(await toCsv({ organizationId: 'org', credits: credits.toReversed() }), csv);
  });

  test('keeps quotes, commas and line ends of a name in its field', async () => {
    const csv = await toCsv({ credits: [credit('ICR-1', 'a', 'Forest "North",\nÁlfabrekka')] });
    assert.match(csv, /,"Forest ""North"",\nÁlfabrekka","a"\n$/);
  });

  test('has its header alone if there are no credits', async () => {
    assert.equal(await toCsv({ credits: [] }), '"serialization","type","amount","project","id"\n');
  });

  test('is not written from another answer: the step fails', async () => {
    for (const body of [{ message: 'Forbidden resource', statusCode: 403 }, [], '']) await assert.rejects(toCsv(body));
  });
});

describe('The webhook relay', () => {
  const payload = (id: string) => ({
    event: 'warehouseTransaction',
    installation: { id, organization: { id: 'org' } },
  });
  const signedBody = (id: string, secret = WEBHOOK_SECRET) => {
    const signedData = Buffer.from(JSON.stringify(payload(id))).toString('base64');
    const signature = `sha256=${createHmac('sha256', secret).update(signedData).digest('hex')}`;
    return { signature, body: JSON.stringify({ ...payload('forged'), signedData }) };
  };

  test('hands on what was signed, and the action mints for that installation', async (t) => {
    await using scene = await createScene();
    const sent: { url: string; init: RequestInit }[] = [];
    t.mock.method(globalThis, 'fetch', (url: string, init: RequestInit) => {
      sent.push({ url, init });
      return Promise.resolve(new Response(null, { status: 204 }));
    });
    const relay = await loadRelay();
    const { signature, body } = signedBody(scene.baltic.id);
    assert.equal(await relay(signature, body, OPTIONS), 202);
    t.mock.restoreAll();

    assert.equal(sent[0]?.url, 'https://api.github.com/repos/octo-org/octo-repo/dispatches');
    // GitHub refuses a request without one, and not every host's `fetch` sends its own.
    assert.ok(new Headers(sent[0]?.init.headers).has('user-agent'));
    const dispatch = JSON.parse(String(sent[0]?.init.body)) as { event_type: string; client_payload: unknown };
    assert.equal(dispatch.event_type, 'icr-webhook');
    const event = {
      name: 'repository_dispatch',
      payload: { action: dispatch.event_type, client_payload: dispatch.client_payload },
    };
    const result = await scene.main({}, { event });
    assertSucceeded(result);
    assert.equal(result.outputs.get('installation-id'), scene.baltic.id);
  });

  test('sends nothing for a wrong signature, or none', async (t) => {
    const fetch = t.mock.method(globalThis, 'fetch', () => Promise.reject(new Error('sent')));
    const relay = await loadRelay();
    const { signature, body } = signedBody('x');
    for (const wrong of [undefined, '', signature.replace(/.$/, 'g'), `${signature}0`, signature.toUpperCase()]) {
      assert.equal(await relay(wrong, body, OPTIONS), 401);
    }
    assert.equal(fetch.mock.callCount(), 0);
  });

  test('answers 400 to a body that it cannot read, and sends nothing', async (t) => {
    const fetch = t.mock.method(globalThis, 'fetch', () => Promise.reject(new Error('sent')));
    const relay = await loadRelay();
    for (const body of ['', 'no JSON', 'null', '7', '[]', '{}', '{"signedData":7}', '{"signedData":["e30="]}']) {
      assert.equal(await relay('sha256=', body, OPTIONS), 400, body);
    }
    assert.equal(fetch.mock.callCount(), 0);
  });

  test('refuses to work without a secret, with which anybody could sign', async (t) => {
    const fetch = t.mock.method(globalThis, 'fetch', () => Promise.reject(new Error('sent')));
    const relay = await loadRelay();
    const { signature, body } = signedBody('forged', '');
    await assert.rejects(relay(signature, body, { ...OPTIONS, webhookSecret: '' }), /webhookSecret is empty/);
    assert.equal(fetch.mock.callCount(), 0);
  });
});

const OPTIONS = { webhookSecret: WEBHOOK_SECRET, githubToken: 'ghs_x', repository: 'octo-org/octo-repo' };

type Relay = (signature: string | undefined, body: string, options: typeof OPTIONS) => Promise<number>;

async function loadRelay(): Promise<Relay> {
  const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');
  const file = join(folder, 'relay.mjs');
  await writeFile(file, /^```js\n(.*?)^```$/ms.exec(readme)?.[1] ?? '');
  const { relay } = (await import(pathToFileURL(file).href)) as { relay: Relay };
  return relay;
}

/** Runs the step's script with a curl that prints `body`. */
async function toCsv(body: unknown): Promise<string> {
  const workflow = readFileSync(join(import.meta.dirname, '../workflows/nightly-inventory.yml'), 'utf8');
  const [, indented = ''] = /- name: Write the inventory as CSV\n {8}run: \|\n((?: {10}.*\n)+)/.exec(workflow) ?? [];
  await writeFile(join(folder, 'answer.json'), JSON.stringify(body));
  await writeFile(join(folder, 'curl'), `#!/bin/sh\ncat '${join(folder, 'answer.json')}'\n`, { mode: 0o755 });
  execFileSync('bash', ['-e', '-c', unindent(indented)], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: [folder, process.env['PATH']].join(delimiter), RUNNER_TEMP: folder },
  });
  return readFile(join(folder, 'inventory.csv'), 'utf8');
}
