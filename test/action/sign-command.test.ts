/** Signing by a command in the whole action: that a bad one sends nothing, and that a cancelled step ends it. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { assertFailed, assertSucceeded, type Result, type StepOptions, WITH_SIGNALS } from '../support/runner.ts';
import { createScene, keyLines, PEM, type Scene } from '../support/scene.ts';

const SIGN = 'openssl dgst -sha256 -sign "$KEY_FILE"';
/** Each is one process, most of the time asleep. */
const OPTIONS = { concurrency: 2, timeout: 60_000, ...WITH_SIGNALS };

let folder: string;
let keyFile: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'icr-sign-'));
  keyFile = join(folder, 'key.pem');
  await writeFile(keyFile, PEM, { mode: 0o600 });
});
after(() => rm(folder, { recursive: true, force: true }));

interface Signed extends Result {
  scene: Scene;
  /** RUNNER_TEMP, and a place for what the command wants to tell. */
  temp: string;
  notes: string;
}

interface Options {
  inputs?: Record<string, string>;
  env?: Record<string, string | undefined>;
  scene?: Scene;
  /** Sends SIGINT as soon as the command has made the file `$NOTES/ready`. */
  cancel?: true;
}

/** Runs main with the command, and checks what is true of every command: no process and no file is left. */
async function sign(command: string, { inputs, env, scene: given, cancel }: Options = {}): Promise<Signed> {
  const scene = given ?? (await createScene());
  const mark = randomUUID();
  const temp = join(folder, `temp of ${mark}`);
  const notes = join(folder, `notes-${mark}`);
  for (const path of [temp, notes]) await mkdir(path);
  const options: Partial<StepOptions> = {
    env: { KEY_FILE: keyFile, NOTES: notes, MARK: mark, RUNNER_TEMP: temp, ...env },
  };
  const organization = scene.nordic.organization.id;
  const step = await scene.step(
    { 'private-key': '', 'sign-command': command, 'organization-id': organization, ...inputs },
    options,
  );
  const result = await step.main((child) => {
    if (cancel) void untilReady(notes).then(() => child.kill('SIGINT'));
  });
  if (given === undefined) await scene[Symbol.asyncDispose]();
  assert.deepEqual(readdirSync(temp), [], 'a file was left');
  // A process that was killed a moment ago may still be ending.
  for (let wait = 0; wait < 100 && processesWith(mark).length > 0; wait += 1) await sleep(20);
  assert.deepEqual(processesWith(mark), [], 'a process was left');
  return { ...result, scene, temp, notes };
}

async function untilReady(notes: string): Promise<void> {
  while (!existsSync(join(notes, 'ready'))) await sleep(10);
}

/** By the environment that they were started with, which Linux shows. */
function processesWith(mark: string): string[] {
  const pids = existsSync('/proc/self/environ') ? readdirSync('/proc').filter((name) => /^\d+$/.test(name)) : [];
  return pids.filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(mark);
    } catch {
      return false;
    }
  });
}

async function note({ notes }: Signed, name: string): Promise<string> {
  return readFile(join(notes, name), 'utf8');
}

describe('A command that signs', OPTIONS, () => {
  test('gets a token; the JWT is masked, and standard error is not shown', async () => {
    const result = await sign(`echo signing >&2; env > "$NOTES/env"; pwd > "$NOTES/pwd"; ${SIGN}`);
    assertSucceeded(result);
    const jwts = new Set(result.scene.simulator.requests().map(({ bearer }) => bearer ?? ''));
    assert.equal(jwts.size, 1);
    for (const jwt of jwts) assert.ok(result.masks.includes(jwt));
    assert.equal(result.log.length, 1);
    assert.doesNotMatch(await note(result, 'env'), /^INPUT_/m);
    assert.equal(await note(result, 'pwd'), `${join(import.meta.dirname, '../..')}\n`);
  });

  test('runs once for all requests of a step', async () => {
    const result = await sign(`echo run >> "$NOTES/runs"; ${SIGN}`);
    assertSucceeded(result);
    assert.equal(await note(result, 'runs'), 'run\n');
  });

  test('runs again when the clock is corrected', async () => {
    await using scene = await createScene();
    scene.simulator.moveClock(900);
    const result = await sign(`echo run >> "$NOTES/runs"; ${SIGN}`, { scene });
    assertSucceeded(result);
    assert.equal(await note(result, 'runs'), 'run\nrun\n');
    const jwts = [...new Set(scene.simulator.requests().map(({ bearer }) => bearer ?? ''))];
    assert.equal(jwts.length, 2);
    for (const jwt of jwts) assert.ok(result.masks.includes(jwt));
  });

  test('leaves no process behind that left its group', async () => {
    assertSucceeded(await sign(`timeout 300 sleep 300 & setsid sleep 300 & ${SIGN}`));
  });
});

