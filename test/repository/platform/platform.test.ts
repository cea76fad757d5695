/** Runs the platform team's scripts against stand-ins of the clouds, and checks what their policies let in. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { runInNewContext } from 'node:vm';

const WORKFLOWS = join(import.meta.dirname, '../../workflows');
const PLATFORM = join(WORKFLOWS, 'platform');
const HAS_JQ = spawnSync('jq', ['--version']).status === 0;
const CALLED_SHA = /icr-job\.yml@([0-9a-f]{40})/;
const folder = mkdtempSync(join(tmpdir(), 'icr-platform-'));
after(() => rmSync(folder, { recursive: true }));

describe('The policies for AWS', () => {
  const trust = JSON.parse(read('aws/trust-policy.json'));
  const key = JSON.parse(read('aws/key-policy.json'));

  test('trust one environment, by the central workflow at the SHA that its caller names or at the next', () => {
    const [statement, ...others] = trust.Statement;
    assert.deepEqual(others, []);
    assert.deepEqual(Object.keys(statement.Condition), ['StringEquals']);
    const claims = Object.entries<string | string[]>(statement.Condition.StringEquals).map(([name, expected]) => [
      name.replace('token.actions.githubusercontent.com:', ''),
      expected,
    ]);
    const { aud, sub, job_workflow_ref: refs, ...rest } = Object.fromEntries(claims);
    assert.deepEqual(rest, {});
    assert.equal(aud, 'sts.amazonaws.com');
    assert.match(sub, /^repo:[^*]+:environment:forest-production$/);
    const [, called] = CALLED_SHA.exec(readFileSync(join(WORKFLOWS, 'platform-caller.yml'), 'utf8')) ?? [];
    assert.equal(refs.length, 2);
    assert.equal(CALLED_SHA.exec(refs[0])?.[1], called);
    for (const ref of refs) assert.match(ref, /^PLATFORM\/workflows\/\.github\/workflows\/icr-job\.yml@[0-9a-f]{40}$/);
  });

  test('let one role sign, with RSASSA-PKCS1-v1_5 and SHA-256, and nobody else', () => {
    const signers = key.Statement.filter(({ Action }: { Action: string | string[] }) =>
      [Action].flat().some((action) => /^kms:(?:\*|Sign|CreateGrant)/.test(action)),
    );
    assert.equal(signers.length, 1);
    assert.equal(signers[0].Action, 'kms:Sign');
    assert.equal(signers[0].Principal.AWS, 'arn:aws:iam::111122223333:role/icr-forest-production');
    assert.equal(signers[0].Condition.StringEquals['kms:SigningAlgorithm'], 'RSASSA_PKCS1_V1_5_SHA_256');
  });
});

describe('aws/import-key.sh', { skip: process.platform !== 'linux' }, () => {
  test('imports keys of both PEM forms and of three lengths, and lets the alias name them', () => {
    const scene = startScene('import');
    for (const [index, [bits, type]] of (
      [
        [2048, 'pkcs1'],
        [3072, 'pkcs8'],
        [4096, 'pkcs8'],
      ] as const
    ).entries()) {
      const { pem, publicKey } = newKey(bits, type);
      const { status, output } = scene.importKey(pem);
      assert.equal(status, 0, output);
      const { keys, aliases } = scene.kms();
      const id = `key-${index + 1}`;
      assert.equal(aliases['alias/icr-forest-production'], id);
      assert.equal(keys[id]?.public, publicKey);
      assert.deepEqual([keys[id]?.usage, keys[id]?.origin], ['SIGN_VERIFY', 'EXTERNAL']);
      assert.deepEqual(keys[id]?.policy, JSON.parse(read('aws/key-policy.json')));
      assert.match(output, /Compare it with the app's "Credentials" tab\./);
    }
  });

  test('leaves the alias as it is if KMS holds another key', () => {
    const scene = startScene('swap');
    const { pem } = newKey(2048, 'pkcs8');
    assert.equal(scene.importKey(pem).status, 0);
    const { status, output } = scene.importKey(pem, { KMS_SWAPS_KEY: '1' });
    assert.equal(status, 1);
    assert.match(output, /KMS holds another key/);
    assert.deepEqual(scene.kms().aliases, { 'alias/icr-forest-production': 'key-1' });
  });

  test('names the imported key, and says why, if the alias can’t be changed', () => {
    const scene = startScene('alias');
    const { status, output } = scene.importKey(newKey(2048, 'pkcs8').pem, { KMS_REFUSES_ALIAS: 'AccessDenied' });
    assert.equal(status, 1);
    assert.match(output, /Created the key key-1\./);
    assert.match(output, /AccessDenied/);
    assert.match(output, /The key key-1 is imported, but alias\/icr-forest-production may not name it\./);
    assert.deepEqual(scene.kms().aliases, {});
  });

  test('leaves no file behind, and imports nothing from a file that holds no key', () => {
    const scene = startScene('rest');
    assert.equal(scene.importKey(newKey(2048, 'pkcs8').pem).status, 0);
    assert.notEqual(scene.importKey('no key').status, 0);
    assert.deepEqual(Object.keys(scene.kms().keys), ['key-1']);
    assert.equal(execFileSync('ls', ['-A', scene.temporary], { encoding: 'utf8' }), '');
  });
});

describe('aws/trust-sha.sh', { skip: process.platform !== 'linux' || !HAS_JQ }, () => {
  const [first = '', second = ''] = ['a', 'b'].map((digit) => digit.repeat(40));
  const ref = (sha: string) => `PLATFORM/workflows/.github/workflows/icr-job.yml@${sha}`;
  const claim = 'token.actions.githubusercontent.com:job_workflow_ref';
  const policy = (refs: string | readonly string[]) => {
    const trust = JSON.parse(read('aws/trust-policy.json'));
    trust.Statement[0].Condition.StringEquals[claim] = refs;
    return trust;
  };

  test('adds a SHA to each role, once, and removes one, also the last, after which a role trusts nobody', () => {
    const scene = startScene('sha');
    // AWS gives back a list of one as it likes.
    scene.saveRoles({ 'icr-forest-production': policy(ref(first)), 'icr-basalt-production': policy([ref(first)]) });
    for (const call of ['add', 'add']) assert.equal(scene.run('aws/trust-sha.sh', [call, second]).status, 0);
    assert.deepEqual(Object.values(scene.kms().roles), Array(2).fill(policy([ref(first), ref(second)])));
    assert.equal(scene.run('aws/trust-sha.sh', ['remove', first]).status, 0);
    assert.deepEqual(Object.values(scene.kms().roles), Array(2).fill(policy([ref(second)])));
    assert.equal(scene.run('aws/trust-sha.sh', ['remove', second]).status, 0);
    assert.deepEqual(Object.values(scene.kms().roles), Array(2).fill(policy(['none'])));
    assert.equal(scene.run('aws/trust-sha.sh', ['add', first]).status, 0);
    assert.deepEqual(Object.values(scene.kms().roles), Array(2).fill(policy([ref(first)])));
    assert.equal(scene.run('aws/trust-sha.sh', ['add', '*']).status, 2);
  });

  test('leaves a role alone that names no workflow, and goes on', () => {
    const scene = startScene('sha');
    const other = policy([]);
    delete other.Statement[0].Condition.StringEquals[claim];
    scene.saveRoles({ 'icr-a': other, 'icr-b': policy(ref(first)) });
    assert.equal(scene.run('aws/trust-sha.sh', ['remove', first]).status, 0);
    assert.deepEqual(scene.kms().roles, { 'icr-a': other, 'icr-b': policy(['none']) });
  });
});

describe('google/trust.sh', { skip: process.platform !== 'linux' }, () => {
  const calls = () => startScene('trust').run('google/trust.sh', []).calls;
  const optionsOf = (call: readonly string[] = []) => ({
    mapping: call[call.indexOf('--attribute-mapping') + 1] ?? '',
    condition: call[call.indexOf('--attribute-condition') + 1] ?? '',
  });
  const [, called = ''] =
    /icr-job-google\.yml@([0-9a-f]{40})/.exec(readFileSync(join(WORKFLOWS, 'platform-google-caller.yml'), 'utf8')) ??
    [];
  const claims = {
    repository_owner_id: '123456',
    repository_id: '456789',
    run_id: '17123456789',
    run_attempt: '1',
    environment: 'forest-production',
    job_workflow_ref: `PLATFORM/workflows/.github/workflows/icr-job-google.yml@${called}`,
  };
  // Both expressions are written so that they mean the same in CEL and in JavaScript.
  const evaluate = (expression: string, assertion: object) => runInNewContext(expression, { assertion });

  test('maps the subject to the run, in at most 127 bytes, and the tenant to repository and environment', () => {
    const { mapping } = optionsOf(calls().find((call) => call.includes('create-oidc')));
    const attributes = new Map(mapping.split(',').map((pair) => [pair.split('=')[0], pair.replace(/^[^=]+=/, '')]));
    assert.deepEqual([...attributes.keys()], ['google.subject', 'attribute.tenant']);
    const subject = attributes.get('google.subject') ?? '';
    assert.equal(evaluate(subject, claims), 'repository:456789:run:17123456789:1');
    const longest = '9'.repeat(20);
    const most = { ...claims, repository_id: longest, run_id: longest, run_attempt: longest };
    assert.ok(Buffer.byteLength(evaluate(subject, most)) <= 127);
    assert.equal(evaluate(attributes.get('attribute.tenant') ?? '', claims), '456789:forest-production');
  });

  test('trusts the central workflow at two SHAs, in one organization, and nothing else', () => {
    const { condition } = optionsOf(calls().find((call) => call.includes('create-oidc')));
    const ref = (text: string) => ({ ...claims, job_workflow_ref: claims.job_workflow_ref.replace(called, text) });
    assert.equal(evaluate(condition, claims), true);
    assert.equal(evaluate(condition, ref('9c0d1e2f3a4b5c6d7e8f90123456789abcdef012')), true);
    for (const other of [
      ref('refs/heads/main'),
      ref('0'.repeat(40)),
      { ...claims, job_workflow_ref: `PLATFORM/workflows/.github/workflows/other.yml@${called}` },
      { ...claims, repository_owner_id: '654321' },
    ]) {
      assert.equal(evaluate(condition, other), false);
    }
  });
});

describe('google/tenant.sh', { skip: process.platform !== 'linux' }, () => {
  test('imports the key in DER, and lets each of the repositories sign with it, and no other principal', () => {
    const scene = startScene('tenant');
    const pemFile = join(scene.folder, 'app.pem');
    writeFileSync(pemFile, newKey(3072, 'pkcs1').pem);
    const repositories = ['octo-org/octo-repo', 'octo-org/other-repo'];
    const { status, output, calls } = scene.run('google/tenant.sh', ['forest-production', pemFile, ...repositories]);
    assert.equal(status, 0, output);
    const imported = calls.find((call) => call.includes('import')) ?? [];
    assert.equal(imported[imported.indexOf('--algorithm') + 1], 'rsa-sign-pkcs1-3072-sha256');
    const bindings = calls.filter((call) => call.includes('add-iam-policy-binding'));
    const pool = 'iam.googleapis.com/projects/987654321/locations/global/workloadIdentityPools/icr';
    assert.deepEqual(
      bindings.map((call) => [call[call.indexOf('--role') + 1], call[call.indexOf('--member') + 1]]),
      ['456789', '456790'].map((id) => [
        'roles/cloudkms.signer',
        `principalSet://${pool}/attribute.tenant/${id}:forest-production`,
      ]),
    );
    assert.equal(execFileSync('ls', ['-A', scene.temporary], { encoding: 'utf8' }), '');
  });
});

interface Kms {
  keys: Readonly<Record<string, { public?: string; usage: string; origin: string; policy: unknown }>>;
  aliases: Readonly<Record<string, string>>;
  roles: Readonly<Record<string, unknown>>;
}

/** A folder for the stand-ins and their state, and one for the temporary files of the scripts. */
function startScene(name: string) {
  const scene = mkdtempSync(join(folder, `${name}-`));
  const [bin, temporary] = [join(scene, 'bin'), join(scene, 'tmp')];
  for (const path of [bin, temporary]) mkdirSync(path);
  for (const [command, script] of [
    ['aws', 'aws'],
    ['gcloud', 'gcloud'],
    ['gh', 'gcloud'],
  ] as const) {
    const target = join(import.meta.dirname, `${script}.cjs`);
    writeFileSync(join(bin, command), `#!/bin/sh\nexec '${process.execPath}' '${target}' "$@"\n`, { mode: 0o755 });
  }
  const [state, calls] = [join(scene, 'kms.json'), join(scene, 'calls')];
  const run = (script: string, options: readonly string[], env: Readonly<Record<string, string>> = {}) => {
    writeFileSync(calls, '');
    const { status, stdout, stderr } = spawnSync(join(PLATFORM, script), options, {
      encoding: 'utf8',
      env: {
        PATH: [bin, process.env['PATH']].join(delimiter),
        TMPDIR: temporary,
        KMS_STATE: state,
        CALLS: calls,
        ...env,
      },
    });
    const lines = readFileSync(calls, 'utf8')
      .split('\n')
      .filter((line) => line !== '');
    return { status, output: `${stdout}${stderr}`, calls: lines.map((line): string[] => JSON.parse(line)) };
  };
  return {
    folder: scene,
    temporary,
    run,
    importKey: (pem: string, env?: Readonly<Record<string, string>>) => {
      const pemFile = join(scene, 'app.pem');
      writeFileSync(pemFile, pem);
      const policy = join(PLATFORM, 'aws/key-policy.json');
      return run('aws/import-key.sh', [pemFile, 'alias/icr-forest-production', policy], env);
    },
    saveRoles: (roles: Kms['roles']) => writeFileSync(state, JSON.stringify({ keys: {}, aliases: {}, roles })),
    kms: (): Kms => JSON.parse(readFileSync(state, 'utf8')),
  };
}

function newKey(modulusLength: number, type: 'pkcs1' | 'pkcs8') {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength });
  return {
    pem: privateKey.export({ type, format: 'pem' }).toString(),
    publicKey: createPublicKey(privateKey).export({ type: 'spki', format: 'der' }).toString('base64'),
  };
}

function read(path: string): string {
  return readFileSync(join(PLATFORM, path), 'utf8');
}
