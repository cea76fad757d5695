import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertSucceeded } from './runner.ts';
import { openScene } from './scene.ts';

test('mints, hands on, and post revokes', async () => {
  await using scene = await openScene();
  const step = await scene.step({ 'organization-id': scene.nordic.organization.id });
  const result = await step.main();
  console.log(result.stdout.replace(/::add-mask.*\n/g, ''), result.stderr, result.outputs, result.milliseconds);
  assertSucceeded(result);
  const p = await step.post();
  console.log(p.stdout, p.stderr);
  console.log(scene.asked(), scene.simulator.connections());
  assert.equal(scene.liveTokens(), 0);
});
