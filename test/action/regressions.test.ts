/** One test for each fault of the action that generated inputs, faults and signals found. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quote } from '../../src/runner/quote.ts';
import { maskSecret } from '../../src/runner/secrets.ts';
import { assertSucceeded } from '../support/runner.ts';
import { createScene } from '../support/scene.ts';

const HUGE = 'x'.repeat(2 * 1024 * 1024);

test('a refusal with a huge body is still that refusal: post takes a 404 for a token that is invalid', async () => {
  await using scene = await createScene();
  const step = await scene.step({ 'installation-id': scene.nordic.id });
  await step.main();
  scene.simulator.fault({ method: 'DELETE', path: '**', effect: { kind: 'answer', status: 404, body: HUGE } });
  const post = await step.post();
  assertSucceeded(post);
  assert.deepEqual(post.warnings, []);
  assert.match(post.stdout, /already invalid/);
});

test('a refusal with a huge body is still that refusal: the organization’s look-up falls back to the list', async () => {
  await using scene = await createScene();
  scene.simulator.fault({
    path: '/app/organizations/*/installation',
    effect: { kind: 'answer', status: 404, body: HUGE },
  });
  assertSucceeded(await scene.main({ 'organization-id': scene.nordic.organization.id }));
});

test('a byte order mark in the middle of a secret does not hide it', () => {
  const password = 'p@ss w0rd-of-a-proxy';
  maskSecret(password);
  assert.equal(quote(`refused: ${password.slice(0, 16)}\uFEFF${password.slice(16)}`), 'refused: ***');
});
