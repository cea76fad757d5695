/** Every rule for the inputs, tried with the built action, and `action.yml` compared with the code. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, cp, mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { signAppJwt } from '../../src/icr/app-jwt.ts';
import { signWithKey } from '../../src/signing/private-key.ts';
import { assertFailed, assertSucceeded } from '../support/runner.ts';
import { APP_ID, createScene, KEYS, type Scene } from '../support/scene.ts';
import { readAction, readEntries } from '../support/yaml.ts';

const DEFAULTS: Record<string, string | undefined> = {
  'app-id': undefined,
  'private-key': undefined,
  'sign-command': undefined,
  jwt: undefined,
  'organization-id': undefined,
  'installation-id': undefined,
  'token-type': 'installation',
  'required-permissions': undefined,
  'allowed-permissions': undefined,
  'skip-token-revoke': 'false',
  'on-missing-credentials': 'error',
  'job-summary': 'false',
  'api-url': 'https://api.carbonregistry.com',
  'api-version': '2023-06-16',
};

/** For each test: a build that hangs is red within minutes. */
const timeout = 60_000;

/** Windows has no users in this sense. */
const ONLY_POSIX = { timeout, skip: process.platform === 'win32' };

const OUTPUTS = ['token', 'expires-at', 'installation-id', 'organization-id', 'permissions', 'api-url'];

const ACTION_YML = readFileSync(new URL('../../action.yml', import.meta.url), 'utf8');

function forNordic(scene: Scene, others: Record<string, string> = {}): Record<string, string> {
  return { 'organization-id': scene.nordic.organization.id, ...others };
}

