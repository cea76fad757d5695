/** A server that repeats a secret in its messages, however it writes it, gets no 12 characters in a row of it printed. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { ECHOES, type Echo, longestPiece, ORDINARY_MESSAGES } from '../support/echoes.ts';
import { type Result, visibleText } from '../support/runner.ts';
import { createScene, keyLines, PEM, type Scene } from '../support/scene.ts';

const timeout = 120_000;
const AT_ONCE = 4;
const WITHHELD = '(withheld: it repeats a secret)';
const KEY_LINE = keyLines(PEM)[3] ?? '';
const PASSWORD = 'c0rrect-h0rse/b@ttery?staple';
const TOKEN = 'crs_0123456789abcdef0123456789abcdef';
const env = { https_proxy: `http://user:${encodeURIComponent(PASSWORD)}@127.0.0.1:1` };

/** A step whose request is refused with the message that is made of the request's bearer. */
type Run = (scene: Scene, message: (bearer: string) => string) => Promise<Result>;

const mintRefused: Run = async (scene, message) => {
  refuse(scene, 'POST', message);
  return await scene.main({ 'installation-id': scene.nordic.id }, { env });
};

const revocationRefused: Run = async (scene, message) => {
  refuse(scene, 'DELETE', message);
  const inputs = { 'installation-id': scene.nordic.id, 'required-permissions': 'organization_members: read' };
  return await scene.main(inputs, { env });
};

const postRefused: Run = async (scene, message) => {
  refuse(scene, 'DELETE', message);
  const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
  const state = { STATE_token: TOKEN, 'STATE_expires-at': expiresAt, 'STATE_api-url': scene.simulator.url };
  return await (await scene.step()).post({ ...env, ...state });
};

describe('no 12 characters in a row of a secret are printed, in clear or escaped,', { timeout }, () => {
  // The functions are tried with every secret; this is the way from an answer to the log.
  test('by main, of the JWT, the key and a proxy’s password', { timeout }, (t) =>
    measure(t, ECHOES, mintRefused, [undefined, KEY_LINE, PASSWORD]),
  );

  test('by post, of the token and a proxy’s password', { timeout }, (t) =>
    measure(t, ECHOES, postRefused, [undefined, PASSWORD]),
  );

  test('by main, of the token, when a check fails and the revocation is refused', { timeout }, (t) =>
    measure(t, ECHOES.slice(0, 6), revocationRefused, [undefined]),
  );
});

test('a message without a secret is printed as it is', { timeout }, async (t) => {
  let withheld = 0;
  await forEach(ORDINARY_MESSAGES, async (message, index) => {
    await using scene = await createScene();
    const { errors, warnings } = await (index % 2 === 0 ? mintRefused : postRefused)(scene, () => message);
    const [text = ''] = [...errors, ...warnings];
    if (text.includes(WITHHELD)) withheld += 1;
    assert.ok(text.includes(`“${message}”`), `${message} in ${text}`);
  });
  t.diagnostic(`withheld: ${withheld} of ${ORDINARY_MESSAGES.length} messages without a secret`);
});

/**
 * Each way has a message of its own, since one that holds a secret is withheld as a whole.
 *
 * @param secrets in turn; undefined is the request's own bearer
 */
async function measure(
  t: TestContext,
  echoes: readonly Echo[],
  run: Run,
  secrets: readonly (string | undefined)[],
): Promise<void> {
  let longest = 0;
  let withheld = 0;
  await forEach(echoes, async (echo, index) => {
    await using scene = await createScene();
    const secret = secrets[index % secrets.length];
    const result = await run(scene, (bearer) => echo.message(secret ?? bearer));
    assert.equal(result.errors.length + result.warnings.length, 1, result.stdout);
    const text = visibleText(result);
    const piece = longestPiece(text, secret ?? scene.simulator.requests().at(-1)?.bearer ?? '', echo);
    assert.ok(piece < 12, `${echo.name}: ${piece} characters in ${text}`);
    longest = Math.max(longest, piece);
    if (text.includes(WITHHELD)) withheld += 1;
  });
  t.diagnostic(`longest piece in clear: ${longest}; withheld: ${withheld} of ${echoes.length} messages`);
}

async function forEach<T>(items: readonly T[], work: (item: T, index: number) => Promise<void>): Promise<void> {
  const waiting = [...items.entries()];
  const next = async () => {
    for (let entry = waiting.shift(); entry !== undefined; entry = waiting.shift()) await work(entry[1], entry[0]);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, next));
}

function refuse({ simulator }: Scene, method: string, message: (bearer: string) => string): void {
  simulator.fault({
    method,
    path: '**',
    effect: {
      kind: 'answer',
      status: 400,
      body: (authorization) => JSON.stringify({ message: message(authorization.replace('Bearer ', '')) }),
    },
  });
}
