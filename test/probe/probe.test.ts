/** Checks `npm run probe` as a process: what it says, what it writes, and that it leaves no token alive. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { mkdtempDisposable, readFile } from 'node:fs/promises';

import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { WITH_SIGNALS } from '../support/runner.ts';
import { APP_ID, createScene, keyLines, PEM, type Scene } from '../support/scene.ts';
import { type Effect, empty, html } from '../support/simulator/simulator.ts';
import { readApp } from './app-jwt.ts';
import type { Recording } from './recording.ts';
import { runProbe } from './run.ts';
import { describeTokens, judge } from './table.ts';

const PROBE = join(import.meta.dirname, 'probe.ts');

interface Outcome {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** probe.json; '' if it was not written. */
  readonly json: string;
  readonly summary: string;
  /** The last line, in which the verdict is. */
  readonly verdict: string;
}

describe('The probe', () => {
  test('says first what it will send, then shows a table, and ends with a verdict', async () => {
    await using scene = await createScene();
    const { exitCode, stdout, stderr, verdict, summary } = await run(scene);
    assert.equal(stderr, '');
    assert.equal(exitCode, 0);
    assert.match(stdout, /^Asks http:\/\/127\.0\.0\.1:\d+, with at most 60 requests/);
    assert.match(stdout, /^\| {5}\| The list without a query +\| taken +\| taken +\| yes +\|$/m);
    assert.equal(verdict, 'The action works with this API. All 4 tokens that were minted are revoked.');
    assert.ok(summary.includes('| The list without a query'));
    assert.equal(scene.liveTokens(), 0);
    assert.ok(scene.simulator.requests().length <= 60);
  });

  test('asks one request at a time, with a pause between them', async () => {
    await using scene = await createScene();
    await run(scene, {}, ['--pause', '30']);
    const times = scene.simulator.requests().map(({ at }) => at);
    for (const [index, at] of times.entries()) if (index > 0) assert.ok(at - (times[index - 1] ?? 0) >= 25);
    assert.equal(new Set(scene.simulator.requests().map(({ connection }) => connection)).size, 1);
  });

  test('changes nothing but the tokens that it mints', async () => {
    await using scene = await createScene();
    await run(scene);
    const writes = scene.asked().filter((request) => !request.startsWith('GET '));
    assert.deepEqual(
      new Set(writes),
      new Set([
        'POST /app/accessTokens',
        `POST /app/installations/${scene.nordic.id}/accessTokens`,
        'DELETE /app/installations/token',
      ]),
    );
  });

  test('works with a sandbox that is asked by default', async () => {
    await using scene = await createScene();
    const { stdout, exitCode } = await run(scene, { https_proxy: 'http://127.0.0.1:9' }, [], []);
    assert.match(stdout, /^Asks https:\/\/sandbox-api\.carbonregistry\.com \(sandbox\)/);
    assert.match(stdout, /not asked: it does not answer \(ECONNREFUSED\)/);
    assert.equal(exitCode, 1);
  });

  test('names production only if it is told to', async () => {
    await using scene = await createScene();
    const { stdout } = await run(scene, { https_proxy: 'http://127.0.0.1:9' }, [], ['--production']);
    assert.match(stdout, /^Asks https:\/\/api\.carbonregistry\.com \(production\)/);
  });
});

