/** Runs the webhook relay of the examples against a local server in GitHub's place. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  request,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, mock, type TestContext, test } from 'node:test';
import { assertSucceeded } from '../support/runner.ts';
import { createScene } from '../support/scene.ts';

interface Options {
  webhookSecret: string;
  githubToken: string;
  repository: string;
  githubUrl?: string;
  timeoutMs?: number;
  seen?: { has(id: string): unknown; add(id: string): unknown };
}

type Relay = (signature: string | undefined, body: string) => Promise<number>;

const {
  createRelay,
  createListener,
  rememberFor,
}: {
  createRelay(options: Options): Relay;
  createListener(relay: Relay): RequestListener;
  rememberFor(lifetimeMs: number, now: () => number): { has(id: string): boolean; add(id: string): void };
} = await import(new URL('../workflows/relay.mjs', import.meta.url).href);

const SECRET = 'of the webhook';
const SETTINGS = { webhookSecret: SECRET, githubToken: 'ghs_x', repository: 'octo-org/icr-events' };
const PAYLOAD = { event: 'warehouseTransaction', installation: { id: 'i-1', organization: { id: 'org' } } };

type Answer = (response: ServerResponse, request: IncomingMessage) => void;
const accept: Answer = (response) => void response.writeHead(204).end();

/** What the relay writes for its operator. */
const printed: string[] = [];

before(() => {
  mock.method(console, 'error', (line: string) => printed.push(line));
});
after(() => {
  assert.ok(printed.includes('relay: GitHub answered 401'), printed.join('\n'));
  for (const line of printed) assert.ok(!line.includes(SECRET) && !line.includes(SETTINGS.githubToken), line);
});

