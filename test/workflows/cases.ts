/** Owns what must come of each workflow. */
import assert from 'node:assert/strict';
import type { Result, Scene } from './scene.ts';

export interface Case {
  title: string;
  check(scene: Scene): Promise<Result>;
}

const SIGNERS = ['sign-aws-kms', 'sign-google-cloud-kms', 'sign-azure-key-vault', 'sign-vault-transit'] as const;
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
  ...SIGNERS.map((signer) => ({
    title: `${signer}.yml: the JWT is signed outside of the action`,
    check: async (scene: Scene) => {
      const result = await scene.run(`${signer}.yml`, NO_SECRETS);
      succeeded(result, 1);
      says(result, /"fullName":"Skógarkolefni ehf\."/);
      revoked(result, [scene.forest.organization.id]);
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
      failed(result, /The token lacks permissions that `required-permissions` demands\..* The token was revoked\./);
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
        /This run is for a pull request from a fork \(fork\/octo-repo\)/,
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
      const edit = (text: string) => text.replaceAll('/etc/ssl/company-ca.pem', scene.network.certFile);
      const result = await scene.run('company-network.yml', { edit });
      succeeded(result, 1);
      says(result, /set-output:: api-url=https:\/\/api\.carbonregistry\.com\n/, /"fullName":"Skógarkolefni ehf\."/);
      assert.equal(scene.network.tunnels(), 4, 'the look-up, the mint, the next step and post, each by a tunnel');
      revoked(result, [scene.forest.organization.id]);
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
      const result = await scene.run('self-test.yml', { event: 'push', isOwn: true });
      succeeded(result, 1);
      says(result, /Two tokens were minted, and both are dead\./);
      return result;
    },
  },
];

/** By the count of jobs too: act ends well where it skipped a job that it has no runner for. */
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
function revoked({ tokens }: Result, organizations: readonly string[]): void {
  assert.deepEqual(tokens.map(({ installation }) => installation?.organization.id).sort(), [...organizations].sort());
  assert.deepEqual([...new Set(tokens.map(({ state }) => state))], organizations.length === 0 ? [] : ['revoked']);
}
