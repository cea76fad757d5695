/** What must come of each workflow. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempDisposable, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
/** In the inventory of every organization of the simulator. */
const CREDIT_ID = '9a0b7c52-1f6a-4a55-9c0f-6d8a3f0e2b11';
const COMMIT_OF_BASALT = 'Update the inventory of basalt\n\ninventory/basalt.csv\n';
/** What a caller of the platform's workflow changes, and the error that it gets. */
const REFUSED_CALLS = [
  ['a tenant that is not on the central list', '[forest, basalt]', '[granite]', /The input tenant is not on the list/],
  ['a call without permissions', "'organization_info: read'", "''", /The input required-permissions must say/],
] as const;

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
    title: 'nightly-inventory.yml: a commit for each organization, and the night after none, since nothing changed',
    check: async (scene) => {
      const organizations = [scene.meadow.organization.id, scene.moor.organization.id];
      const first = await scene.run('nightly-inventory.yml', { event: 'schedule' });
      succeeded(first, 2);
      revoked(first, organizations);
      scene.git('pull', '--rebase', 'origin', 'main');
      for (const name of ['forest', 'basalt']) {
        const csv = scene.git('show', `origin/main:inventory/${name}.csv`);
        assert.match(
          csv,
          /^"serialization","type","amount","project","id"\n"ICR-ISL-1-2023-0","exPost",340,"Aff.*"\n$/,
        );
      }
      const commits = scene.git('log', '-2', '--format=%an: %s', 'origin/main').trim().split('\n').sort();
      assert.deepEqual(
        commits,
        ['basalt', 'forest'].map((name) => `github-actions[bot]: Update the inventory of ${name}`),
      );

      const before = scene.git('rev-parse', 'origin/main');
      const second = await scene.run('nightly-inventory.yml', { event: 'schedule' });
      succeeded(second, 2);
      says(second, /The inventory did not change\./);
      assert.doesNotMatch(second.log, /gh issue/);
      scene.git('fetch');
      assert.equal(scene.git('rev-parse', 'origin/main'), before);
      return first;
    },
  },
  {
    title: 'nightly-inventory.yml: one organization fails, the other is committed, and an issue says so',
    check: async (scene) => {
      scene.git('rm', '--quiet', '-r', '--ignore-unmatch', 'inventory');
      scene.git('commit', '--no-gpg-sign', '--allow-empty', '--message=Forget the inventory');
      scene.git('push');
      const { id } = scene.moor.organization;
      const vars = { ICR_ORGANIZATIONS: JSON.stringify({ forest: scene.bare.organization.id, basalt: id }) };
      const jobs = [
        { name: 'inventory (forest)', conclusion: 'failure' },
        { name: 'inventory (meadow)', conclusion: 'cancelled' },
        { name: 'inventory (basalt)', conclusion: 'success' },
        { name: 'tell', conclusion: null },
      ];
      const env = { ...scene.network.env, STAND_IN_JOBS: JSON.stringify({ jobs }) };
      const result = await scene.run('nightly-inventory.yml', { event: 'schedule', vars, env });
      failed(result, /The token lacks `organization_inventory: read`\./);
      says(
        result,
        /gh issue create --title The nightly inventory failed --body Failed: forest meadow\. See https:.*\/actions\/runs\/1\./,
      );
      revoked(result, [scene.bare.organization.id, id]);
      scene.git('fetch');
      assert.equal(scene.git('show', '--format=%s', '--name-only', 'origin/main'), COMMIT_OF_BASALT);
      return result;
    },
  },
  {
    title:
      'nightly-inventory.yml: an organization without an id is never the app’s only one, and an open issue is told',
    check: async (scene) => {
      const vars = { ICR_ORGANIZATIONS: JSON.stringify({ basalt: scene.moor.organization.id }) };
      const env = { ...scene.network.env, STAND_IN_ISSUE: '7' };
      const result = await scene.run('nightly-inventory.yml', { event: 'schedule', vars, env });
      failed(result, /missing-in-ICR_ORGANIZATIONS/);
      says(result, /gh issue comment 7 --body Failed: \(GitHub did not say which\)\. See https:/);
      revoked(result, [scene.moor.organization.id]);
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
    title: 'organizations.yml: a reusable workflow, for two environments by a matrix',
    check: async (scene) => {
      const { id } = scene.bare.organization;
      const result = await scene.run('organizations.yml', { vars: { ICR_ORGANIZATION_ID: id } });
      succeeded(result, 2);
      says(result, new RegExp(`"id":"${id}"`));
      // act knows no environments, so both have the same variables.
      revoked(result, [id, id]);
      return result;
    },
  },
  {
    title: 'retire.yml: one request, with the run in its comment',
    check: async (scene) => {
      const result = await scene.run('retire.yml', { payload: toRetire(12.5), ...scene.ofSandbox });
      succeeded(result, 1);
      assert.deepEqual(
        result.retirements.map((body): unknown => JSON.parse(body)),
        [
          {
            creditId: CREDIT_ID,
            amount: 12.5,
            retirementData: { reason: 'Fleet of 2026', beneficiaryName: 'Octo "ehf."', comment: 'GitHub run 1' },
          },
        ],
      );
      says(result, /"action":"retire"/, /\| Token \| revoked at /);
      revoked({ tokens: result.sandboxTokens }, [scene.requester.organization.id]);
      assert.deepEqual(result.tokens, []);
      return result;
    },
  },
  {
    title: 'retire.yml: a re-run is refused before a token is minted',
    check: async (scene) => {
      const result = await scene.run('retire.yml', { payload: toRetire(1), attempt: 2, ...scene.ofSandbox });
      failed(result, /A re-run could retire twice\./);
      assert.deepEqual([...result.retirements, ...result.sandboxTokens], []);
      return result;
    },
  },
  {
    title: 'retire.yml: what ICR refuses, and a request whose answer is lost, are asked once',
    check: async (scene) => {
      const refused = await scene.run('retire.yml', { payload: toRetire(1_000_000), ...scene.ofSandbox });
      failed(refused, /❗ {2}::error::ICR did not confirm the request\./);
      says(refused, /Not enough credits/, /\| Token \| revoked at /);
      assert.equal(refused.retirements.length, 1);
      revoked({ tokens: refused.sandboxTokens }, [scene.requester.organization.id]);

      scene.loseRetirement({ kind: 'reset', process: true });
      const lost = await scene.run('retire.yml', { payload: toRetire(1), ...scene.ofSandbox });
      failed(lost, /❗ {2}::error::ICR did not confirm the request\./);
      assert.equal(lost.retirements.length, 1);
      revoked({ tokens: lost.sandboxTokens }, [scene.requester.organization.id]);
      return lost;
    },
  },
  {
    title: 'retire.yml: an amount that is no number, or an organization without an id, asks nothing',
    check: async (scene) => {
      const text = await scene.run('retire.yml', { payload: toRetire('all'), ...scene.ofSandbox });
      failed(text, /cannot be parsed as a number|Invalid numeric literal/);
      revoked({ tokens: text.sandboxTokens }, [scene.requester.organization.id]);
      const other = await scene.run('retire.yml', { payload: toRetire(1, 'basalt'), ...scene.ofSandbox });
      failed(other, /missing-in-ICR_ORGANIZATIONS/);
      assert.deepEqual([...text.retirements, ...other.retirements, ...other.sandboxTokens], []);
      return other;
    },
  },
  {
    title: 'webhook.yml: the relayed webhook chooses the installation',
    check: async (scene) => {
      const { id } = scene.basalt;
      const result = await scene.run('webhook.yml', { event: 'repository_dispatch', payload: relayed({ id }) });
      succeeded(result, 1);
      says(result, /"serialization":"ICR-ISL-1-2023-0"/);
      revoked(result, [scene.basalt.organization.id]);
      return result;
    },
  },
  {
    title: 'webhook.yml: an event without an installation starts no job',
    check: async (scene) => {
      const result = await scene.run('webhook.yml', { event: 'repository_dispatch', payload: relayed({}) });
      assert.equal(result.exitCode, 0);
      assert.doesNotMatch(result.log, /Job succeeded/);
      assert.deepEqual(result.tokens, []);
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
    title: 'hand-over.yml: with `skip-token-revoke` the token outlives the job',
    check: async (scene) => {
      const result = await scene.run('hand-over.yml');
      succeeded(result, 1);
      assert.doesNotMatch(result.log, /Revoked the access token/);
      assert.deepEqual(
        result.tokens.map(({ token, state }) => [token, state]),
        result.imported.map(([, token]) => [token, 'live']),
      );
      assert.equal(await scene.ask(result.imported[0]?.[1] ?? ''), 200);
      return result;
    },
  },
  {
    title: 'hand-over.yml: an address without a scheme is one by HTTPS',
    check: async (scene) => {
      const result = await scene.run('hand-over.yml', { vars: { IMPORTER_URL: 'importer.example.com' } });
      succeeded(result, 1);
      assert.match(result.imported[0]?.[0] ?? '', /^\/start\?until=/);
      return result;
    },
  },
  {
    title: 'hand-over.yml: a token that is not handed over, by plain HTTP or to a service that is down, is revoked',
    check: async (scene) => {
      const plain = await scene.run('hand-over.yml', { vars: { IMPORTER_URL: 'http://importer.example.com' } });
      failed(plain, /Protocol "?http"? (?:not supported or )?disabled/);
      assert.deepEqual(plain.imported, []);
      revoked(plain, [scene.forest.organization.id]);

      const down = await scene.run('hand-over.yml', { vars: { IMPORTER_URL: 'https://importer.example.com/down' } });
      failed(down, /returned error: 503/);
      assert.equal(down.imported.length, 1);
      revoked(down, [scene.forest.organization.id]);
      return down;
    },
  },
  {
    title: 'pull-request.yml: a pull request from a branch of the repository gets a token of the sandbox',
    check: async (scene) => {
      const payload = pullRequestFrom('octo-org/octo-repo');
      const result = await scene.run('pull-request.yml', { event: 'pull_request', payload, ...scene.ofSandbox });
      succeeded(result, 1);
      says(result, /"fullName"/, /The checks that need no token run/);
      revoked({ tokens: result.sandboxTokens }, [scene.sandbox.organization.id]);
      assert.deepEqual(result.tokens, []);
      return result;
    },
  },
  {
    title: 'pull-request.yml: a pull request from a fork has neither secrets nor variables and stays green',
    check: async (scene) => {
      const payload = pullRequestFrom('fork/octo-repo');
      const vars = { ICR_APP_ID: '', ICR_ORGANIZATION_ID: '' };
      const result = await scene.run('pull-request.yml', { event: 'pull_request', payload, vars, secrets: {} });
      succeeded(result, 1);
      says(
        result,
        /The credential is empty, likely because GitHub gives this run no secrets: it is for a pull request from a fork \(fork\/octo-repo\)/,
        /The checks that need no token run/,
      );
      assert.doesNotMatch(result.log, /fullName/);
      assert.deepEqual([...result.tokens, ...result.sandboxTokens], []);
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
    title: 'README.md: a workflow of another folder, which names the action by its owner and commit',
    check: async (scene) => {
      await using folder = await mkdtempDisposable(join(tmpdir(), 'icr-own-'));
      const token = await readFile(join(import.meta.dirname, 'token.yml'), 'utf8');
      const own = token.replace('OWNER/create-icr-app-token@v1', `octo-org/create-icr-app-token@${'5f'.repeat(20)}`);
      await writeFile(join(folder.path, 'icr.yml'), own);
      const result = await scene.run('icr.yml', { folder: folder.path });
      succeeded(result, 1);
      revoked(result, [scene.forest.organization.id]);
      return result;
    },
  },
  {
    title: 'README.md: a proxy that a workflow names is the one that the action takes',
    check: async (scene) => {
      const proxied = (expression: string) => (text: string) =>
        text.replace('    steps:', `    env:\n      HTTPS_PROXY: \${{ ${expression} }}\n    steps:`);
      const before = scene.network.companyTunnels();
      succeeded(await scene.run('token.yml', { edit: proxied('secrets.HTTPS_PROXY') }), 1);
      assert.equal(scene.network.companyTunnels() - before, 4);
      succeeded(await scene.run('token.yml', { edit: proxied('secrets.NOT_SET') }), 1);
      const wrong = await scene.run('token.yml', { edit: proxied("'http://user:p@ss#1@proxy.example.com'") });
      failed(wrong, /`https_proxy` can’t be used: its user name or password is not percent-encoded/);
      assert.deepEqual(wrong.tokens, []);
      return wrong;
    },
  },
  {
    title:
      'README.md: --file grants what the file asks for, by either host, and fails for an expression without a value',
    check: async (scene) => {
      await using folder = await mkdtempDisposable(join(tmpdir(), 'icr-own-'));
      const [file, payload] = [join(folder.path, 'icr.yml'), join(folder.path, 'payload.json')];
      await writeFile(payload, JSON.stringify(toRetire(1)));
      const play = async (text: string) => {
        await writeFile(file, text);
        const options = [join(import.meta.dirname, 'run.ts'), '--file', file, '--payload', payload];
        const { status, stdout } = spawnSync(process.execPath, options, { encoding: 'utf8' });
        return { status, stdout };
      };
      const retire = await readFile(join(import.meta.dirname, 'retire.yml'), 'utf8');
      for (const text of [retire, retire.replaceAll('sandbox-api.', 'api.')]) {
        const { status, stdout } = await play(text);
        assert.equal(status, 0, stdout);
      }
      const { status, stdout } = await play(retire.replaceAll('vars.ICR_ORGANIZATIONS', 'vars.NOT_SET'));
      assert.equal(status, 1, stdout);
      assert.match(stdout, /act could not evaluate an expression/);
      return scene.run('retire.yml', { payload: toRetire(1), ...scene.ofSandbox });
    },
  },
  ...REFUSED_CALLS.map(([title, from, to, sentence]) => ({
    title: `platform-caller.yml: ${title} fails, and asks nobody`,
    check: async (scene: Scene) => {
      const { edit, ...others } = inCompany(scene);
      const result = await scene.run('platform-caller.yml', {
        event: 'schedule',
        ...others,
        edit: (text) => edit(text).replace(from, to),
      });
      failed(result, sentence);
      assert.deepEqual([...result.tokens, ...result.sandboxTokens], []);
      return result;
    },
  })),
  {
    title: 'platform-caller.yml: an app that was granted more than the central list allows; the token is revoked',
    check: async (scene) => {
      const { id } = scene.basalt.organization;
      const { edit, ...others } = inCompany(scene);
      const result = await scene.run('platform-caller.yml', {
        event: 'schedule',
        vars: { ICR_ORGANIZATION_ID: id },
        ...others,
        edit: (text) => edit(text).replace('[forest, basalt]', '[basalt]'),
      });
      failed(result, /`allowed-permissions` does not allow /);
      revoked(result, [id]);
      return result;
    },
  },
  {
    title: 'platform-caller.yml: a runner with version 1 of the AWS CLI is refused before the login',
    check: async (scene) => {
      const { edit, ...others } = inCompany(scene);
      const env = { STAND_IN_AWS_VERSION: 'aws-cli/1.46.3 Python/3.12.3 Linux/6.8.0 botocore/1.40.3' };
      const result = await scene.run('platform-caller.yml', { event: 'schedule', ...others, env, edit });
      failed(result, /The runner needs version 2 of the AWS CLI\. It has: aws-cli\/1\.46\.3/);
      assert.doesNotMatch(result.log, /an action of others stands here/);
      assert.deepEqual(result.tokens, []);
      return result;
    },
  },
  {
    title: 'platform-google-caller.yml: the central workflow for Google, by its commit, signing in Cloud KMS',
    check: async (scene) => {
      const { id } = scene.bare.organization;
      const vars = { ICR_ORGANIZATION_ID: id, ICR_KMS_KEY_VERSION: '1' };
      const result = await scene.run('platform-google-caller.yml', { event: 'schedule', secrets: {}, vars });
      succeeded(result, 1);
      says(result, /"fullName":"Kolefni ehf\."/);
      revoked(result, [id]);
      return result;
    },
  },
  {
    title: 'composite-caller.yml: a call without permissions fails, and asks nobody',
    check: async (scene) => {
      const edit = (text: string) =>
        text.replace("allowed-permissions: 'organization_info: read'", "allowed-permissions: ''");
      const result = await scene.run('composite-caller.yml', { secrets: {}, edit });
      failed(result, /The inputs required-permissions and allowed-permissions must not be empty\./);
      assert.deepEqual(result.tokens, []);
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
  {
    title: 'probe.yml, this repository’s own: the sandbox is asked, and every token is dead',
    check: async (scene) => {
      // The scene's network has ICR alone. What `npm ci` installs is in npm's cache.
      const cache = execFileSync('npm', ['config', 'get', 'cache'], { encoding: 'utf8' }).trim();
      const env = { ...scene.network.env, npm_config_cache: cache, npm_config_offline: 'true' };
      const result = await scene.run('probe.yml', { isOwn: true, env, ...scene.ofSandbox });
      succeeded(result, 1);
      says(result, /The action works with this API\. All 4 tokens that were minted are revoked\./);
      assert.deepEqual([...new Set(result.sandboxTokens.map(({ state }) => state))], ['revoked']);
      assert.deepEqual(result.tokens, []);
      return result;
    },
  },
];

function toRetire(amount: number | string, organization = 'forest') {
  const inputs = { organization, 'credit-id': CREDIT_ID, amount, beneficiary: 'Octo "ehf."', reason: 'Fleet of 2026' };
  return { inputs };
}

function relayed(installation: { id?: string }) {
  return { action: 'icr-webhook', client_payload: { event: 'warehouseTransaction', installation } };
}

function pullRequestFrom(repository: string) {
  const pull_request = { head: { ref: 'patch', repo: { full_name: repository } }, base: { ref: 'main' } };
  return { action: 'opened', number: 1, repository: { full_name: 'octo-org/octo-repo' }, pull_request };
}

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
