/** Generated names and messages, through the built action. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LIMIT_MS, outsideText } from '../support/properties.ts';
import { assertSucceeded } from '../support/runner.ts';
import { APP_ID, createScene } from '../support/scene.ts';

test('hostile names, messages and lists come out of the built action as harmless lines', {
  timeout: LIMIT_MS,
}, async (t) => {
  const texts = fc.sample(outsideText, 16).map((text) => text.replaceAll('\0', ''));
  const waiting = [...texts];
  const work = async () => {
    for (let text = waiting.shift(); text !== undefined; text = waiting.shift()) await tryThroughProcess(text);
  };
  await Promise.all(Array.from({ length: 4 }, work));
  t.diagnostic(`${texts.length} texts in 3 processes each`);
});

async function tryThroughProcess(text: string): Promise<void> {
  await using scene = await createScene();
  const hostile = scene.simulator.addInstallation({ appId: APP_ID, organization: { fullName: text } });
  const inputs = { 'organization-id': hostile.organization.id, 'job-summary': 'true' };
  const granted = await scene.main(inputs);
  assertSucceeded(granted);
  assert.doesNotMatch(granted.summary, /<|javascript:b\)/);
  const results = [granted, await scene.main({ ...inputs, 'required-permissions': text })];

  const message = { statusCode: 409, message: [text, text] };
  scene.simulator.fault({
    method: 'POST',
    path: '**',
    effect: { kind: 'answer', status: 409, body: JSON.stringify(message) },
  });
  results.push(await scene.main(inputs));
  assert.equal(results[2]?.errors.length, 1);
  for (const { stdout, stderr } of results) {
    assert.equal(stderr, '');
    for (const line of stdout.split('\n'))
      assert.match(line, /^(?:|::(?:add-mask|error title=[^:]+)::.*|Minted an access token for .*)$/);
    assert.ok(!stdout.includes('##['));
  }
}