describe('What the probe was given', () => {
  for (const [title, env, sentence] of [
    ['no app', { ICR_APP_ID: '' }, /^ICR_APP_ID is missing\./],
    ['no key', { ICR_PRIVATE_KEY: '' }, /^ICR_PRIVATE_KEY is missing\./],
    ['a key that is none', { ICR_PRIVATE_KEY: 'not a key' }, /^`ICR_PRIVATE_KEY` /],
    ['an organization that is no id', { ICR_ORGANIZATION_ID: 'a/b' }, /^ICR_ORGANIZATION_ID is no id\./],
  ] as const) {
    test(`${title}: it says so, and nothing is sent`, async () => {
      await using scene = await createScene();
      const { exitCode, stderr, json } = await run(scene, env);
      assert.equal(exitCode, 1);
      assert.match(stderr, sentence);
      assert.equal(json, '');
      assert.deepEqual(scene.asked(), []);
    });
  }

  for (const options of [
    ['--production', '--api-url', 'https://x.example'],
    ['--api-url', 'http://x.example'],
    ['--pause', 'x'],
  ]) {
    test(`${options.join(' ')}: it says so, and nothing is sent`, async () => {
      await using scene = await createScene();
      const { exitCode, stderr } = await run(scene, {}, options, []);
      assert.equal(exitCode, 1);
      assert.match(stderr, /^--(?:production|api-url|pause) /);
    });
  }

  test('another app’s key: what needs the app is not asked, and the action says what to check', async () => {
    await using scene = await createScene();
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const { exitCode, stdout, verdict } = await run(scene, { ICR_PRIVATE_KEY: pem });
    assert.equal(exitCode, 1);
    assert.match(stdout, /\| A JWT as the action signs it, for 540 s +\| refused, 401 /);
    assert.match(stdout, /^\| {5}\| The mint, with the body \{\} +\| not asked: the JWT is refused +\| 201 +\| +\|$/m);
    assert.match(stdout, /^The action said: .*app-id/m);
    assert.match(
      verdict,
      /^The action does not work with this API: it refuses the action’s JWT \(“JWT refused: signature .+”\)\. \d\d questions could not be asked\. No token was minted\.$/,
    );
  });

  test('an app that does not exist', async () => {
    await using scene = await createScene();
    const { exitCode, verdict } = await run(scene, { ICR_APP_ID: randomUUID() });
    assert.equal(exitCode, 1);
    assert.match(verdict, /^The action does not work with this API: it refuses the action’s JWT \(“.+”\)\./);
  });

  test('an organization where the app is not installed: the list is asked, and no token is minted for it', async () => {
    await using scene = await createScene();
    const { exitCode, stdout, verdict } = await run(scene, { ICR_ORGANIZATION_ID: randomUUID() });
    assert.equal(exitCode, 1);
    assert.match(stdout, /not asked: no installation of the organization was found/);
    assert.match(stdout, /\| What the list is under +\| `installations` /);
    assert.match(
      verdict,
      /^The action does not work with this API: no token\. The one token that was minted is revoked\.$/,
    );
    assert.equal(scene.liveTokens(), 0);
  });
});

describe('A server that is none of ICR’s', () => {
  for (const [title, effect, reason] of [
    ['answers HTML to everything', html(), 'it answers everything with a page of HTML'],
    ['answers 503 to everything', empty(503), 'it answers everything with 503'],
    ['cuts connections', { kind: 'reset' }, 'it does not answer (ECONNRESET)'],
    ['does not answer', { kind: 'hang' }, 'it does not answer (nothing within 0 s)'],
    ['stops in the middle of a body', { kind: 'hang-body' }, 'it does not answer (nothing within 0 s)'],
    [
      'sends something else than HTTP',
      { kind: 'raw', bytes: 'SSH-2.0-OpenSSH_9.6\r\n' },
      'it does not answer (HPE_INVALID_CONSTANT)',
    ],
  ] satisfies readonly (readonly [string, Effect, string])[]) {
    test(`${title}: the rest is not asked, and the table says why`, async () => {
      await using scene = await createScene();
      scene.simulator.fault({ path: '**', effect });
      const { session, rows } = await runHere(scene);
      assert.equal(session.stopped(), reason);
      assert.equal(rows.find(({ id }) => id === 'action')?.fact, `not asked: ${reason}`);
      assert.equal(session.exchanges.length, 3);
      const { works, sentence } = judge(rows, session.stopped());
      assert.equal(works, false);
      assert.equal(sentence, `It is not known whether the action works with this API: ${reason}.`);
    });
  }

  test('limits the rate, and says to wait a second: everything is asked all the same', async () => {
    await using scene = await createScene({
      settings: { rateLimit: { perSecond: 15, retryAfterSeconds: 1, retryAfterAs: 'seconds' } },
    });
    const { session, rows } = await runHere(scene);
    assert.equal(session.stopped(), undefined);
    assert.equal(judge(rows, undefined).works, true);
    assert.equal(rows.find(({ id }) => id === 'rate-headers')?.fact, 'retry-after');
    assert.ok(session.exchanges.length <= 60);
    assert.equal(scene.liveTokens(), 0);
  });

  test('limits the rate for an hour, just when tokens were minted: the rest is not asked', async () => {
    await using scene = await createScene();
    const answer = { kind: 'answer', status: 429, headers: { 'Retry-After': '3600' } } as const;
    scene.simulator.fault({ method: 'GET', path: '/organizations/*', effect: answer });
    const { session, rows } = await runHere(scene);
    const reason = 'it limits the rate (429, Retry-After 3600)';
    assert.equal(rows.find(({ id }) => id === 'revoke')?.fact, `not asked: ${reason}`);
    assert.equal(
      judge(rows, session.stopped()).sentence,
      `It is not known whether the action works with this API: ${reason}.`,
    );
    assert.equal(describeTokens(session), 'The one token that was minted is revoked.');
    assert.equal(scene.liveTokens(), 0);
  });
});