describe('A command that can’t sign fails the step, and nothing is sent, if it', OPTIONS, () => {
  for (const [what, [command, says, env]] of Object.entries<[string, RegExp, Options['env']?]>({
    'says why it fails': [
      'echo "AccessDenied: kms:Sign" >&2; exit 254',
      /^`sign-command` failed with exit code 254\. .*It said: “AccessDenied: kms:Sign”$/,
    ],
    'prints an elliptic-curve signature': [
      'head -c 71 /dev/urandom',
      /^`sign-command` printed 71 bytes, likely an elliptic-curve signature\./,
    ],
    'prints hexadecimal in lines': [`${SIGN} | od -An -tx1`, /^`sign-command` printed hexadecimal, /],
    'has no bash': ['true', /^`sign-command` needs `bash`, which is not on the PATH\./, { PATH: '/nowhere' }],
  })) {
    test(what, async () => {
      const result = await sign(command, env === undefined ? {} : { env });
      assertFailed(result, says);
      assert.deepEqual(result.scene.asked(), []);
    });
  }

  const bodyOf = (pem: string) => pem.replace(/-----.*-----\n/g, '');
  const base64Of = (pem: string) => Buffer.from(pem).toString('base64');
  for (const [shape, change] of Object.entries<(pem: string) => string>({
    'in PEM': (pem) => pem,
    'without header and footer': bodyOf,
    'as base64 of PEM, in lines': (pem) => base64Of(pem).replace(/.{76}/g, '$&\n'),
  })) {
    test(`holds a key ${shape}`, async () => {
      const pasted = change(PEM);
      const result = await sign(pasted);
      assertFailed(
        result,
        /^`sign-command` holds a key, not a command that signs\. Give a key to the input `private-key`\./,
      );
      for (const line of keyLines(PEM)) assert.ok(result.masks.includes(line), line);
      for (const line of pasted.split('\n').filter((line) => line.length >= 64 && !line.startsWith('-')))
        assert.ok(result.masks.includes(line), line);
      assert.deepEqual(result.scene.asked(), []);
    });
  }

  test('does not end within 30 s, though it printed the signature', async () => {
    const result = await sign(`${SIGN}; sleep 300`);
    assertFailed(result, /^`sign-command` did not end within 30 s\. Check that/);
    assert.ok(result.milliseconds > 29_900 && result.milliseconds < 35_000, `${result.milliseconds}`);
    assert.deepEqual(result.scene.asked(), []);
  });
});

describe('A step that is cancelled while its command', OPTIONS, () => {
  const ready = 'touch "$NOTES/ready"';
  for (const [moment, command] of Object.entries({
    'has printed the whole signature': `${SIGN}; ${ready}; sleep 300`,
    'fills standard error': `${ready}; yes >&2`,
    'waits in a group of its own': `${ready}; x=$(timeout 300 sleep 300)`,
    'ignores signals': `trap '' HUP INT TERM; ${ready}; while true; do sleep 1; done`,
  })) {
    test(`${moment} ends it`, async () => {
      const result = await sign(command, { cancel: true });
      assertFailed(result, /^The step was cancelled \(SIGINT\)\./);
      assert.deepEqual(result.scene.asked(), []);
      assert.ok(result.milliseconds < 7_000, `${result.milliseconds}`);
    });
  }

  test('has a trap that logs out lets it log out', async () => {
    const result = await sign(`trap 'sleep 1; echo out > "$NOTES/out"' EXIT; ${ready}; sleep 300`, { cancel: true });
    assertFailed(result, /^The step was cancelled \(SIGINT\)\./);
    assert.equal(await note(result, 'out'), 'out\n');
  });
});

describe('The credential', OPTIONS, () => {
  const jwt = 'eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxIn0.c2lnbmF0dXJl';
  for (const inputs of [{ 'private-key': PEM }, { jwt }, { 'private-key': PEM, jwt }]) {
    test(`is exactly one: not \`sign-command\` beside ${Object.keys(inputs).join(' and ')}`, async () => {
      const result = await sign('touch "$NOTES/ran"', { inputs });
      assertFailed(result, /`sign-command`.* are given together\. Exactly one of them is needed: remove the others\.$/);
      assert.deepEqual(readdirSync(result.notes), []);
      assert.deepEqual(result.scene.asked(), []);
    });
  }

  test('needs `app-id` with a command', async () => {
    const result = await sign('touch "$NOTES/ran"', { inputs: { 'app-id': '' } });
    assertFailed(result, /^`app-id` is missing\./);
    assert.deepEqual(readdirSync(result.notes), []);
  });

  test('has the app’s ID in the claims that the command signs', async () => {
    const result = await sign(SIGN);
    assertSucceeded(result);
    const [, payload = ''] = (result.scene.simulator.requests()[0]?.bearer ?? '').split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
    assert.equal(claims['iss'], result.scene.inputs()['app-id']);
  });
});
