/** What must come of each workflow. */
import assert from 'node:assert/strict';
import type { Result, Scene } from './scene.ts';

export interface Case {
  title: string;
  check(scene: Scene): Promise<Result>;
}

/** The example, and what signs in it. */
const SIGNERS = [
  ['sign-aws-kms', 'AWS KMS'],
  ['sign-google-cloud-kms', 'Google Cloud KMS'],
  ['sign-azure-key-vault', 'Azure Key Vault'],
  ['sign-vault-transit', 'Vault'],
  ['sign-pkcs11', 'an HSM'],
  ['sign-openssl', 'OpenSSL with a file of the runner'],
] as const;
const NO_SECRETS = { secrets: {} };

export const CASES: readonly Case[] = [
  {
    title: 'token.yml: the next step uses the outputs, and post revokes',
    check: async (scene) => {
      const result = await scene.run('token.yml');
      succeeded(result, 1);
      says(result, /"fullName":"Skógarkolefni ehf\."/);
      revoked(result, [scene.forest.organization.id]);
      return result;
    },
  },
  {
    title: 'nightly-inventory.yml: commits the inventory, and the night after nothing, since it did not change',
    check: async (scene) => {
      const { id } = scene.basalt.organization;
      const vars = { ICR_ORGANIZATION_ID: id };
      const first = await scene.run('nightly-inventory.yml', { event: 'schedule', vars });
      succeeded(first, 1);
      revoked(first, [id]);
      scene.git('pull', '--rebase', 'origin', 'main');
      const csv = scene.git('show', 'origin/main:inventory.csv');
      assert.match(csv, /^"serialization","type","amount","project","id"\n"ICR-ISL-1-2023-0","exPost",1200,"Aff.*"\n$/);
      assert.match(scene.git('log', '-1', '--format=%an: %s', 'origin/main'), /^github-actions\[bot\]: Update the inv/);

      const second = await scene.run('nightly-inventory.yml', { event: 'schedule', vars });
      succeeded(second, 1);
      says(second, /The inventory did not change\./);
      scene.git('fetch');
      assert.equal(scene.git('log', '--format=%s', 'origin/main'), 'Update the inventory\nWorkflows\n');
      return first;
    },
  },
  {
    title: 'nightly-inventory.yml: without the permission the step fails and nothing is committed',
    check: async (scene) => {
      const before = scene.git('rev-parse', 'origin/main');
      const result = await scene.run('nightly-inventory.yml', {
        event: 'schedule',
        vars: { ICR_ORGANIZATION_ID: scene.bare.organization.id },
      });
      failed(result, /The token lacks `organization_warehouse: read`\./);
      revoked(result, [scene.bare.organization.id]);
      scene.git('fetch');
      assert.equal(scene.git('rev-parse', 'origin/main'), before);
      return result;
    },
  },
  {
    title: 'environments.yml: production and the sandbox, each by its own app',
    check: async (scene) => {
      const payload = (environment: string) => ({ inputs: { environment } });
      const production = await scene.run('environments.yml', { payload: payload('production') });
      succeeded(production, 1);
      says(production, /set-output:: api-url=https:\/\/api\.carbonregistry\.com\n/);
      revoked(production, [scene.forest.organization.id]);
      assert.deepEqual(production.sandboxTokens, []);

      const sandbox = await scene.run('environments.yml', { payload: payload('sandbox'), ...scene.ofSandbox });
      succeeded(sandbox, 1);
      says(sandbox, /set-output:: api-url=https:\/\/sandbox-api\.carbonregistry\.com\n/);
      revoked({ tokens: sandbox.sandboxTokens }, [scene.sandbox.organization.id]);
      assert.deepEqual(sandbox.tokens, []);
      return sandbox;
    },
  },
  {
    title: 'environments.yml: an environment that is neither never asks production',
    check: async (scene) => {
      const result = await scene.run('environments.yml', { payload: { inputs: { environment: 'produktion' } } });
      failed(result, /sandbox-api\.carbonregistry\.com/);
      assert.deepEqual(result.tokens, []);
      return result;
    },
  },
  {
    title: 'organizations.yml: a reusable workflow, for two organizations by a matrix',
    check: async (scene) => {
      const result = await scene.run('organizations.yml');
      succeeded(result, 2);
      says(result, /"fullName":"Skógarkolefni ehf\."/, /"fullName":"Basaltbinding hf\."/);
      revoked(result, [scene.forest.organization.id, scene.basalt.organization.id]);
      return result;
    },
  },
  {
    title: 'inherit.yml: the same with `secrets: inherit`',
    check: async (scene) => {
      const result = await scene.run('inherit.yml', { event: 'schedule' });
      succeeded(result, 1);
      revoked(result, [scene.forest.organization.id]);
      return result;
    },
  },
  {
    title: 'webhook.yml: the relayed webhook chooses the installation',
    check: async (scene) => {
      const { id } = scene.basalt;
      const client_payload = { event: 'warehouseTransaction', installation: { id } };
      const payload = { action: 'icr-webhook', client_payload };
      const result = await scene.run('webhook.yml', { event: 'repository_dispatch', payload });
      succeeded(result, 1);
      says(result, /"serialization":"ICR-ISL-1-2023-0"/);
      revoked(result, [scene.basalt.organization.id]);
      return result;
    },
  },
  ...SIGNERS.map(([name, signer]) => ({
    title: `${name}.yml: ${signer} signs, and GitHub has no key`,
    check: async (scene: Scene) => {
      const edit = (text: string) => text.replaceAll('/etc/icr/app.pem', '$STAND_IN_KEY');
      const vars = {
        PKCS11_MODULE: '/usr/lib/softhsm/libsofthsm2.so',
        ICR_ORGANIZATION_ID: scene.bare.organization.id,
      };
      const result = await scene.run(`${name}.yml`, { secrets: { HSM_PIN: '493827' }, vars, edit });
      succeeded(result, 1);
      says(result, /"fullName":"Kolefni ehf\."/);
      revoked(result, [scene.bare.organization.id]);
      return result;
    },
  })),
  {
    title: 'least-privilege.yml: what is required is there, and no more than is allowed',
    check: async (scene) => {
      const result = await scene.run('least-privilege.yml');
      succeeded(result, 1);
      revoked(result, [scene.forest.organization.id]);
      return result;
    },
  },
  {
    title: 'least-privilege.yml: a permission is missing; the job fails, the token is revoked',
    check: async (scene) => {
      const result = await scene.run('least-privilege.yml', {
        vars: { ICR_ORGANIZATION_ID: scene.basalt.organization.id },
      });
      failed(result, /The token lacks `organization_warehouse: write` \(it has read\)\..* The token was revoked\./);
      assert.doesNotMatch(result.log, /set-output:: token|"serialization"|Revoked the access token/);
      revoked(result, [scene.basalt.organization.id]);
      return result;
    },
  },
  {
    title: 'reconcile.yml: a later step fails; post revokes, and the summary says so',
    check: async (scene) => {
      const result = await scene.run('reconcile.yml');
      failed(result, /Failure - Main curl/);
      says(result, /Revoked the access token\./, /\| Organization \| “Skógarkolefni ehf\.”/, /\| Token \| revoked at /);
      revoked(result, [scene.forest.organization.id]);
      return result;
    },
  },
  {
    title: 'hand-over.yml: with `skip-token-revoke` the token outlives the job',
    check: async (scene) => {
      const result = await scene.run('hand-over.yml');
      succeeded(result, 1);
      assert.doesNotMatch(result.log, /Revoked the access token/);
      assert.deepEqual(
        result.tokens.map(({ token, state }) => [token, state]),
        result.imported.map((token) => [token, 'live']),
      );
      assert.equal(await scene.ask(result.imported[0] ?? ''), 200);
      return result;
    },
  },
  {
    title: 'pull-request.yml: a pull request from a fork has neither secrets nor variables and stays green',
    check: async (scene) => {
      const repository = { full_name: 'octo-org/octo-repo' };
      const pull_request = { head: { ref: 'patch', repo: { full_name: 'fork/octo-repo' } }, base: { ref: 'main' } };
      const payload = { action: 'opened', number: 1, repository, pull_request };
      const vars = { ICR_APP_ID: '', ICR_API_URL: '', ICR_ORGANIZATION_ID: '' };
      const result = await scene.run('pull-request.yml', { event: 'pull_request', payload, vars, ...NO_SECRETS });
      succeeded(result, 1);
      says(
        result,
        /This run has no secrets: it is for a pull request from a fork \(fork\/octo-repo\)/,
        /The checks that need no token run/,
      );
      assert.doesNotMatch(result.log, /fullName/);
      revoked(result, []);
      return result;
    },
  },
  {
    title: 'company-network.yml: through a proxy with a password, and a private CA',
    check: async (scene) => {
      const before = scene.network.companyTunnels();
      const result = await scene.run('company-network.yml', inCompany(scene));
      succeeded(result, 1);
      says(result, /set-output:: api-url=https:\/\/api\.carbonregistry\.com\n/, /"fullName":"Skógarkolefni ehf\."/);
      const tunnels = scene.network.companyTunnels() - before;
      assert.equal(tunnels, 4, 'the look-up, the mint, the next step and post, each by a tunnel');
      revoked(result, [scene.forest.organization.id]);
      return result;
    },
  },
  {
    title: 'platform-caller.yml: the central workflow, by its commit, for two tenants, signing in KMS behind the proxy',
    check: async (scene) => {
      const before = scene.network.companyTunnels();
      const vars = { ICR_ORGANIZATION_ID: scene.bare.organization.id };
      const result = await scene.run('platform-caller.yml', { event: 'schedule', vars, ...inCompany(scene) });
      succeeded(result, 2);
      says(
        result,
        /an action of others stands here; its proxy is given/,
        /AWS credentials in the script: none/,
        /set-output:: api-url=https:\/\/api\.carbonregistry\.com\n/,
        /"fullName":"Kolefni ehf\."/,
      );
      assert.equal(
        scene.network.companyTunnels() - before,
        8,
        'of each job the look-up, the mint, the script and post',
      );
      // act knows no environments, so both tenants have the same variables.
      revoked(result, [scene.bare.organization.id, scene.bare.organization.id]);
      return result;
    },
  },
  {
    title: 'platform-caller.yml: a stage that is neither fails, and asks nobody',
    check: async (scene) => {
      const { edit, ...others } = inCompany(scene);
      const result = await scene.run('platform-caller.yml', {
        event: 'schedule',
        ...others,
        edit: (text) => edit(text).replace('stage: production', 'stage: Production1'),
      });
      failed(result, /The input stage must be sandbox or production\./);
      assert.doesNotMatch(result.log, /an action of others stands here/);
      assert.deepEqual([...result.tokens, ...result.sandboxTokens], []);
      return result;
    },
  },
  {
    title: 'composite-caller.yml: a token with more than is allowed is revoked',
    check: async (scene) => {
      const result = await scene.run('composite-caller.yml', { secrets: {} });
      failed(result, /`allowed-permissions` does not allow /);
      revoked(result, [scene.forest.organization.id]);
      return result;
    },
  },
  {
    title: 'composite-caller.yml: a stage that is neither fails, and asks nobody',
    check: async (scene) => {
      const edit = (text: string) => text.replace('stage: production', 'stage: Production1');
      const result = await scene.run('composite-caller.yml', { secrets: {}, edit });
      failed(result, /The input stage must be sandbox or production\./);
      assert.deepEqual([...result.tokens, ...result.sandboxTokens], []);
      return result;
    },
  },
  {
    title: 'composite-caller.yml: the central composite action; post revokes at the end of the calling job',
    check: async (scene) => {
      const result = await scene.run('composite-caller.yml', {
        secrets: {},
        vars: { ICR_ORGANIZATION_ID: scene.bare.organization.id },
      });
      succeeded(result, 1);
      says(result, /"fullName":"Kolefni ehf\."/, /Revoked the access token\./);
      revoked(result, [scene.bare.organization.id]);
      return result;
    },
  },
  {
    title: 'long-job.yml: two tokens, one after the other',
    check: async (scene) => {
      const result = await scene.run('long-job.yml');
      succeeded(result, 1);
      revoked(result, [scene.forest.organization.id, scene.forest.organization.id]);
      return result;
    },
  },
  {
    title: 'self-test.yml, this repository’s own: `uses: ./`, and at the end every token is dead',
    check: async (scene) => {
      const result = await scene.run('self-test.yml', { event: 'push', isOwn: true, env: {} });
      succeeded(result, 1);
      says(result, /Two tokens were minted, and both are dead\./);
      return result;
    },
  },
];

/** On a runner that reaches ICR by the company's proxy alone. */
function inCompany({ network }: Scene) {
  return { env: {}, edit: (text: string) => text.replaceAll('/etc/ssl/company-ca.pem', network.certFile) };
}

/** By the count of jobs too: act ends well if it skipped a job that it has no runner for. */
function succeeded({ exitCode, log }: Result, jobs: number): void {
  assert.equal(exitCode, 0);
  assert.equal(log.match(/Job succeeded/g)?.length, jobs);
}

function failed({ exitCode, log }: Result, sentence: RegExp): void {
  assert.equal(exitCode, 1);
  assert.match(log, sentence);
  assert.match(log, /Job failed/);
}

function says({ log }: Result, ...sentences: readonly RegExp[]): void {
  for (const sentence of sentences) assert.match(log, sentence);
}

/** One token for each organization and no other, all of them dead. */
function revoked({ tokens }: Pick<Result, 'tokens'>, organizations: readonly string[]): void {
  assert.deepEqual(tokens.map(({ installation }) => installation?.organization.id).sort(), [...organizations].sort());
  assert.deepEqual([...new Set(tokens.map(({ state }) => state))], organizations.length === 0 ? [] : ['revoked']);
}