describe('The tokens of the probe', () => {
  test('that ICR minted without an answer are told, with the time when they end', async () => {
    await using scene = await createScene();
    scene.simulator.fault({
      method: 'POST',
      path: '/app/installations/*/accessTokens',
      times: 1,
      effect: { kind: 'reset', process: true },
    });
    const { session } = await runHere(scene);
    assert.match(describeTokens(session), /^One token may be alive until 20\d\d-\d\d-\d\dT[\d:.]+Z\.$/);
    assert.equal(scene.liveTokens(), 1);
  });

  test('that can’t be revoked are told, with the time when they end', async () => {
    await using scene = await createScene({ settings: { revokeTakesAppTokens: false } });
    const { session } = await runHere(scene);
    const [alive] = scene.simulator.tokens().filter(({ state }) => state === 'live');
    assert.equal(
      describeTokens(session),
      `One token may be alive until ${new Date(alive?.expiresAt ?? 0).toISOString()}.`,
    );
  });

  test('that outlive their revocation are told', async () => {
    await using scene = await createScene({ settings: { revokeWorks: false } });
    const { session } = await runHere(scene);
    assert.match(describeTokens(session), /^One token may be alive until /);
  });

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    test(`are revoked if it is ended with ${signal}`, WITH_SIGNALS, async () => {
      await using scene = await createScene();
      const { exitCode, stdout, verdict, json } = await run(scene, {}, ['--pause', '50'], undefined, (child) => {
        const timer = setInterval(() => {
          if (scene.simulator.tokens().length < 2) return;
          clearInterval(timer);
          child.kill(signal);
        }, 5);
        child.once('close', () => clearInterval(timer));
      });
      assert.equal(exitCode, 1);
      assert.match(stdout, /not asked: the probe was interrupted/);
      assert.match(verdict, /the probe was interrupted\. All \d tokens that were minted are revoked\.$/);
      assert.notEqual(json, '');
      assert.equal(scene.liveTokens(), 0);
    });
  }

  test('are revoked if it is ended while a mint is under way', WITH_SIGNALS, async () => {
    await using scene = await createScene({ settings: { answers: { mint: { delayMs: 1000 } } } });
    const { verdict } = await run(scene, {}, [], undefined, (child) => {
      const timer = setInterval(() => {
        if (scene.simulator.tokens().length < 1) return;
        clearInterval(timer);
        child.kill('SIGINT');
      }, 5);
      child.once('close', () => clearInterval(timer));
    });
    assert.match(verdict, /The one token that was minted is revoked\.$/);
    assert.equal(scene.liveTokens(), 0);
  });
});

