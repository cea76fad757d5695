/** A server that repeats a secret in its messages, however it writes it, gets no 12 characters in a row of it printed. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { ECHOES, type Echo, longestPiece } from '../support/echoes.ts';
import { type Result, visibleText } from '../support/runner.ts';
import { createScene, keyLines, PEM, type Scene } from '../support/scene.ts';

const timeout = 120_000;
/** A message is cut at 300 characters; so many fit, redacted. */
const ECHOES_IN_A_MESSAGE = 9;
const KEY_LINE = keyLines(PEM)[3] ?? '';
const PASSWORD = 'c0rrect-h0rse/b@ttery?staple';
const env = { https_proxy: `http://user:${encodeURIComponent(PASSWORD)}@127.0.0.1:1` };

describe('no 12 characters in a row of a secret are printed, in clear or escaped,', { timeout }, () => {
  for (const [what, secret] of [
    ['a line of the key', KEY_LINE],
    ['the JWT', undefined],
    ['the proxy’s password', PASSWORD],
  ] as const) {
    test(`by main, of ${what}, when the mint is refused`, { timeout }, (t) =>
      measure(t, async (scene, echoes) => {
        refuse(scene, 'POST', echoes, secret);
        const main = await scene.main({ 'installation-id': scene.nordic.id }, { env });
        assert.equal(main.errors.length, 1, main.stdout);
        return [secret ?? lastBearer(scene), main];
      }),
    );
  }

  for (const [what, secret] of [
    ['the token', undefined],
    ['the proxy’s password', PASSWORD],
  ] as const) {
    test(`by main, of ${what}, when a check fails and the revocation is refused`, { timeout }, (t) =>
      measure(t, async (scene, echoes) => {
        refuse(scene, 'DELETE', echoes, secret);
        const inputs = { 'installation-id': scene.nordic.id, 'required-permissions': 'organization_members: read' };
        const main = await scene.main(inputs, { env });
        assert.equal(main.errors.length, 1, main.stdout);
        return [secret ?? lastBearer(scene), main];
      }),
    );

    test(`by post, of ${what}, when the revocation is refused`, { timeout }, (t) =>
      measure(t, async (scene, echoes) => {
        refuse(scene, 'DELETE', echoes, secret);
        const step = await scene.step({ 'installation-id': scene.nordic.id }, { env });
        await step.main();
        const post = await step.post();
        assert.equal(post.warnings.length, 1, post.stdout);
        return [secret ?? lastBearer(scene), post];
      }),
    );
  }
});

/** Tries all ways, some in each message. */
async function measure(
  t: TestContext,
  run: (scene: Scene, echoes: readonly Echo[]) => Promise<[secret: string, result: Result]>,
): Promise<void> {
  let longest = 0;
  for (let at = 0; at < ECHOES.length; at += ECHOES_IN_A_MESSAGE) {
    await using scene = await createScene();
    const echoes = ECHOES.slice(at, at + ECHOES_IN_A_MESSAGE);
    const [secret, result] = await run(scene, echoes);
    const text = visibleText(result);
    assert.match(text, /all of them/, 'the message was cut');
    for (const echo of echoes) {
      const piece = longestPiece(text, secret, echo);
      assert.ok(piece < 12, `${echo.name}: ${piece} characters in ${text}`);
      longest = Math.max(longest, piece);
    }
  }
  t.diagnostic(`longest piece in clear: ${longest}, of ${ECHOES.length} ways`);
}

/** @param secret undefined for the request's own bearer */
function refuse({ simulator }: Scene, method: string, echoes: readonly Echo[], secret: string | undefined): void {
  simulator.fault({
    method,
    path: '**',
    effect: {
      kind: 'answer',
      status: 400,
      body: (authorization) => {
        const repeated = secret ?? authorization.replace('Bearer ', '');
        return JSON.stringify({ message: [...echoes.map(({ message }) => message(repeated)), 'all of them'] });
      },
    },
  });
}

function lastBearer({ simulator }: Scene): string {
  return simulator.requests().at(-1)?.bearer ?? '';
}
