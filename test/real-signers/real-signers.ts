/**
 * Signs by the commands of the examples, with real signers: `.ci/real-signers` starts it, where they are installed.
 * `npm test` has OpenSSL alone.
 */
import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { assertFailed, assertSucceeded, type Result } from '../support/runner.ts';
import { APP_ID, createScene, KEYS, type Scene } from '../support/scene.ts';
import { readSignCommand } from '../support/yaml.ts';
import { type Signer, startAwsKms, startOpenBao, startSoftHsm, versionOf } from './signers.ts';

const OPTIONS = { timeout: 120_000 };
const started: AsyncDisposable[] = [];
after(async () => {
  await Promise.all(started.map((signer) => signer[Symbol.asyncDispose]()));
});

describe('AWS KMS, by the AWS CLI with moto', OPTIONS, async () => {
  const signer = await use(startAwsKms());
  const elliptic = await use(startAwsKms('ECC_NIST_P256'));
  const command = commandOf('sign-aws-kms.yml');

  test('signs, for the corrected clock too', OPTIONS, async (t) => {
    t.diagnostic(
      `${await versionOf('aws', '--version')}; moto ${await versionOf('python3', '-c', 'import moto; print(moto.__version__)')}`,
    );
    await assertSigns(command, signer);
  });

  test('says that the alias does not exist', OPTIONS, async (t) => {
    const result = await signBadly(command.replace('alias/icr-app', 'alias/icr-ap'), signer);
    assertFailed(result, /^`sign-command` failed with exit code 25\d\. .*NotFoundException/);
    t.diagnostic(result.errors[0] ?? '');
  });

  test('says that an elliptic-curve key signed', OPTIONS, async (t) => {
    const result = await signBadly(command.replace('RSASSA_PKCS1_V1_5_SHA_256', 'ECDSA_SHA_256'), elliptic);
    assertFailed(
      result,
      /^`sign-command` printed base64 of (?:6[4-9]|7[0-2]) bytes, likely an elliptic-curve signature\./,
    );
    t.diagnostic(result.errors[0] ?? '');
  });

  test('says that JSON came, without --query and --output', OPTIONS, async () => {
    const result = await signBadly(command.replace('--query Signature --output text', ''), signer);
    assertFailed(result, /^`sign-command` printed JSON, not the signature alone\./);
  });

  test('with PSS is refused by ICR, and the advice names the scheme', OPTIONS, async (t) => {
    const result = await sign(command.replace('RSASSA_PKCS1_V1_5', 'RSASSA_PSS'), signer);
    assertFailed(result, /PKCS1-v1_5 with SHA-256, not PSS, .*answered 401/);
    t.diagnostic(result.errors[0] ?? '');
  });
});

describe('OpenBao’s transit engine', OPTIONS, async () => {
  const signer = await use(startOpenBao(KEYS.privateKey));
  const command = commandOf('sign-vault-transit.yml');
  const byCli = `BAO_ADDR=$VAULT_ADDR BAO_TOKEN=$VAULT_TOKEN bao write -field=signature transit/sign/icr-app/sha2-256 prehashed=true signature_algorithm=pkcs1v15 input=$ICR_SIGNING_DIGEST`;

  test('signs by curl, for the corrected clock too', OPTIONS, async (t) => {
    t.diagnostic(`${await versionOf('bao', 'version')}; ${await versionOf('curl', '--version')}`);
    await assertSigns(command, signer);
  });

  test('signs by its own CLI', OPTIONS, () => assertSigns(byCli, signer));

  test('says that the token may not sign', OPTIONS, async (t) => {
    const result = await signBadly(command, { ...signer, env: { ...signer.env, VAULT_TOKEN: 'hvs.of-somebody-else' } });
    assertFailed(result, /^`sign-command` failed with exit code \d+\. .*403/);
    t.diagnostic(result.errors[0] ?? '');
  });

  test('says by its own CLI that the path is another', OPTIONS, async (t) => {
    const result = await signBadly(byCli.replace('icr-app', 'other'), signer);
    assertFailed(result, /^`sign-command` failed with exit code 2\. .*permission denied/);
    t.diagnostic(result.errors[0] ?? '');
  });
});