describe('The relay', () => {
  test('hands on what was signed, and the action mints for that installation', async (t) => {
    await using scene = await createScene();
    const github = await startGitHub(t, accept);
    const relay = createRelay({ ...SETTINGS, githubUrl: github.url });
    const forged = { ...PAYLOAD, installation: { id: 'forged' } };
    const delivery = sign({ ...PAYLOAD, installation: { id: scene.baltic.id } }, forged);
    assert.equal(await relay(delivery.signature, delivery.body), 202);

    const [sent] = github.requests;
    assert.equal(sent?.path, 'POST /repos/octo-org/icr-events/dispatches');
    assert.equal(sent.headers['authorization'], 'Bearer ghs_x');
    // GitHub refuses a request without one, and not every host's `fetch` sends its own.
    assert.equal(sent.headers['user-agent'], 'icr-webhook-relay');
    const event = {
      name: 'repository_dispatch',
      payload: { action: sent.body.event_type, client_payload: sent.body.client_payload },
    };
    const result = await scene.main({ 'installation-id': sent.body.client_payload.installation.id }, { event });
    assertSucceeded(result);
    assert.equal(result.outputs.get('installation-id'), scene.baltic.id);
  });

  test('sends nothing for a wrong signature, or none', async (t) => {
    const github = await startGitHub(t, accept);
    const relay = createRelay({ ...SETTINGS, githubUrl: github.url });
    const { signature, body } = sign(PAYLOAD);
    const wrong = [
      undefined,
      '',
      signature.replace(/.$/, 'g'),
      `${signature}0`,
      signature.toUpperCase(),
      signature.slice(7),
    ];
    for (const given of [...wrong, sign(PAYLOAD, {}, 'another secret').signature]) {
      assert.equal(await relay(given, body), 401);
    }
    assert.equal(github.requests.length, 0);
  });

  test('does not start with a token that is no header, and does not repeat it', () => {
    for (const githubToken of ['', 'ghs_secret\n', 'ghs_\nsecret', 'ghs_secret x', 'ghs_secret\u00e9']) {
      assert.throws(
        () => createRelay({ ...SETTINGS, githubToken }),
        (error: Error) => /githubToken is empty, or has/.test(error.message) && !error.message.includes('secret'),
      );
    }
  });

  test('does not start with an empty secret or no repository', () => {
    assert.throws(() => createRelay({ ...SETTINGS, webhookSecret: '' }), /webhookSecret is empty/);
    for (const repository of ['', 'name', 'a/b/c', 'a/../b', 'owner/name?x']) {
      assert.throws(() => createRelay({ ...SETTINGS, repository }), /owner\/name/);
    }
  });

  test('sends a delivery once, however often it is replayed, also at the same time', async (t) => {
    const github = await startGitHub(t, accept);
    const relay = createRelay({ ...SETTINGS, githubUrl: github.url });
    const { signature, body } = sign(PAYLOAD);
    const together = await Promise.all([1, 2, 3].map(() => relay(signature, body)));
    assert.deepEqual(together, [202, 202, 202]);
    assert.equal(await relay(signature, body), 202);
    // What is not signed cannot make it another delivery.
    assert.equal(await relay(signature, sign(PAYLOAD, { event: 'other' }).body), 202);
    assert.equal(github.requests.length, 1);
    const next = sign({ ...PAYLOAD, state: 'next' });
    assert.equal(await relay(next.signature, next.body), 202);
    assert.equal(github.requests.length, 2);
  });

  test('remembers deliveries for their time and forgets the oldest', () => {
    let now = 0;
    const seen = rememberFor(1000, () => now);
    seen.add('a');
    now = 999;
    assert.ok(seen.has('a'));
    now = 1000;
    assert.ok(!seen.has('a'));
    for (let index = 0; index <= 100_000; index++) seen.add(String(index));
    assert.ok(!seen.has('0'));
    assert.ok(seen.has('1'));
  });

  test('sends a delivery again that GitHub did not take', async (t) => {
    const answers: Answer[] = [(response) => void response.writeHead(500).end(), accept];
    const github = await startGitHub(t, (response, incoming) => answers.shift()?.(response, incoming));
    const relay = createRelay({ ...SETTINGS, githubUrl: github.url });
    const { signature, body } = sign(PAYLOAD);
    assert.equal(await relay(signature, body), 503);
    assert.equal(await relay(signature, body), 202);
    assert.equal(github.requests.length, 2);
  });

  test('answers 503 if the store fails, and does not print what the store says', async (t) => {
    const github = await startGitHub(t, accept);
    const { signature, body } = sign(PAYLOAD);
    for (const failure of [new Error(`down: ${SECRET}`), SECRET, undefined]) {
      const seen = { has: () => Promise.reject(failure), add: () => undefined };
      assert.equal(await createRelay({ ...SETTINGS, githubUrl: github.url, seen })(signature, body), 503);
    }
    assert.equal(github.requests.length, 0);
  });

  test('answers 413 to a body or a payload that is too large, and sends nothing', async (t) => {
    const github = await startGitHub(t, accept);
    const relay = createRelay({ ...SETTINGS, githubUrl: github.url });
    const huge = sign({ ...PAYLOAD, state: 'x'.repeat(300_000) });
    assert.equal(await relay(huge.signature, huge.body), 413);
    const large = sign({ ...PAYLOAD, state: 'x'.repeat(65_535) });
    assert.equal(await relay(large.signature, large.body), 413);
    const most = sign({ ...PAYLOAD, state: 'x'.repeat(65_000) });
    assert.equal(await relay(most.signature, most.body), 202);
    assert.equal(github.requests.length, 1);
  });

  test('answers 400 to a body or a payload of another shape, and sends nothing', async (t) => {
    const github = await startGitHub(t, accept);
    const relay = createRelay({ ...SETTINGS, githubUrl: github.url });
    const bodies = ['', 'no JSON', 'null', '7', '[]', '{}', '{"signedData":7}', '{"signedData":["e30="]}'];
    for (const body of [...bodies, '{"signedData":""}', '{"signedData":"no base64 !"}', '['.repeat(100_000)]) {
      assert.equal(await relay('sha256=', body), 400, body.slice(0, 40));
    }
    const many = Object.fromEntries(Array.from({ length: 9 }, (_, index) => [`p${index}`, 1]));
    for (const payload of [
      null,
      7,
      [PAYLOAD],
      {},
      { event: 'x' },
      { ...PAYLOAD, installation: { id: 7 } },
      { ...PAYLOAD, ...many },
    ]) {
      const { signature, body } = sign(payload);
      assert.equal(await relay(signature, body), 400, JSON.stringify(payload));
    }
    const depth = 60_000;
    const deep = `${JSON.stringify(PAYLOAD).slice(0, -1)},"state":${'['.repeat(depth)}${']'.repeat(depth)}}`;
    const nested = signText(deep);
    assert.equal(await relay(nested.signature, nested.body), 400, 'nested so deep that JSON.stringify fails');
    assert.equal(github.requests.length, 0);
  });

  test('answers 503 if GitHub is down, cuts the connection, is overloaded or slow, within its time limit', async (t) => {
    const { signature, body } = sign(PAYLOAD);
    const answers: Answer[] = [
      (response) => void response.destroy(),
      (response) => void response.writeHead(502).end('<html>'),
      (response) => void response.writeHead(429, { 'retry-after': '60' }).end(),
      () => undefined,
    ];
    for (const answer of answers) {
      const github = await startGitHub(t, answer);
      const started = performance.now();
      assert.equal(await createRelay({ ...SETTINGS, githubUrl: github.url, timeoutMs: 300 })(signature, body), 503);
      assert.ok(performance.now() - started < 5000);
    }
    const gone = createRelay({ ...SETTINGS, githubUrl: 'http://127.0.0.1:1' });
    assert.equal(await gone(signature, body), 503);
  });

  test('answers 502 if GitHub refuses, and follows no redirect with the token', async (t) => {
    const { signature, body } = sign(PAYLOAD);
    const elsewhere = await startGitHub(t, accept);
    for (const status of [301, 307, 401, 403, 404, 422]) {
      const github = await startGitHub(
        t,
        (response) => void response.writeHead(status, { location: elsewhere.url }).end(),
      );
      assert.equal(await createRelay({ ...SETTINGS, githubUrl: github.url })(signature, body), 502, String(status));
    }
    assert.equal(elsewhere.requests.length, 0);
  });

  test('as a server, takes a POST of limited size and survives a sender that hangs up', async (t) => {
    const github = await startGitHub(t, accept);
    const server = createServer(createListener(createRelay({ ...SETTINGS, githubUrl: github.url })));
    const url = await listen(t, server);
    const { signature, body } = sign(PAYLOAD);
    const headers = { 'x-icr-signature-256': signature };
    const post = async (text: string) => (await fetch(url, { method: 'POST', headers, body: text })).status;
    assert.equal((await fetch(url)).status, 405);
    const cut = request(url, { method: 'POST', headers: { ...headers, 'content-length': '1000' } });
    const closed = new Promise((resolve) => cut.on('close', resolve));
    cut.on('error', () => undefined);
    cut.write('{');
    setTimeout(() => cut.destroy(), 50);
    await closed;
    // The answer comes before the body was read to its end, which fetch may take for a broken connection.
    assert.equal(await post('x'.repeat(1_000_000)).catch(() => 413), 413);
    assert.equal(await post(body), 202);
    assert.equal(github.requests.length, 1);
  });
});

function sign(payload: unknown, outer: object = {}, secret = SECRET) {
  return signText(JSON.stringify(payload), outer, secret);
}

function signText(text: string, outer: object = {}, secret = SECRET) {
  const signedData = Buffer.from(text).toString('base64');
  const signature = `sha256=${createHmac('sha256', secret).update(signedData).digest('hex')}`;
  return { signature, body: JSON.stringify({ ...outer, signedData }) };
}

async function startGitHub(t: TestContext, answer: Answer) {
  const requests: {
    path: string;
    headers: IncomingMessage['headers'];
    body: { event_type: string; client_payload: { installation: { id: string } } };
  }[] = [];
  const server = createServer(async (incoming, response) => {
    let text = '';
    for await (const chunk of incoming) text += chunk;
    requests.push({ path: `${incoming.method} ${incoming.url}`, headers: incoming.headers, body: JSON.parse(text) });
    answer(response, incoming);
  });
  return { url: await listen(t, server), requests };
}

async function listen(t: TestContext, server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