describe('probe.json', () => {
  for (const [title, hostile] of [
    ['of an API that behaves', false],
    ['of an API whose errors repeat credentials, names and addresses', true],
  ] as const) {
    test(`${title} has nothing of the key, a JWT, a token, an id or a name`, async () => {
      await using scene = await createScene({ settings: { echoAuthorization: hostile } });
      const { nordic } = scene;
      const told = `${nordic.organization.fullName} (Guðrún Jónsdóttir, gudrun@nordic.example, 192.0.2.7, +3545551234) of Ísafjörður`;
      if (hostile) {
        const answer = { statusCode: 403, message: `No access for ${told} with ${nordic.id}` };
        scene.simulator.fault({
          method: 'GET',
          path: '/organizations/*',
          effect: { kind: 'answer', status: 403, body: JSON.stringify(answer) },
        });
        scene.simulator.fault({
          path: '/app/no-such-route',
          effect: {
            kind: 'answer',
            status: 404,
            headers: {
              Location: `https://${nordic.organization.id}.example/`,
              'X-Owner': told,
              'WWW-Authenticate': `Bearer realm="${told}"`,
            },
            body: told,
          },
        });
      }
      const { json } = await run(scene);
      const recording: Recording = JSON.parse(json);
      assert.equal(recording.exchanges.length, scene.simulator.requests().length);
      const requests = scene.simulator.requests();
      const secrets = [
        ...keyLines(PEM),
        ...scene.simulator.tokens().flatMap(({ token, id }) => [token, token.slice(4), id]),
        ...requests.flatMap(({ bearer = '' }) => bearer.split('.')),
        ...requests.flatMap(({ path }) => path.match(/[\da-f-]{36}/g) ?? []),
        APP_ID,
        'octo-app',
        String(scene.simulator.port),
        ...[nordic, scene.baltic].flatMap(({ id, organization }) => [
          id,
          ...Object.values(organization).filter((value) => typeof value === 'string' && !/^\d{4}-|^IS$/.test(value)),
          ...organization.fullName.split(' ').filter((word) => word !== 'ehf.'),
        ]),
        ...['Guðrún', 'Jónsdóttir', 'gudrun', '192.0.2.7', '5551234', 'Ísafjörður', 'Laugavegur', '5501234560'],
      ].map(String);
      for (const secret of secrets.filter((text) => text !== '')) {
        assert.ok(!json.toLowerCase().includes(secret.toLowerCase()), `${secret} is in probe.json`);
      }
      if (hostile)
        assert.match(json, /"message": "No access for NAME_\d+ \(NAME_\d+ NAME_\d+, ADDRESS_\d+, ADDRESS_\d+, /);
    });
  }

  test('has the same word for the same value, and other words for others', async () => {
    await using scene = await createScene();
    const { json } = await run(scene);
    const { exchanges }: Recording = JSON.parse(json);
    const route = exchanges.find(({ question }) => question === 'organization-route');
    const mint = exchanges.find(({ question }) => question === 'mint');
    const revocation = exchanges.find(({ question }) => question === 'revoke');
    assert.match(JSON.stringify(mint?.response?.body), new RegExp(`"organizationId":"${route?.path.split('/')[3]}"`));
    assert.match(JSON.stringify(mint?.response?.body), /"token":"TOKEN_1"/);
    assert.equal(revocation?.headers['authorization'], 'Bearer TOKEN_1');
  });

  test('has of a page of HTML nothing but its length', async () => {
    await using scene = await createScene({ settings: { errorForm: 'html' } });
    const { json } = await run(scene);
    const { exchanges }: Recording = JSON.parse(json);
    const refusal = exchanges.find(({ question }) => question === 'jwt-key');
    assert.deepEqual(refusal?.response?.body, { kind: 'HTML', characters: 51 });
  });
});

test('a scene can be made of a recording of an API without a route for organizations', async () => {
  await using other = await createScene({ settings: { organizationInstallationRoute: false, mintStatus: 202 } });
  await using folder = await mkdtempDisposable(join(tmpdir(), 'icr-probe-'));
  const world = join(folder.path, 'probe.json');
  await run(other, {}, ['--output', world]);
  await using scene = await createScene({ world });
  assert.equal(scene.simulator.settings.organizationInstallationRoute, false);
  assert.equal(scene.simulator.settings.mintStatus, 202);
});

/** As `npm run probe` does. */
async function run(
  scene: Scene,
  env: Readonly<Record<string, string>> = {},
  options: readonly string[] = [],
  target: readonly string[] = ['--api-url', scene.simulator.url],
  during?: (child: ChildProcess) => void,
): Promise<Outcome> {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'icr-probe-'));
  const output = join(folder.path, 'probe.json');
  const summary = join(folder.path, 'summary.md');
  const pause = options.includes('--pause') ? [] : ['--pause', '0'];
  const child = spawn(
    process.execPath,
    [
      ...process.execArgv.filter((option) => option.startsWith('--disable-warning=')),
      PROBE,
      '--output',
      output,
      ...pause,
      ...target,
      ...options,
    ],
    {
      env: {
        PATH: process.env['PATH'],
        ICR_APP_ID: APP_ID,
        ICR_PRIVATE_KEY: PEM,
        ICR_ORGANIZATION_ID: scene.nordic.organization.id,
        GITHUB_STEP_SUMMARY: summary,
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  during?.(child);
  const exitCode = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return {
    exitCode,
    stdout,
    stderr,
    json: await readFile(output, 'utf8').catch(() => ''),
    summary: await readFile(summary, 'utf8').catch(() => ''),
    verdict: stdout.trimEnd().split('\n').at(-1) ?? '',
  };
}

/** In this process, with little patience. */
function runHere(scene: Scene) {
  const subject = { app: readApp(APP_ID, PEM), organizationId: scene.nordic.organization.id };
  const { signal } = new AbortController();
  return runProbe(
    { baseUrl: scene.simulator.url, pauseMs: 0, seconds: 60, cancelled: signal, attemptMs: 400 },
    subject,
  );
}