describe('An HSM, by OpenSC with SoftHSM', OPTIONS, async () => {
  const signer = await use(startSoftHsm(KEYS.privateKey));
  const command = commandOf('sign-pkcs11.yml');

  test('signs, for the corrected clock too', OPTIONS, async (t) => {
    const opensc = await versionOf('opensc-tool', '--info');
    t.diagnostic(`${opensc}; SoftHSM ${await versionOf('softhsm2-util', '--version')}`);
    await assertSigns(command, signer);
  });

  test('says that the PIN is wrong, and does not print it', OPTIONS, async (t) => {
    const result = await signBadly(command, { ...signer, env: { ...signer.env, HSM_PIN: '000111' } });
    assertFailed(result, /^`sign-command` failed with exit code 1\. .*CKR_PIN_INCORRECT/);
    assert.ok(!result.stdout.includes('000111'));
    t.diagnostic(result.errors[0] ?? '');
  });
});

describe('OpenSSL', OPTIONS, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'icr-openssl-'));
  after(() => rm(folder, { recursive: true, force: true }));
  const command = commandOf('sign-openssl.yml').replace('/etc/icr/app.pem', '"$KEY_FILE"');
  const use = async (key: KeyObject, publicKey: KeyObject, bits: number) => {
    const keyFile = join(folder, `${bits}.pem`);
    await writeFile(keyFile, key.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
    return { env: { KEY_FILE: keyFile }, publicKey, [Symbol.asyncDispose]: async () => undefined };
  };

  for (const bits of [2048, 3072, 4096]) {
    test(`signs with a key of ${bits} bits`, OPTIONS, async (t) => {
      t.diagnostic(await versionOf('openssl', 'version'));
      const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: bits });
      await assertSigns(command, await use(privateKey, publicKey, bits));
    });
  }
});

async function use(starting: Promise<Signer>): Promise<Signer> {
  const signer = await starting;
  started.push(signer);
  return signer;
}

/** With the runner's clock right, and 15 minutes slow: then the command runs twice. */
async function assertSigns(command: string, signer: Signer): Promise<void> {
  for (const [seconds, requests] of [
    [0, 2],
    [900, 3],
  ] as const) {
    await using scene = await sceneFor(signer);
    scene.simulator.moveClock(seconds);
    assertSucceeded(await runMain(scene, command, signer));
    assert.equal(scene.asked().length, requests);
  }
}

async function sign(command: string, signer: Signer): Promise<Result> {
  await using scene = await sceneFor(signer);
  return await runMain(scene, command, signer);
}

async function signBadly(command: string, signer: Signer): Promise<Result> {
  await using scene = await sceneFor(signer);
  const result = await runMain(scene, command, signer);
  assert.deepEqual(scene.asked(), []);
  return result;
}

/** The usual one, and the app knows the signer's key too. */
async function sceneFor({ publicKey }: Signer): Promise<Scene> {
  const scene = await createScene();
  const keys = [publicKey.asymmetricKeyType === 'rsa' ? publicKey : KEYS.publicKey];
  scene.simulator.addApp({ id: SIGNED_APP_ID, appNameId: 'signed', keys });
  return scene;
}

const SIGNED_APP_ID = `${APP_ID.slice(0, -2)}99`;

async function runMain(scene: Scene, command: string, { env }: Signer): Promise<Result> {
  const installation = scene.simulator.addInstallation({
    appId: SIGNED_APP_ID,
    organization: { fullName: 'Signed hf.' },
  });
  return scene.main(
    {
      'app-id': SIGNED_APP_ID,
      'private-key': '',
      'sign-command': command,
      'organization-id': installation.organization.id,
    },
    { env: { ...env, HOME: process.env['HOME'] } },
  );
}

function commandOf(name: string): string {
  return readSignCommand(readFileSync(join(import.meta.dirname, '../workflows', name), 'utf8'));
}
