/** Signing by a command: what it gets, what it may print, and that a bad one sends nothing and leaves nothing behind. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { assertFailed, assertSucceeded, type Result, type StepOptions, WITH_SIGNALS } from '../support/runner.ts';
import { createScene, keyLines, PEM, type Scene } from '../support/scene.ts';

const DIST = join(import.meta.dirname, '../../dist');
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
  dist?: string;
  scene?: Scene;
  /** Sends SIGINT as soon as the command has made the file `$NOTES/ready`. */
  cancel?: true;
}

/** Runs main with the command, and checks what is true of every command: no process and no file is left. */
async function sign(command: string, { inputs, env, dist, scene: given, cancel }: Options = {}): Promise<Signed> {
  const scene = given ?? (await createScene());
  const mark = randomUUID();
  const temp = join(folder, `temp-${mark}`);
  const notes = join(folder, `notes-${mark}`);
  for (const path of [temp, notes]) await mkdir(path);
  const options: Partial<StepOptions> = {
    env: { KEY_FILE: keyFile, NOTES: notes, MARK: mark, RUNNER_TEMP: temp, ...env },
    ...(dist === undefined ? {} : { dist }),
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

const WHOLE: Record<string, string> = {
  'standard input to standard output': SIGN,
  'the file ICR_SIGNING_INPUT': `${SIGN} "$ICR_SIGNING_INPUT"`,
  'files that are opened by name': `${SIGN} -out /dev/stdout /dev/stdin`,
  'the digest': 'base64 -d <<< "$ICR_SIGNING_DIGEST" | openssl pkeyutl -sign -inkey "$KEY_FILE" -pkeyopt digest:sha256',
  base64: `${SIGN} | base64`,
  'base64url without padding': `${SIGN} | base64 -w0 | tr '+/' '-_' | tr -d '='`,
  'quotes and CRLF': `printf '"%s"\\r\\n' "$(${SIGN} | base64 -w0)"`,
  'the prefix of Vault': `echo "vault:v1:$(${SIGN} | base64 -w0)"`,
  'a script of several lines, with a comment at its end': `key=$KEY_FILE\nif true; then\n  openssl dgst -sha256 \\\n    -sign "$key"\nfi # done`,
  'a here document at its end': `${SIGN} "$ICR_SIGNING_INPUT"\ncat >&2 <<END\nsigned\nEND`,
  'a message on /dev/stderr': `echo signing > /dev/stderr; ${SIGN}`,
  'a MiB on standard error': `head -c 1048576 /dev/zero | tr '\\0' x >&2; ${SIGN}`,
  'only a part of its input read': `head -c 10 > /dev/null; ${SIGN} "$ICR_SIGNING_INPUT"`,
  'a child that goes on and holds the pipes': `sleep 300 & ${SIGN}`,
  'a child that goes on and ignores signals': `(trap '' INT TERM HUP; sleep 300) & ${SIGN}`,
};

describe('A command that signs', OPTIONS, () => {
  for (const [what, command] of Object.entries(WHOLE)) {
    test(what, async () => {
      const result = await sign(command);
      assertSucceeded(result);
      const [jwt = ''] = result.scene.simulator.requests().map(({ bearer }) => bearer);
      assert.ok(result.masks.includes(jwt ?? ''), 'the JWT is masked');
      assert.deepEqual(result.log.length, 1, 'standard error is not shown');
    });
  }

  test('gets the step’s environment and folder, no inputs, and a file that only its user can read', async () => {
    const command = `env > "$NOTES/env"; pwd > "$NOTES/pwd"; stat -c %a "$ICR_SIGNING_INPUT" > "$NOTES/mode"; dirname "$ICR_SIGNING_INPUT" > "$NOTES/dir"; ${SIGN}`;
    const result = await sign(command, { env: { STATE_token: 'x', OTHER: 'kept' } });
    assertSucceeded(result);
    const env = await note(result, 'env');
    assert.match(env, /^OTHER=kept$/m);
    assert.match(env, /^GITHUB_REPOSITORY=/m);
    assert.doesNotMatch(env, /^(?:INPUT|STATE)_/m);
    assert.equal(await note(result, 'pwd'), `${join(import.meta.dirname, '../..')}\n`);
    assert.equal(await note(result, 'mode'), '600\n');
    assert.equal(await note(result, 'dir'), `${result.temp}\n`);
  });

  test('gets the signing input without a line end, the same on every way', async () => {
    const command = `cat > "$NOTES/stdin"; cat "$ICR_SIGNING_INPUT" > "$NOTES/file"; echo -n "$ICR_SIGNING_DIGEST" > "$NOTES/digest"; openssl dgst -sha256 -binary "$NOTES/stdin" | base64 -w0 > "$NOTES/expected"; ${SIGN} "$ICR_SIGNING_INPUT"`;
    const result = await sign(command);
    assertSucceeded(result);
    const stdin = await note(result, 'stdin');
    assert.match(stdin, /^[\w-]+\.[\w-]+$/);
    assert.equal(await note(result, 'file'), stdin);
    assert.equal(await note(result, 'digest'), await note(result, 'expected'));
    assert.ok(result.scene.simulator.requests()[0]?.bearer?.startsWith(`${stdin}.`));
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

  test('is waited for if `cat`, which hands on what it prints, is slow to start', async () => {
    const slow = await mkdtemp(join(folder, 'slow-'));
    await writeFile(join(slow, 'cat'), '#!/bin/sh\nsleep 1.5\nexec /bin/cat "$@"\n', { mode: 0o755 });
    assertSucceeded(await sign(SIGN, { env: { PATH: `${slow}:${process.env['PATH']}` } }));
  });

  test('runs once for all requests of a step', async () => {
    await using scene = await createScene();
    const result = await sign(`echo run >> "$NOTES/runs"; ${SIGN}`, { scene });
    assertSucceeded(result);
    assert.equal(await note(result, 'runs'), 'run\n');
  });
});

/** What the annotation must begin with, before the fix; a name of the step's environment is for the shell. */
const BAD: Record<string, [command: string, says: RegExp, env?: Record<string, string | undefined>]> = {
  'fails, and prints a signature': [`${SIGN}; exit 3`, /^`sign-command` failed with exit code 3\. .*It said nothing/],
  'fails, and says why': [
    'echo "AccessDenied: kms:Sign" >&2; exit 254',
    /exit code 254\. .*It said: “AccessDenied: kms:Sign”/,
  ],
  'fails in the middle of a pipe': [`false | ${SIGN}`, /^`sign-command` failed with exit code 1\./],
  'fails before its end': [`false; ${SIGN}`, /^`sign-command` failed with exit code 1\./],
  'is not there': [
    'no-such-signer --sign',
    /^`sign-command` names a program that was not found \(exit code 127\)\. .*no-such-signer/,
  ],
  'is not bash': ['if then', /^`sign-command` failed with exit code 2\. .*syntax error/],
  'is ended by a signal': ['kill -KILL $$', /^`sign-command` was ended by SIGKILL\./],
  'whose program is ended by a signal': [
    `sh -c 'kill -TERM $$'; ${SIGN}`,
    /^`sign-command` failed with exit code 143\./,
  ],
  'prints nothing': ['true', /^`sign-command` printed nothing\./],
  'prints JSON': ['echo \'{"Signature": "AAAA"}\'', /^`sign-command` printed JSON/],
  'prints a byte too few': [`${SIGN} | head -c 255`, /^`sign-command` printed 255 bytes, not the 256/],
  'prints another word before': [`echo signed; ${SIGN} | base64`, /^`sign-command` printed (?:base64 of )?\d+ bytes/],
  'prints an elliptic-curve signature': [
    'head -c 71 /dev/urandom',
    /^`sign-command` printed 71 bytes, likely an elliptic/,
  ],
  'prints more than 64 KiB': ['cat /dev/zero', /^`sign-command` printed more than 64 KiB\./],
  'prints 64 KiB and a byte': ['head -c 65537 /dev/zero', /^`sign-command` printed more than 64 KiB\./],
  'says a MiB and fails': ['{ yes "no end" || true; } | head -c 1048576 >&2; exit 1', /exit code 1\. .*“….{300}”$/],
  'says control characters and commands': [
    'printf "\\e[31m::error::x\\n##[error]y\\r\\0z" >&2; exit 1',
    /It said: “\[31m::error::x ## \[error\]y z”$/,
  ],
  'says a secret of the step': [
    'echo "denied for $VAULT_TOKEN$(printf "x %.0s" {1..160})$VAULT_TOKEN" >&2; exit 1',
    /It said: “…(?:.(?!hvs))*\*\*\*”$/,
    { VAULT_TOKEN: 'hvs.CAESIJ8rXb2mZ0yQ' },
  ],
  'says a signature': [
    `set -x; s=$(${SIGN} | base64 -w0); : "$s"; exit 1`,
    /It said: “(?:(?![\w+/=]{80}).)*\*\*\*[^“]*”$/,
  ],
  'says a signature in lines of base64': [
    `${SIGN} | base64 | tee /dev/stderr > /dev/null; echo "denied by the vault" >&2; exit 1`,
    /It said: “\*\*\* denied by the vault”$/,
  ],
  'says a signature in lines of 64 characters': [
    `${SIGN} | openssl base64 >&2; echo "no, denied" >&2; exit 1`,
    /It said: “\*\*\* no, denied”$/,
  ],
  'says a signature in hexadecimal': [`${SIGN} | od -An -tx1 >&2; exit 1`, /It said: “\*\*\*”$/],
  'says the signing input': ['cat "$ICR_SIGNING_INPUT" >&2; exit 1', /It said: “\*\*\*”$/],
  'has no bash': ['true', /^`sign-command` needs `bash`, which is not on the PATH\./, { PATH: '/nowhere' }],
  'has no RUNNER_TEMP': [SIGN, /^`sign-command` needs RUNNER_TEMP, which is not set\./, { RUNNER_TEMP: undefined }],
  'has an empty RUNNER_TEMP': [SIGN, /^`sign-command` needs RUNNER_TEMP, which is not set\./, { RUNNER_TEMP: '' }],
  'has a RUNNER_TEMP that is gone': [
    SIGN,
    /^`sign-command` needs a file in RUNNER_TEMP, .*ENOENT/,
    { RUNNER_TEMP: '/nowhere' },
  ],
  // Also for root, as whom CI may run.
  'has a RUNNER_TEMP that takes no file': [
    SIGN,
    /^`sign-command` needs a file in RUNNER_TEMP, /,
    { RUNNER_TEMP: '/proc' },
  ],
  'is as long as an input can be': [`: ${'x'.repeat(131_000)}`, /^`sign-command` printed nothing\./],
};

describe('A command is refused in one sentence, and nothing is sent, if it', OPTIONS, () => {
  for (const [what, [command, says, env]] of Object.entries(BAD)) {
    test(what, async (t) => {
      const result = await sign(command, { ...(env === undefined ? {} : { env }) });
      assertFailed(result, says);
      const [message = ''] = result.errors;
      const [cause = '', fix = ''] = message.split(/(?<=\.) /);
      assert.ok(cause.length <= 81 && cause.length + fix.length <= 200, `${cause.length}, ${fix.length}: ${message}`);
      assert.deepEqual(result.scene.asked(), []);
      t.diagnostic(message);
    });
  }

  const bodyOf = (pem: string) => pem.replace(/-----.*-----\n/g, '');
  const base64Of = (pem: string) => Buffer.from(pem).toString('base64');
  for (const [shape, change] of Object.entries<(pem: string) => string>({
    'in PEM': (pem) => pem,
    'without header and footer': bodyOf,
    'without header and footer, in one line': (pem) => bodyOf(pem).replaceAll('\n', ''),
    'as base64 of PEM': base64Of,
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

  test('has a working folder that is gone', async () => {
    const result = await sign('true', {
      dist: await withChange(/^/, 'require("fs").rmdirSync(process.chdir(process.env.GONE) ?? process.env.GONE);\n'),
      env: { GONE: await mkdtemp(join(folder, 'gone-')) },
    });
    assertFailed(result, /^`sign-command` can’t run: the job’s working folder was removed\./);
  });

  test('does not end within 30 s, though it printed the signature', async () => {
    const result = await sign(`${SIGN}; sleep 300`);
    assertFailed(result, /^`sign-command` did not end within 30 s\. Check that/);
    assert.ok(result.milliseconds > 29_900 && result.milliseconds < 35_000, `${result.milliseconds}`);
    assert.deepEqual(result.scene.asked(), []);
  });

  for (const [what, command] of Object.entries({
    'waits for an answer': 'read -r answer < <(sleep 300); echo "$answer"',
    'ignores every signal that can be ignored': "trap '' HUP INT QUIT TERM; while true; do sleep 1; done",
    'has stopped itself': 'kill -STOP $$',
    'has children of children': '(sleep 300 | (sleep 300 & sleep 300)) | cat',
    'prints a byte at a time': 'while true; do printf x; sleep 0.05; done',
  })) {
    test(`does not end in time and ${what}`, async () => {
      const result = await sign(command, {
        dist: await withChange(/\bTIME_LIMIT_MS = 30_000;/, 'TIME_LIMIT_MS = 1_500;'),
      });
      assertFailed(result, /^`sign-command` did not end within 1\.5 s\./);
      assert.deepEqual(result.scene.asked(), []);
    });
  }
});

describe('A step that is cancelled while its command', OPTIONS, () => {
  const ready = 'touch "$NOTES/ready"';
  for (const [moment, command] of Object.entries({
    'has just begun': `${ready}; sleep 300`,
    'has read a part of its input': `head -c 5; ${ready}; sleep 300`,
    'waits in a pipe': `(${ready}; sleep 300) | ${SIGN}`,
    'ignores signals': `trap '' HUP INT TERM; ${ready}; while true; do sleep 1; done`,
    'has stopped itself': `${ready}; kill -STOP $$`,
    'has printed a part of the signature': `${SIGN} | head -c 100; ${ready}; sleep 300`,
    'has printed the whole signature': `${SIGN}; ${ready}; sleep 300`,
    'fills standard error': `${ready}; cat /dev/zero >&2`,
    'has a child that goes on': `sleep 300 & ${ready}; sleep 300`,
    'has ended, but not its child': `(sleep 0.2; ${ready}; sleep 300) & ${SIGN}`,
  })) {
    test(moment, async () => {
      const result = await sign(command, { cancel: true });
      assertFailed(result, /^The step was cancelled \(SIGINT\)\./);
      assert.deepEqual(result.scene.asked(), []);
      assert.ok(result.milliseconds < 5_000, `${result.milliseconds}`);
    });
  }
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

/** A copy of the built action with one place of main's bundle changed. */
async function withChange(place: RegExp, text: string): Promise<string> {
  const dist = await mkdtemp(join(folder, 'dist-'));
  await cp(DIST, dist, { recursive: true });
  const file = join(dist, 'main', 'index.js');
  const bundle = await readFile(file, 'utf8');
  assert.match(bundle, place);
  await writeFile(file, bundle.replace(place, text));
  return dist;
}
