/** Runs the commands of the examples and of signing.md through the action, with stand-ins for the signers. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { assertFailed, assertSucceeded, type Result } from '../support/runner.ts';
import { createScene, PEM } from '../support/scene.ts';
import { readSignCommand } from '../support/yaml.ts';

const WORKFLOWS = join(import.meta.dirname, '../workflows');
// The stand-ins are bash scripts.
const OPTIONS = { timeout: 60_000, skip: process.platform === 'win32' };

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'icr-recipes-'));
  await writeFile(join(folder, 'key.pem'), PEM, { mode: 0o600 });
  await mkdir(runnerTemp());
});
after(() => rm(folder, { recursive: true, force: true }));

const EXAMPLES = readdirSync(WORKFLOWS).filter((name) => name.startsWith('sign-'));

describe('The signing command of the example', OPTIONS, () => {
  for (const name of EXAMPLES) {
    test(`${name} signs, also a second time by the corrected clock`, OPTIONS, async () => {
      assertSucceeded(await sign(commandOf(name)));
      assertSucceeded(await sign(commandOf(name), 900));
    });

    test(`${name} signs if the path of RUNNER_TEMP has a space`, OPTIONS, async () => {
      const temp = join(folder, 'of the runner');
      await mkdir(temp, { recursive: true });
      assertSucceeded(await sign(commandOf(name), 0, { RUNNER_TEMP: temp }));
    });

    test(`${name} fails its step if the signer fails`, OPTIONS, async () => {
      const result = await sign(commandOf(name), 0, { STAND_IN_KEY: '/nowhere' });
      assertFailed(result, /^`sign-command` failed with exit code \d+\./);
    });

    test(`${name} gives no credentials to the rest of the job`, OPTIONS, () => {
      const text = readFileSync(join(WORKFLOWS, name), 'utf8');
      const login = /uses: (?!OWNER)(.*?)@/.exec(text)?.[1];
      const kept: Record<string, RegExp> = {
        'aws-actions/configure-aws-credentials': /output-credentials: true\n +output-env-credentials: false/,
        'google-github-actions/auth': /create_credentials_file: false/,
        'hashicorp/vault-action': /outputToken: true\n +exportToken: false/,
        'azure/login': /trap 'az logout' EXIT;/,
      };
      if (login !== undefined) assert.match(text, kept[login] ?? /no login/);
      assert.match(text, /^ {4}environment: icr$/m);
      assert.equal(/^ {6}id-token: write/m.test(text), login !== undefined);
      assert.match(text, /^permissions: \{\}$/m);
    });
  }

  test('sign-vault-transit.yml is refused without pkcs1v15, with advice about PSS', OPTIONS, async () => {
    const result = await sign(commandOf('sign-vault-transit.yml').replace('pkcs1v15', 'pss'));
    assertFailed(result, /PKCS1-v1_5 with SHA-256, not PSS/);
  });
});

test('The command of `vault` in signing.md signs', OPTIONS, async () => {
  const page = readFileSync(join(import.meta.dirname, '../../.github/docs/signing.md'), 'utf8');
  const [command = 'none'] = /^vault write .*$/m.exec(page) ?? [];
  assertSucceeded(await sign(command));
});

/** Self-hosted runners have spaces in paths. */
function runnerTemp(): string {
  return join(folder, 'temporary files');
}

async function sign(command: string, clockSeconds = 0, env: Record<string, string> = {}): Promise<Result> {
  await using scene = await createScene();
  scene.simulator.moveClock(clockSeconds);
  const inputs = { 'private-key': '', 'sign-command': command, 'organization-id': scene.nordic.organization.id };
  return await scene.main(inputs, {
    env: {
      PATH: [join(WORKFLOWS, 'fake-clis'), process.env['PATH']].join(delimiter),
      RUNNER_TEMP: runnerTemp(),
      STAND_IN_KEY: join(folder, 'key.pem'),
      VAULT_ADDR: 'https://vault.example:8200',
      VAULT_TOKEN: 'hvs.of-this-step',
      PKCS11_MODULE: '/usr/lib/softhsm/libsofthsm2.so',
      HSM_PIN: '493827',
      ...env,
    },
  });
}

function commandOf(name: string): string {
  return withTestKey(readSignCommand(readFileSync(join(WORKFLOWS, name), 'utf8')));
}

function withTestKey(command: string): string {
  return command.replace('/etc/icr/app.pem', '$STAND_IN_KEY');
}
