/** Shows the built action in a job that goes well and in one that fails, against a simulator of ICR on this machine. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { styleText } from 'node:util';
import type { Result } from '../support/runner.ts';
import { createScene, PEM } from '../support/scene.ts';

await using scene = await createScene();
const { nordic } = scene;

title('A job that goes well');
say('A simulator of ICR’s API runs on this machine, with an app that two organizations have installed.');
say('The step asks for a token for one of them, with `required-permissions: organization_info: read`.');
const step = await scene.step({
  'organization-id': nordic.organization.id,
  'required-permissions': 'organization_info: read',
});

title('The step, as its log shows it');
const main = await step.main();
showLog(main);
explainMasks(main);
assert.equal(main.exitCode, 0);

title('Its outputs, as later steps get them');
for (const [name, text] of main.outputs) quote(`${name}: ${mask(text, main)}`);

title('A later step uses the token');
const response = await askOrganization();
quote(`GET /organizations/${nordic.organization.id} → ${response.status} ${await fullNameOf(response)}`);
assert.equal(response.status, 200);

title('The job ends, and the post step revokes the token');
const post = await step.post();
showLog(post);
assert.equal(post.exitCode, 0);

title('The token opens nothing any more');
const refusal = await askOrganization();
quote(`GET /organizations/${nordic.organization.id} → ${refusal.status}`);
assert.equal(refusal.status, 403);
assert.equal(scene.liveTokens(), 0);

title('A job that fails: the key belongs to another app');
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const failed = await scene.main({
  'private-key': privateKey.export({ type: 'pkcs1', format: 'pem' }).toString(),
  'organization-id': nordic.organization.id,
});
showLog(failed);
assert.equal(failed.exitCode, 1);
assert.equal(failed.outputs.size, 0);
say('The fingerprint is of the key that the step was given. If the app’s “Credentials” tab does not show it,');
say('the secret holds the key of another app, or of the other environment.');

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
  for (const line of result.log) quote(mask(line, result));
  for (const line of result.errors) quote(styleText('red', `Error: ${mask(line, result)}`));
  say(styleText('dim', `(exit code ${result.exitCode}, ${Math.round(result.milliseconds)} ms)`));
}

function explainMasks({ masks }: Result): void {
  const ofKey = masks.filter((text) => PEM.includes(text)).length;
  say(
    `${masks.length} masks: from here on the runner shows *** in place of ${masks.length} texts, wherever they appear.`,
  );
  say(`${ofKey} of them are the lines of the key; the others are the key in one line, the JWT and the token.`);
}

function mask(text: string, { masks }: Result): string {
  return masks.reduce((rest, secret) => rest.replaceAll(secret, '***'), text);
}

/** In color on a terminal alone, and not if NO_COLOR is set: `styleText` looks. */
function title(text: string): void {
  console.log(`\n${styleText('bold', text)}`);
}

function quote(line: string): void {
  console.log(`  ${styleText('cyan', '│')} ${line}`);
}

function say(line: string): void {
  console.log(`  ${line}`);
}
