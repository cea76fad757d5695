/** What a signing command gets, what it may print, how it fails, and that nothing of it is left. Real processes. */
import assert from 'node:assert/strict';
import { createHash, createPublicKey, randomBytes, verify } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { bashProcess } from '../../src/signing/bash.ts';
import { signByCommand } from '../../src/signing/sign-command.ts';
import { readSignature } from '../../src/signing/signature.ts';
import { WITH_SIGNALS } from '../support/runner.ts';
import { PEM } from '../support/scene.ts';

const INPUT = 'eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiIxIiwiaWF0IjoxLCJleHAiOjYwMSwiYWxnIjoiUlMyNTYifQ';
const SIGN = 'openssl dgst -sha256 -sign "$KEY_FILE"';
/** The commands of all tests see the variables of this process, so one runs at a time. */
const OPTIONS = { timeout: 60_000, ...WITH_SIGNALS };

const runnerTemp = await mkdtemp(join(tmpdir(), 'icr sign '));
after(() => rm(runnerTemp, { recursive: true, force: true }));
const own = await mkdtemp(join(tmpdir(), 'icr-notes-'));
after(() => rm(own, { recursive: true, force: true }));
before(async () => {
  process.env['RUNNER_TEMP'] = runnerTemp;
  process.env['KEY_FILE'] = join(own, 'key.pem');
  process.env['NOTES'] = own;
  await writeFile(join(own, 'key.pem'), PEM, { mode: 0o600 });
});

interface Options {
  /** Added to the environment; undefined removes a variable. */
  env?: Record<string, string | undefined>;
  timeLimitMs?: number;
  /** As soon as the command has made the file `$NOTES/ready`. */
  cancel?: true;
}

/** Also checks what is true of every command: no file and no process is left. */
async function sign(command: string, { env = {}, timeLimitMs, cancel }: Options = {}): Promise<Buffer> {
  const saved = Object.keys(env).map((name) => [name, process.env[name]] as const);
  setEnvironment(Object.entries(env));
  const cancelled = new AbortController();
  await rm(join(own, 'ready'), { force: true });
  const watch = setInterval(() => {
    if (cancel && existsSync(join(own, 'ready'))) cancelled.abort(new Error('The step was cancelled.'));
  }, 10);
  try {
    return await signByCommand(command, INPUT, cancelled.signal, timeLimitMs);
  } finally {
    clearInterval(watch);
    setEnvironment(saved);
    assert.deepEqual(readdirSync(runnerTemp), [], 'a file was left');
    assert.deepEqual(await processesLeft(), [], 'a process was left');
  }
}

function setEnvironment(variables: readonly (readonly [name: string, text: string | undefined])[]): void {
  for (const [name, text] of variables) {
    if (text === undefined) delete process.env[name];
    else process.env[name] = text;
  }
}