describe('action.yml', { timeout: 10 * timeout }, () => {
  test('has these inputs and defaults, each with a description', { timeout }, () => {
    const inputs = readEntries(ACTION_YML, 'inputs');
    assert.deepEqual(
      inputs.map((entry) => [entry.name, entry.default || undefined]),
      Object.entries(DEFAULTS),
    );
    for (const { name, description } of inputs) assert.notEqual(description, '', name);
  });

  test('has these outputs, each with a description', { timeout }, () => {
    const outputs = readEntries(ACTION_YML, 'outputs');
    assert.deepEqual(
      outputs.map(({ name }) => name),
      OUTPUTS,
    );
    for (const { name, description } of outputs) assert.notEqual(description, '', name);
  });

  test('describes each in a text that an editor shows whole', { timeout }, () => {
    for (const { name, description } of [...readEntries(ACTION_YML, 'inputs'), ...readEntries(ACTION_YML, 'outputs')]) {
      assert.ok(description.length <= 160, `${name}: ${description.length} characters`);
      assert.match(description, /\.$/, name);
      assert.ok(!description.includes('${{'), `${name}: the runner would evaluate it`);
    }
  });

  test('shows an example of each form', { timeout }, () => {
    const described = readEntries(ACTION_YML, 'inputs').concat(readEntries(ACTION_YML, 'outputs'));
    for (const [name, example] of [
      ['required-permissions', '`organization_info: read`'],
      ['expires-at', '`2026-01-31T12:00:00.000Z`'],
      ['permissions', '`{"organization_info":"VIEW"}`'],
    ] as const) {
      const { description = '' } = described.find((entry) => entry.name === name) ?? {};
      assert.ok(description.includes(example), `${name}: ${description}`);
    }
  });

  test('runs the two bundles on node24', { timeout }, () => {
    const { name, runs } = readAction(ACTION_YML);
    assert.equal(name, 'Create ICR App Token');
    assert.deepEqual(runs, { using: 'node24', main: 'dist/main/index.js', post: 'dist/post/index.js' });
  });

  test('names the very inputs and outputs that the code reads and writes', { timeout }, () => {
    const source = ['inputs/inputs', 'inputs/fields', 'token/outputs'].map((name) =>
      readFileSync(new URL(`../../src/${name}.ts`, import.meta.url), 'utf8'),
    );
    const read = new Set(source.join('').match(/(?<=read(?:Text|Id|Choice|Boolean)\(\s*')[\w-]+/g));
    assert.deepEqual(read, new Set(Object.keys(DEFAULTS)));
    const written = source.join('').match(/(?<=setOutput\(')[\w-]+/g);
    assert.deepEqual(new Set(written), new Set(OUTPUTS));
  });
});

describe('an input given as empty', { timeout: 10 * timeout }, () => {
  test('means its default, or not given', { timeout }, async () => {
    await using scene = await createScene();
    const empty = Object.fromEntries(Object.keys(DEFAULTS).map((name) => [name, '']));
    const step = await scene.step({ ...empty, ...scene.inputs(forNordic(scene)) });
    assertSucceeded(await step.main());
    assertSucceeded(await step.post());
    assert.equal(scene.liveTokens(), 0);
  });

  test('is the same as white space', { timeout }, async () => {
    await using scene = await createScene();
    const blank = { 'token-type': ' \n', 'skip-token-revoke': '  ', 'installation-id': '\u200b', jwt: ' ' };
    assertSucceeded(await scene.main(forNordic(scene, blank)));
  });

  test('is no version if it is api-version', { timeout }, async () => {
    await using scene = await createScene();
    assertSucceeded(await scene.main(forNordic(scene)));
    assertSucceeded(await scene.main(forNordic(scene, { 'api-version': '' })));
    const versions = scene.simulator.requests().map(({ headers }) => headers['x-icr-api-version']);
    assert.deepEqual(versions, ['2023-06-16', '2023-06-16', undefined, undefined]);
  });

  test('is production if it is api-url', { timeout }, async () => {
    await using scene = await createScene();
    // A proxy that refuses, so that no request leaves this machine.
    const env = { https_proxy: 'socks5://127.0.0.1:1' };
    assertFailed(await scene.main(forNordic(scene, { 'api-url': '' }), { env }), /`https_proxy` can’t be used/);
  });
});

describe('is refused before any request, with a fix', { timeout: 10 * timeout }, () => {
  const cases: [inputs: Record<string, string>, says: RegExp][] = [
    [{ 'app-id': '' }, /^`app-id` is missing/],
    [{ 'app-id': 'two words' }, /^`app-id` is not an id/],
    [{ 'organization-id': 'a/b' }, /^`organization-id` is not an id/],
    [{ 'organization-id': '..' }, /^`organization-id` is not an id/],
    [{ 'installation-id': 'a\u0007b' }, /^`installation-id` is not an id/],
    [{ 'installation-id': 'x'.repeat(200) }, /^`installation-id` is not an id/],
    [{ 'token-type': 'App' }, /^`token-type` must be one of: installation, app\.$/],
    [{ 'token-type': 'app', 'organization-id': 'a' }, /^`token-type: app` is for no organization\. Remove/],
    [{ 'token-type': 'app', 'installation-id': 'a' }, /^`token-type: app` is for no organization\. Remove/],
    [{ 'skip-token-revoke': 'yes' }, /^`skip-token-revoke` must be true or false\.$/],
    [{ 'skip-token-revoke': '1' }, /^`skip-token-revoke` must be true or false\.$/],
    [{ 'job-summary': 'on' }, /^`job-summary` must be true or false\.$/],
    [{ 'on-missing-credentials': 'ignore' }, /^`on-missing-credentials` must be one of: error, skip\.$/],
    [{ 'api-url': 'api.carbonregistry.com' }, /^`api-url` must (?:be a URL|begin with https)/],
    [{ 'api-url': 'not a url' }, /^`api-url` must be a URL, such as https:\/\/api\.carbonregistry\.com\.$/],
    [{ 'api-url': 'http://api.carbonregistry.com' }, /^`api-url` must begin with https:\/\/\./],
    [{ 'api-url': 'http://127.evil.example' }, /^`api-url` must begin with https:\/\/\./],
    [{ 'api-url': 'http://localhost.evil.example' }, /^`api-url` must begin with https:\/\/\./],
    [{ 'api-url': 'ftp://127.0.0.1' }, /^`api-url` must begin with https:\/\/\./],
    [{ 'api-url': 'https://user:hunter2hunter2@127.0.0.1' }, /^`api-url` must not contain a user name or a password/],
    [{ 'api-url': 'https://user@127.0.0.1' }, /^`api-url` must not contain a user name or a password/],
    [{ 'api-url': 'https://127.0.0.1/?a=b' }, /^`api-url` must not contain a query/],
    [{ 'api-url': 'https://127.0.0.1/#a' }, /^`api-url` must not contain a query/],
    [{ 'api-url': 'https://127.0.0.1/v1?' }, /^`api-url` must not contain a query/],
    [{ 'api-version': 'a b' }, /^`api-version` must be a version, such as 2023-06-16\.$/],
    [{ 'api-version': '2023\r\nx-evil: 1' }, /^`api-version` must be a version, such as 2023-06-16\.$/],
  ];
  for (const [inputs, says] of cases) {
    test(JSON.stringify(inputs), { timeout }, async () => {
      await using scene = await createScene();
      const result = await scene.main(inputs);
      assertFailed(result, says);
      assert.ok(!result.stdout.includes('hunter2hunter2'));
      assert.deepEqual(scene.asked(), []);
    });
  }

  test('a secret in the place of an id is not repeated', { timeout }, async () => {
    await using scene = await createScene();
    const key = scene.inputs()['private-key'] ?? '';
    const result = await scene.main({ 'app-id': key.replaceAll('\n', ''), 'private-key': 'x' });
    assertFailed(result, /^`private-key` is not a private key/);
    assertFailed(await scene.main({ 'app-id': key.replaceAll('\n', '') }), /^`app-id` is not an id/);
  });
});

describe('booleans are YAML 1.2', { timeout: 10 * timeout }, () => {
  for (const [text, isSkipped] of [
    ['true', true],
    ['True', true],
    ['TRUE', true],
    ['false', false],
    ['False', false],
    ['FALSE', false],
  ] as const) {
    test(text, { timeout }, async () => {
      await using scene = await createScene();
      const step = await scene.step(forNordic(scene, { 'skip-token-revoke': text }));
      await step.main();
      await step.post();
      assert.equal(scene.liveTokens(), isSkipped ? 1 : 0);
    });
  }
});

describe('api-url', { timeout: 10 * timeout }, () => {
  for (const [suffix, basePath] of [
    ['', ''],
    ['/', ''],
    ['///', ''],
    ['', '/v0.5'],
    ['/', '/v0.5'],
  ] as const) {
    test(`with path “${basePath}” and ending in “${suffix}”`, { timeout }, async () => {
      await using scene = await createScene({ basePath });
      const step = await scene.step(forNordic(scene, { 'api-url': `${scene.simulator.url}${suffix}` }));
      const result = await step.main();
      assertSucceeded(result);
      assert.equal(result.outputs.get('api-url'), scene.simulator.url);
      await step.post();
      assert.equal(scene.liveTokens(), 0);
    });
  }

  for (const host of ['localhost', '127.0.0.1', '127.0.0.1']) {
    test(`may be plain http on ${host}`, { timeout }, async () => {
      await using scene = await createScene();
      assertSucceeded(await scene.main(forNordic(scene, { 'api-url': `http://${host}:${scene.simulator.port}` })));
    });
  }
});

describe('pasted ids', { timeout: 10 * timeout }, () => {
  test('lose white space and invisible characters around them', { timeout }, async () => {
    await using scene = await createScene();
    const ids = { 'app-id': `\uFEFF${APP_ID}\u200b\n`, 'organization-id': ` ${scene.nordic.organization.id}\t` };
    assertSucceeded(await scene.main(ids));
  });

  for (const quote of ['"', "'"]) {
    test(`lose the quotes ${quote} that a YAML block keeps`, { timeout }, async () => {
      await using scene = await createScene();
      const ids = {
        'app-id': APP_ID,
        'organization-id': scene.nordic.organization.id,
        'installation-id': scene.nordic.id,
      };
      const quoted = Object.entries(ids).map(([name, id]) => [name, `${quote}${id}${quote}`]);
      assertSucceeded(await scene.main(Object.fromEntries(quoted)));
      assert.deepEqual(scene.asked().at(-1), `POST /app/installations/${scene.nordic.id}/accessTokens`);
    });
  }
});

describe('a text in place of an id', { timeout: 10 * timeout }, () => {
  for (const [text, says] of [
    ['""', /^`organization-id` is not an id: it is empty/],
    ["''", /^`organization-id` is not an id: it is empty/],
    ['$ICR_ORGANIZATION_ID', /^`organization-id` is the name of a variable/],
    [`$\{ORGANIZATION}`, /^`organization-id` is the name of a variable/],
  ] as const) {
    test(`is an error and no id that was left out: ${text}`, { timeout }, async () => {
      await using scene = await createScene();
      scene.baltic.state = 'uninstalled';
      assertFailed(await scene.main({ 'organization-id': text }), says);
      assert.deepEqual(scene.asked(), []);
    });
  }
});

describe('an input that was lost on the way', { timeout: 10 * timeout }, () => {
  for (const name of Object.keys(DEFAULTS)) {
    test(`ends the step at once if it is ${name}, and does not take its default`, { timeout }, async () => {
      await using scene = await createScene();
      const result = await scene.main(forNordic(scene), { absentInputs: [name] });
      assertFailed(
        result,
        new RegExp(
          `^The input \`${name}\` did not reach the action\\. Start the action by \`uses:\`, .*Nothing was sent\\.$`,
        ),
      );
      assert.deepEqual(scene.asked(), []);
    });
  }

  test('is said of the first that a shell drops because its name has a hyphen', { timeout }, async () => {
    await using scene = await createScene();
    const jwt = await signAppJwt(APP_ID, (text) => signWithKey(KEYS.privateKey, text), Math.floor(Date.now() / 1000));
    const absentInputs = Object.keys(DEFAULTS).filter((name) => name.includes('-'));
    const result = await scene.main({ ...forNordic(scene), jwt }, { absentInputs });
    assertFailed(result, /^The input `private-key` did not reach the action\./);
    assert.deepEqual(scene.asked(), []);
  });
});

describe('a Node that is too old', { timeout: 10 * timeout }, () => {
  const changed = "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.19.2' } })";
  const old = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(changed)}` };
  const SAYS =
    'The action needs Node 24, and Node 20.19.2 runs it. Use a current GitHub Actions runner; act takes the Node of its image.';

  test('ends main at once, with the version that is needed and the one that runs', { timeout }, async () => {
    await using scene = await createScene();
    const result = await scene.main(forNordic(scene), { env: old });
    assertFailed(result, /^The action needs Node 24/);
    assert.deepEqual(result.errors, [SAYS]);
    assert.deepEqual(scene.asked(), []);
  });

  test('is a warning of post at once, with until when the token lives', { timeout }, async () => {
    await using scene = await createScene();
    const step = await scene.step(forNordic(scene));
    const main = await step.main();
    const post = await step.post(old);
    assertSucceeded(post);
    assert.equal(post.warnings.length, 1);
    assert.ok(post.warnings[0]?.includes(SAYS), post.warnings[0]);
    assert.ok(post.warnings[0]?.includes(`may be valid until ${main.outputs.get('expires-at')}`), post.warnings[0]);
    assert.equal(scene.asked().length, 2, 'post asked nothing');
  });

  test('is a warning of post if nothing was minted, too', { timeout }, async () => {
    await using scene = await createScene();
    const post = await (await scene.step()).post(old);
    assertSucceeded(post);
    assert.deepEqual(post.warnings, [SAYS]);
  });
});

describe('on-missing-credentials', { timeout: 10 * timeout }, () => {
  const missing = { 'private-key': '', jwt: '', 'app-id': '' };
  const skip = { ...missing, 'on-missing-credentials': 'skip' };
  const repository = { full_name: 'octo-org/octo-repo' };
  const fork = { pull_request: { head: { repo: { full_name: 'mallory/octo-repo' } } }, repository };
  const own = { pull_request: { head: { repo: repository } }, repository };
  const deleted = { pull_request: { head: { repo: null } }, repository };
  const forked = { repository: { full_name: 'octocat/octo-repo', fork: true } };

  const expected: [what: string, event: { name: string; payload: unknown }, actor: string, cause: string][] = [
    [
      'a pull request from a fork',
      { name: 'pull_request', payload: fork },
      'mallory',
      'it is for a pull request from a fork (mallory/octo-repo).',
    ],
    [
      'a review of a pull request from a fork',
      { name: 'pull_request_review', payload: fork },
      'mallory',
      'it is for a pull request from a fork (mallory/octo-repo).',
    ],
    [
      'a pull request from a fork that was deleted',
      { name: 'pull_request', payload: deleted },
      'mallory',
      'it is for a pull request from a fork.',
    ],
    ['Dependabot', { name: 'pull_request', payload: own }, 'dependabot[bot]', 'Dependabot started it.'],
    [
      'a repository that is a fork',
      { name: 'push', payload: forked },
      'octocat',
      'its repository is a fork (octocat/octo-repo).',
    ],
  ];
  for (const [what, event, actor, cause] of expected) {
    test(`error names the cause and how to pass: ${what}`, { timeout }, async () => {
      await using scene = await createScene();
      const result = await scene.main(missing, { event, env: { GITHUB_ACTOR: actor } });
      assertFailed(result, /[Ss]et `on-missing-credentials: skip`/);
      const [error = ''] = result.errors;
      assert.ok(
        error.startsWith(`The credential is empty, likely because GitHub gives this run no secrets: ${cause} `),
        error,
      );
      assert.equal(error.includes('Dependabot secrets'), actor === 'dependabot[bot]');
      assert.ok(error.length <= 200, error);
    });

    test(`skip is green with a notice that names the cause: ${what}`, { timeout }, async () => {
      await using scene = await createScene();
      const step = await scene.step(skip, { event, env: { GITHUB_ACTOR: actor } });
      const result = await step.main();
      assertSucceeded(result);
      assert.deepEqual(result.notices, [
        `The credential is empty, likely because GitHub gives this run no secrets: ${cause} No token was minted, because \`on-missing-credentials\` is \`skip\`.`,
      ]);
      assert.deepEqual([...result.outputs], []);
      assert.deepEqual(scene.asked(), []);
      assert.equal((await step.post()).stdout, '');
    });
  }

  const unexplained: [what: string, event: { name: string; payload: unknown }, env: Record<string, string>][] = [
    ['a branch of its own', { name: 'pull_request', payload: own }, {}],
    ['pull_request_target', { name: 'pull_request_target', payload: fork }, {}],
    ['an event that only names a pull request', { name: 'workflow_dispatch', payload: fork }, {}],
    ['a pull request without a head', { name: 'pull_request', payload: { pull_request: {}, repository } }, {}],
    [
      'a pull request of an unknown repository',
      { name: 'pull_request', payload: { pull_request: fork.pull_request } },
      {},
    ],
    ['a push', { name: 'push', payload: { repository } }, {}],
    ['a push without a repository', { name: 'push', payload: {} }, {}],
    ['an event that cannot be read', { name: 'push', payload: {} }, { GITHUB_EVENT_PATH: import.meta.filename }],
  ];
  const EMPTY =
    /^`private-key`, `sign-command` and `jwt` are all empty\. Set one of them\. Likely causes: a misspelled secret, .*environment.*reusable workflow without `secrets: inherit`\./;
  for (const [what, event, env] of unexplained) {
    test(`error names the likely causes: ${what}`, { timeout }, async () => {
      await using scene = await createScene();
      const result = await scene.main(missing, { event, env });
      assertFailed(result, EMPTY);
      assert.ok((result.errors[0] ?? '').length <= 200, result.errors[0]);
    });

    test(`skip fails and says that the event does not explain it: ${what}`, { timeout }, async () => {
      await using scene = await createScene();
      const result = await scene.main(skip, { event, env });
      assertFailed(result, EMPTY);
      assert.match(result.errors[0] ?? '', /`on-missing-credentials: skip` does not apply: .*shows none of these\.$/);
      assert.deepEqual(scene.asked(), []);
    });
  }

  test('skip skips nothing if there is a key or a JWT', { timeout }, async () => {
    await using scene = await createScene();
    assertSucceeded(await scene.main(forNordic(scene, { 'on-missing-credentials': 'skip' })));
    const jwt = await signAppJwt(APP_ID, (text) => signWithKey(KEYS.privateKey, text), Math.floor(Date.now() / 1000));
    assertSucceeded(await scene.main(forNordic(scene, { 'on-missing-credentials': 'skip', 'private-key': '', jwt })));
    assert.equal(scene.liveTokens(), 2);
    assertFailed(await scene.main({ 'on-missing-credentials': 'skip', 'private-key': '***' }), /is `\*\*\*`/);
  });

  const others: Record<string, string>[] = [
    { 'token-type': 'x' },
    { 'api-url': 'x' },
    { 'skip-token-revoke': 'x' },
    { 'job-summary': 'x' },
    { 'required-permissions': 'x' },
    { 'allowed-permissions': 'x' },
    { 'organization-id': 'a/b' },
    { 'api-version': 'a b' },
    { 'app-id': 'a b' },
  ];
  for (const other of others) {
    test(`is looked at after all other inputs: ${JSON.stringify(other)}`, { timeout }, async () => {
      await using scene = await createScene();
      const [name = ''] = Object.keys(other);
      const result = await scene.main({ ...missing, 'on-missing-credentials': 'skip', ...other });
      assertFailed(result, new RegExp(`^\`${name}\``));
    });
  }
});

describe('without the runner’s files', { timeout: 10 * timeout }, () => {
  for (const name of ['GITHUB_STATE', 'GITHUB_OUTPUT']) {
    for (const value of [undefined, '']) {
      test(`${name} as ${value} nothing is minted, since the toolkit would print the token`, { timeout }, async () => {
        await using scene = await createScene();
        const result = await scene.main(forNordic(scene), { env: { [name]: value } });
        assertFailed(
          result,
          new RegExp(`^${name} is not set, so the token would be printed in the log\\. Run the action`),
        );
        assert.deepEqual(scene.asked(), []);
      });
    }

    test(`${name} as a file that does not exist nothing is minted`, { timeout }, async () => {
      await using scene = await createScene();
      const file = join(tmpdir(), 'icr-nowhere', 'file');
      const result = await scene.main(forNordic(scene), { env: { [name]: file } });
      assertFailed(result, new RegExp(`^The file of ${name} can’t be written\\. Run the action .*ENOENT`));
      assert.deepEqual(scene.asked(), []);
      assert.equal(existsSync(file), false);
    });

    test(`${name} of another user nothing is minted, and the user is named`, ONLY_POSIX, async () => {
      await using scene = await createScene();
      await using folder = await mkdtempDisposable(join(tmpdir(), 'icr-user-'));
      await chmod(folder.path, 0o755);
      const [own, other] = [join(folder.path, 'own'), join(folder.path, 'other')];
      await writeFile(own, '');
      await chmod(own, 0o666);
      await writeFile(other, '', { mode: 0o444 });
      await cp(new URL('../../dist', import.meta.url), folder.path, { recursive: true });
      // Root may write any file, so the step gives that up.
      const isRoot = process.getuid?.() === 0;
      const user = isRoot ? 65_534 : process.getuid?.();
      const env = isRoot ? { NODE_OPTIONS: `--import=data:text/javascript,process.setuid(${user})` } : {};
      const inputs = forNordic(scene);
      const files = { GITHUB_STATE: own, GITHUB_OUTPUT: own, [name]: other };
      const result = await scene.main(inputs, { dist: folder.path, env: { ...env, ...files } });
      assertFailed(
        result,
        new RegExp(
          `^The file of ${name} can’t be written\\. Let the container run as the user that owns it \\(\`options: --user\`\\): this process is user ${user}\\.`,
        ),
      );
      assert.deepEqual(scene.asked(), []);
    });
  }
});
