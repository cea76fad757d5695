/** Owns the demonstration: the built action through a whole job, against a simulator of ICR's API on this machine. */
import assert from 'node:assert/strict';
import type { Result } from '../support/runner.ts';
import { createScene } from '../support/scene.ts';

await using scene = await createScene();
const { nordic } = scene;

say('A simulator of ICR’s API runs on this machine, with an app that two organizations have installed.');
const step = await scene.step({
  'organization-id': nordic.organization.id,
  'required-permissions': 'organization_info: read',
});

say('\nThe step, as its log shows it:');
const main = await step.main();
showLog(main);
assert.equal(main.exitCode, 0);

say('\nIts outputs, as the runner shows them to later steps:');
for (const [name, text] of main.outputs) say(`  ${name}: ${mask(text, main)}`);

say('\nA later step uses the token:');
const answer = await askOrganization();
say(`  GET /organizations/${nordic.organization.id} → ${answer.status} ${await fullNameOf(answer)}`);
assert.equal(answer.status, 200);

say('\nThe job ends, and the post step revokes the token:');
const post = await step.post();
showLog(post);
assert.equal(post.exitCode, 0);

say('\nWhoever kept the token has nothing:');
const refusal = await askOrganization();
say(`  GET /organizations/${nordic.organization.id} → ${refusal.status}`);
assert.equal(refusal.status, 403);
assert.equal(scene.liveTokens(), 0);

function askOrganization(): Promise<Response> {
  const url = `${main.outputs.get('api-url')}/organizations/${main.outputs.get('organization-id')}`;
  return fetch(url, { headers: { authorization: `Bearer ${main.outputs.get('token')}`, connection: 'close' } });
}

async function fullNameOf(response: Response): Promise<string> {
  const body: unknown = await response.json();
  assert.ok(typeof body === 'object' && body !== null && 'fullName' in body);
  return String(body.fullName);
}

/** The runner keeps commands to itself and puts asterisks in place of what was masked. */
function showLog(result: Result): void {
  for (const line of result.log) say(`  ${mask(line, result)}`);
  for (const line of result.errors) say(`  Error: ${mask(line, result)}`);
  say(`  (${result.masks.length} masks, exit code ${result.exitCode}, ${Math.round(result.milliseconds)} ms)`);
}

function mask(text: string, { masks }: Result): string {
  return masks.reduce((rest, secret) => rest.replaceAll(secret, '***'), text);
}

function say(line: string): void {
  console.log(line);
}