/** Found as a `ps` would: each command of this file that lasts sleeps for a number of seconds that nothing else does. */
async function processesLeft(): Promise<string[]> {
  if (process.platform !== 'linux') return [];
  const find = () =>
    readdirSync('/proc').filter(
      (pid) => /^\d+$/.test(pid) && /^sleep\0(?:4321|0\.4321)\0/.test(readText(`/proc/${pid}/cmdline`)),
    );
  // A process that was killed a moment ago may still be ending.
  for (let wait = 0; wait < 50 && find().length > 0; wait += 1) await sleep(20);
  return find();
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

function note(name: string): string {
  return readFileSync(join(own, name), 'utf8');
}

async function failureOf(command: string, options: Options = {}): Promise<string> {
  const thrown = await sign(command, options).catch((error: unknown) => error);
  assert.ok(thrown instanceof Error, 'the command signed');
  return thrown.message;
}

describe('bash', () => {
  const args = ['--noprofile', '--norc', '-eo', 'pipefail', '-c', 'echo ) # "'];

  test('on Windows gets the command alone, and no process group', () => {
    assert.deepEqual(bashProcess('echo ) # "', 'win32'), { args, detached: false });
  });

  for (const platform of ['linux', 'darwin'] as const) {
    test(`on ${platform} gets the command alone, in a process group`, () => {
      assert.deepEqual(bashProcess('echo ) # "', platform), { args, detached: true });
    });
  }
});

const SIGNING: Record<string, string> = {
  'from standard input to standard output': SIGN,
  'the file ICR_SIGNING_INPUT': `${SIGN} "$ICR_SIGNING_INPUT"`,
  'files that are opened by name': `${SIGN} -out /dev/stdout /dev/stdin`,
  'the digest': 'base64 -d <<< "$ICR_SIGNING_DIGEST" | openssl pkeyutl -sign -inkey "$KEY_FILE" -pkeyopt digest:sha256',
  'and prints base64': `${SIGN} | base64`,
  'and prints quotes and CRLF': `printf '"%s"\\r\\n' "$(${SIGN} | base64 -w0)"`,
  'and goes on to print after /dev/stdout was opened by name': `${SIGN} | base64 > /dev/stdout; echo`,
  'and prints in two parts': `sig=$(${SIGN} | base64 -w0); printf %s "\${sig:0:100}"; sleep 0.1; printf %s "\${sig:100}"`,
  'in a script of several lines, with a comment at its end': `key=$KEY_FILE\nif true; then\n  openssl dgst -sha256 \\\n    -sign "$key"\nfi # done`,
  'before a here document at its end': `${SIGN} "$ICR_SIGNING_INPUT"\ncat >&2 <<END\nsigned\nEND`,
  'after a message on /dev/stderr': `echo signing > /dev/stderr; ${SIGN}`,
  'after a MiB on standard error': `head -c 1048576 /dev/zero | tr '\\0' x >&2; ${SIGN}`,
  'and reads only a part of standard input': `head -c 10 > /dev/null; ${SIGN} "$ICR_SIGNING_INPUT"`,
};

/** Leave a process behind, each in another way. */
const LEAVING: Record<string, string> = {
  'a child that goes on': 'sleep 4321 &',
  'a child that ignores signals': "(trap '' INT TERM HUP; while true; do sleep 0.4321; done) &",
  'a child in a group of its own': 'timeout 4321 sleep 4321 &',
  'a job of `set -m`': 'set -m; sleep 4321 &',
  'a session of its own': 'setsid sleep 4321 &',
  'a child without the environment': 'env -i sleep 4321 &',
};

describe('A command that signs', OPTIONS, () => {
  const publicKey = createPublicKey(PEM);
  for (const [how, command] of Object.entries(SIGNING)) {
    test(`signs ${how}`, async () => {
      assert.ok(verify('sha256', Buffer.from(INPUT), publicKey, await sign(command)));
    });
  }

  for (const [what, start] of Object.entries(LEAVING)) {
    test(`leaves nothing behind if it started ${what}`, async () => {
      assert.equal((await sign(`${start} ${SIGN}`)).length, 256);
    });
  }

  test('is not delayed by what it left behind, unless that ignores signals', async () => {
    const started = performance.now();
    await sign(`sleep 4321 & ${SIGN}`);
    assert.ok(performance.now() - started < 1_500);
  });

  test('gets the signing input without a line end, the same on every way', async () => {
    await sign(
      `cat > "$NOTES/stdin"; cat "$ICR_SIGNING_INPUT" > "$NOTES/file"; echo -n "$ICR_SIGNING_DIGEST" > "$NOTES/digest"; ${SIGN} "$ICR_SIGNING_INPUT"`,
    );
    assert.equal(note('stdin'), INPUT);
    assert.equal(note('file'), INPUT);
    assert.equal(note('digest'), createHash('sha256').update(INPUT).digest('base64'));
  });

  test('gets a file below RUNNER_TEMP that only its user can read', async () => {
    await sign(`stat -c '%a %n' "$(dirname "$ICR_SIGNING_INPUT")" "$ICR_SIGNING_INPUT" > "$NOTES/stat"; ${SIGN}`);
    const [folder = '', file = ''] = note('stat').split('\n');
    assert.match(folder, /^700 /);
    assert.match(file, /^600 /);
    assert.ok(file.slice(4).startsWith(`${runnerTemp}/`));
  });

  test('gets the step’s environment less inputs, state and access to GitHub’s own services', async () => {
    const kept = { OTHER: 'kept', ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'kept', INPUTS: 'kept' };
    const taken = {
      'INPUT_PRIVATE-KEY': 'taken',
      STATE_token: 'taken',
      ACTIONS_RUNTIME_TOKEN: 'taken',
      ACTIONS_RUNTIME_URL: 'taken',
      ACTIONS_CACHE_URL: 'taken',
      ACTIONS_RESULTS_URL: 'taken',
    };
    await sign(`env > "$NOTES/env"; ${SIGN}`, { env: { ...kept, ...taken } });
    const lines = note('env').split('\n');
    const got = lines.filter((line) => /=(?:kept|taken)$/.test(line));
    assert.deepEqual(new Set(got), new Set(Object.keys(kept).map((name) => `${name}=kept`)));
  });
});

/** What the message must say; the environment is the step's. */
const FAILING: Record<string, [command: string, says: RegExp, env?: Record<string, string | undefined>]> = {
  'fails, and prints a signature': [`${SIGN}; exit 3`, /^`sign-command` failed with exit code 3\. .*It said nothing/],
  'says why it fails': [
    'echo "AccessDenied: kms:Sign" >&2; exit 254',
    /exit code 254\. .*It said: “AccessDenied: kms:Sign”$/,
  ],
  'fails in the middle of a pipe': [`false | ${SIGN}`, /^`sign-command` failed with exit code 1\./],
  'fails before its end': [`false; ${SIGN}`, /^`sign-command` failed with exit code 1\./],
  'names a program that is not there': [
    'no-such-signer --sign',
    /^`sign-command` names a program that was not found \(exit code 127\)\. .*no-such-signer/,
  ],
  'is not bash': ['if then', /^`sign-command` failed with exit code 2\. .*syntax error/],
  'is ended by a signal': ['kill -KILL $$', /^`sign-command` was ended by SIGKILL\./],
  'runs a program that is ended by a signal': [
    `sh -c 'kill -TERM $$'; ${SIGN}`,
    /^`sign-command` failed with exit code 143\./,
  ],
  'prints nothing': ['true', /^`sign-command` printed nothing\./],
  'prints something else, and says why': [
    'echo \'{"Signature": "AAAA"}\'; echo "as JSON" >&2',
    /^`sign-command` printed JSON.*It said: “as JSON”$/,
  ],
  'prints without an end': ['cat /dev/zero', /^`sign-command` printed more than 64 KiB\./],
  'prints 64 KiB and a byte': ['head -c 65537 /dev/zero', /^`sign-command` printed more than 64 KiB\./],
  'prints 64 KiB': ['head -c 65536 /dev/zero', /^`sign-command` printed 65536 bytes/],
  'says things without an end': ['cat /dev/zero >&2', /^`sign-command` printed more than 16 MiB on standard error\./],
  'says control characters and commands': [
    'printf "\\e[31m::error::x\\n##[error]y\\r\\0z" >&2; exit 1',
    /It said: “\[31m::error::x ## \[error\]y z”$/,
  ],
  'says the name of a long key': [
    'echo "denied on projects/p-1/locations/europe-north1/keyRings/icr-apps/cryptoKeys/icr/cryptoKeyVersions/1" >&2; exit 1',
    /It said: “denied on projects\/.*cryptoKeyVersions\/1”$/,
  ],
  'says its secret words, which GitHub masks': [
    'echo "set VAULT_TOKEN and HSM_PIN for on-missing-credentials: error" >&2; exit 1',
    /It said: “set VAULT_TOKEN and HSM_PIN for on-missing-credentials: error”$/,
    { VAULT_TOKEN: 'error', HSM_PIN: 'credentials' },
  ],
  'says the signing input': ['cat "$ICR_SIGNING_INPUT" >&2; exit 1', /It said: “\(withheld: it repeats a secret\)”$/],
  'says a signature': [
    `set -x; s=$(${SIGN} | base64 -w0); : "$s"; exit 1`,
    /It said: “(?:(?![\w+/=]{24}).)*\*\*\*[^“]*”$/,
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

describe('A command is an error in words for the log if it', OPTIONS, () => {
  for (const [what, [command, says, env = {}]] of Object.entries(FAILING)) {
    test(what, async (t) => {
      const message = await failureOf(command, { env });
      assert.match(message, says);
      const [cause = '', fix = ''] = message.split(/(?<=\.) /);
      assert.ok(cause.length <= 81 && cause.length + fix.length <= 200, `${cause.length}, ${fix.length}: ${message}`);
      t.diagnostic(message);
    });
  }
});

describe('Of a long standard error', OPTIONS, () => {
  test('the last words are shown, about 300 characters, none of them cut', async () => {
    const message = await failureOf(`printf '(%s) ' {1000..5000} >&2; exit 1`);
    const [, said = ''] = /It said: “…(.*)”$/.exec(message) ?? [];
    assert.ok(said.length > 290 && said.length <= 300, said);
    assert.match(said, /^(?: \(\d{4}\))+$/);
    assert.ok(said.endsWith(' (5000)'));
  });

  const secret = 'hvs.CAESIJ8rXb2mZ0yQ';
  for (const after of [270, 279, 280, 281, 285, 290, 298, 299, 300]) {
    test(`a secret is shown whole or not at all, with ${after} characters after it`, async () => {
      const command = `echo "denied $VAULT_TOKEN $(printf 'x%.0s' {6..${after}}) end" >&2; exit 1`;
      const message = await failureOf(command, { env: { VAULT_TOKEN: secret } });
      assert.equal(message.includes(secret), after < 280);
      assert.doesNotMatch(message.replace(secret, ''), /hvs|yQ/);
    });
  }

  test('the second half of a secret is not shown either if only spaces follow', async () => {
    const half = 'ZmFyIGVub3VnaA';
    for (const spaces of [65_536 - half.length, 65_536 - half.length - 4]) {
      const message = await failureOf(`printf 'c2VjcmV0${half}%${spaces}s' end >&2; exit 1`);
      assert.match(message, /It said: “… end”$/);
    }
  });

  test('a word of more than 300 characters is left out', async () => {
    assert.match(await failureOf(`printf 'z%.0s' {1..400} >&2; exit 1`), /It said: “…”$/);
  });
});

describe('A command that does not end is ended, though it', OPTIONS, () => {
  for (const [what, command] of Object.entries({
    'printed the signature': `${SIGN}; sleep 4321`,
    'waits for an answer': 'read -r answer < <(sleep 4321); echo "$answer"',
    'ignores every signal that can be ignored': "trap '' HUP INT QUIT TERM; while true; do sleep 0.4321; done",
    'has stopped itself': 'kill -STOP $$; sleep 4321',
    'has children of children': '(sleep 4321 | (sleep 4321 & sleep 4321)) | cat',
    'waits for a child in a group of its own': 'x=$(timeout 4321 sleep 4321)',
    'prints a byte at a time': 'while true; do printf x; sleep 0.4321; done',
  })) {
    test(what, async () => {
      const started = performance.now();
      const message = await failureOf(command, { timeLimitMs: 1_000 });
      assert.match(message, /^`sign-command` did not end within 1 s\. Check that/);
      assert.ok(performance.now() - started < 5_000);
    });
  }

  for (const [what, wait] of Object.entries({
    'waits for a program': 'sleep 4321',
    'waits for an output': 'x=$(sleep 4321)',
    'waits for a child in a group of its own': 'x=$(timeout 4321 sleep 4321)',
  })) {
    test(`${what}, and has the time to log out`, async () => {
      const logout = `trap 'sleep 1; echo out > "$NOTES/out"' EXIT`;
      await rm(join(own, 'out'), { force: true });
      await failureOf(`${logout}; ${wait}`, { timeLimitMs: 500 });
      assert.equal(note('out'), 'out\n');
      await rm(join(own, 'out'));
      assert.equal(
        await failureOf(`${logout}; touch "$NOTES/ready"; ${wait}`, { cancel: true }),
        'The step was cancelled.',
      );
      assert.equal(note('out'), 'out\n');
    });
  }

  test('logs out for more than two seconds, which it can’t', async () => {
    await rm(join(own, 'late'), { force: true });
    const started = performance.now();
    await failureOf(`trap 'sleep 3; echo out > "$NOTES/late"' EXIT; sleep 4321`, { timeLimitMs: 500 });
    const milliseconds = performance.now() - started;
    assert.ok(milliseconds > 2_450 && milliseconds < 4_500, `${milliseconds}`);
    assert.ok(!existsSync(join(own, 'late')));
  });
});

describe('A cancelled command is ended, though it', OPTIONS, () => {
  const ready = 'touch "$NOTES/ready"';
  for (const [moment, command] of Object.entries({
    'has just begun': `${ready}; sleep 4321`,
    'has read a part of its input': `head -c 5; ${ready}; sleep 4321`,
    'waits in a pipe': `(${ready}; sleep 4321) | ${SIGN}`,
    'ignores signals': `trap '' HUP INT TERM; ${ready}; while true; do sleep 0.4321; done`,
    'has stopped itself': `${ready}; kill -STOP $$`,
    'has printed a part of the signature': `${SIGN} | head -c 100; ${ready}; sleep 4321`,
    'has printed the whole signature': `${SIGN}; ${ready}; sleep 4321`,
    'has a child that goes on': `sleep 4321 & ${ready}; sleep 4321`,
  })) {
    test(moment, async () => {
      const started = performance.now();
      assert.equal(await failureOf(command, { cancel: true }), 'The step was cancelled.');
      assert.ok(performance.now() - started < 5_000);
    });
  }

  test('was not started yet: then it is not', async () => {
    await mkdir(join(own, 'none'));
    const reason = new Error('cancelled before');
    await assert.rejects(signByCommand('touch "$NOTES/none/ran"', INPUT, AbortSignal.abort(reason)), reason);
    assert.deepEqual(readdirSync(join(own, 'none')), []);
  });
});

describe('A signature', () => {
  const wrap = (text: string, lineEnd: string) => text.replace(/.{64}/g, `$&${lineEnd}`);
  const forms: Record<string, (signature: Buffer) => string | Buffer> = {
    'raw bytes': (signature) => signature,
    base64: (signature) => signature.toString('base64'),
    'base64 with a line end': (signature) => `${signature.toString('base64')}\n`,
    'base64 without padding': (signature) => signature.toString('base64').replace(/=+$/, ''),
    'base64 in lines': (signature) => wrap(signature.toString('base64'), '\n'),
    'base64 in lines with CRLF': (signature) => `${wrap(signature.toString('base64'), '\r\n')}\r\n`,
    base64url: (signature) => signature.toString('base64url'),
    'base64url with padding': (signature) => signature.toString('base64').replace(/\+/g, '-').replace(/\//g, '_'),
    'double quotes': (signature) => `"${signature.toString('base64')}"\n`,
    'single quotes': (signature) => `'${signature.toString('base64url')}'`,
    'the prefix of Vault': (signature) => `vault:v1:${signature.toString('base64')}\n`,
    'the prefix of Vault in quotes': (signature) => `"vault:v12:${signature.toString('base64')}"`,
    'white space around it': (signature) => `\n\t ${signature.toString('base64')} \n`,
  };
  for (const bytes of [256, 384, 512]) {
    for (const [form, write] of Object.entries(forms)) {
      test(`of ${bytes} bytes: ${form}`, () => {
        for (let round = 0; round < 20; round += 1) {
          const signature = randomBytes(bytes);
          assert.deepEqual(readSignature(Buffer.from(write(signature))), { signature });
        }
      });
    }
  }

  test('whose raw bytes begin or end as text does', () => {
    for (const edge of [' ', '\n', '"', '{', '[', 'a:', 'vault:v1:', '\0', '=']) {
      const signature = randomBytes(256);
      signature.write(edge);
      signature.write(edge, 256 - edge.length);
      assert.deepEqual(readSignature(signature), { signature });
    }
  });

  const others: [what: string, printed: string | Buffer, mistake: RegExp][] = [
    ['nothing', '', /^printed nothing$/],
    ['white space', ' \n\t', /^printed nothing$/],
    ['JSON', '{\n  "KeyId": "x",\n  "Signature": "AAAA"\n}\n', /^printed JSON/],
    ...[256, 384, 512].flatMap((bytes) => hexadecimal(randomBytes(bytes))),
    ['a P-256 signature in DER', randomBytes(71), /^printed 71 bytes, likely an elliptic-curve signature$/],
    ['a P-256 signature in base64', randomBytes(64).toString('base64'), /^printed base64 of 64 bytes, likely an ell/],
    ['a P-384 signature in base64', randomBytes(103).toString('base64'), /^printed base64 of 103 bytes, likely an ell/],
    ['a JWT', 'eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxIn0.c2ln', /^printed 41 bytes, not the 256/],
    ['RSA-1024', randomBytes(128), /^printed 128 bytes, not the 256, 384 or 512 of RSA$/],
    ['a byte too many', randomBytes(257), /^printed 257 bytes/],
    ['a byte too few', randomBytes(255).toString('base64'), /^printed base64 of 255 bytes/],
    ['a sentence', 'Signing… done.', /^printed \d+ bytes/],
  ];
  for (const [what, printed, mistake] of others) {
    test(`is not ${what}`, () => {
      const read = readSignature(Buffer.from(printed));
      assert.match('mistake' in read ? read.mistake : 'a signature', mistake);
    });
  }
});

/** As `openssl -hex`, `xxd`, `xxd -p`, `hexdump -C`, `od` and others write it. */
function hexadecimal(bytes: Buffer): [what: string, printed: string, mistake: RegExp][] {
  const hex = bytes.toString('hex');
  const pairs = hex.match(/../g) ?? [];
  const rows = pairs.join(' ').match(/.{48}/g) ?? [];
  const forms: Record<string, string> = {
    'in one line': `${hex}\n`,
    'without a line end': hex,
    'in capitals': hex.toUpperCase(),
    'in lines of 60 characters': hex.replace(/.{60}/g, '$&\n'),
    'in lines of 75 characters': hex.replace(/.{75}/g, '$&\r\n'),
    'after its name': `SHA2-256(stdin)= ${hex}\n`,
    'with colons': pairs.join(':'),
    'with dashes': pairs.join('-'),
    'in quotes': `"${hex}"`,
    'after 0x': `0x${hex}`,
    'as an array': pairs.map((pair) => `0x${pair}`).join(', '),
    'with addresses': rows
      .map((row, at) => `${(16 * at).toString(16).padStart(8, '0')}  ${row} |.:;,<>()?!.....|`)
      .join('\n'),
  };
  return Object.entries(forms).map(([form, text]) => [
    `${bytes.length} bytes in hexadecimal ${form}`,
    text,
    /^printed hexadecimal, not base64 or the raw bytes$/,
  ]);
}
