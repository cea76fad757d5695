/** Which shapes of a key are accepted, which are refused and how, and what of each is masked. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, verify } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { holdsKey, readPasted } from '../../src/signing/pem.ts';
import { fingerprint, readPrivateKey, signWithKey } from '../../src/signing/private-key.ts';
import { assertFailed, assertSucceeded } from '../support/runner.ts';
import { assertNoSecrets, createScene, KEYS, keyLines } from '../support/scene.ts';

/** For each test; a suite takes as many times as long as it has tests. */
const LIMIT = { timeout: 300_000 };
const folder = mkdtempSync(join(tmpdir(), 'icr-keys-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const PKCS1 = KEYS.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
const PKCS8 = KEYS.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const FINGERPRINT = opensslFingerprint(PKCS1);

function opensslFingerprint(pem: string): string {
  const spki = execFileSync('openssl', ['rsa', '-pubout', '-outform', 'DER'], { input: pem, stdio: 'pipe' });
  const digest = execFileSync('openssl', ['sha256', '-binary'], { input: spki });
  return digest.toString('base64');
}

const bodyOf = (pem: string) => pem.split('\n').filter((line) => line !== '' && !line.startsWith('-----'));
const wrap = (text: string, width: number) => text.replace(new RegExp(`.{${width}}`, 'g'), '$&\n');
const base64 = (text: string) => Buffer.from(text).toString('base64');
const utf16 = (text: string) => Buffer.from(text, 'utf16le');

const SHAPES: Record<string, (pem: string) => string> = {
  LF: (pem) => pem,
  'no last line end': (pem) => pem.trim(),
  CRLF: (pem) => pem.replaceAll('\n', '\r\n'),
  CR: (pem) => pem.replaceAll('\n', '\r'),
  'a BOM': (pem) => `\uFEFF${pem}`,
  'literal \\n': (pem) => pem.replaceAll('\n', '\\n'),
  'literal \\r\\n': (pem) => pem.replaceAll('\n', '\\r\\n'),
  'double quotes': (pem) => `"${pem}"`,
  'single quotes': (pem) => `'${pem}'`,
  'quotes around literal \\n': (pem) => `"${pem.replaceAll('\n', '\\n')}"`,
  'indented lines': (pem) => pem.replaceAll(/^/gm, '    '),
  'newlines turned into spaces': (pem) => pem.replaceAll('\n', ' '),
  'newlines lost': (pem) => pem.replaceAll('\n', ''),
  'blank lines': (pem) => pem.replaceAll('\n', '\n\n'),
  'zero-width characters': (pem) => `\u200B${pem}\u200B`,
  'base64 of the PEM': base64,
  'base64 of the PEM, wrapped at 76': (pem) => wrap(base64(pem), 76),
  'base64 of the PEM with CRLF': (pem) => base64(pem.replaceAll('\n', '\r\n')),
  'base64 of the PEM with a BOM': (pem) => base64(`\uFEFF${pem}`),
  'base64 of the PEM in quotes': (pem) => `"${base64(pem)}"`,
  'base64 of base64': (pem) => base64(base64(pem)),
  'base64 of base64, both wrapped': (pem) => wrap(base64(wrap(base64(pem), 76)), 76),
  'base64 of the bare body': (pem) => base64(bodyOf(pem).join('\n')),
  'base64 of UTF-16': (pem) => utf16(pem).toString('base64'),
  'base64 of UTF-16 with a BOM': (pem) => utf16(`\uFEFF${pem}`).toString('base64'),
  'base64 of UTF-16 with a BOM, of the bare body': (pem) => utf16(`\uFEFF${bodyOf(pem).join('\n')}`).toString('base64'),
  'base64 of UTF-16, big-endian': (pem) => utf16(`\uFEFF${pem}`).swap16().toString('base64'),
  'base64 of UTF-16 with CRLF': (pem) => utf16(pem.replaceAll('\n', '\r\n')).toString('base64'),
  'the bare base64 body': (pem) => bodyOf(pem).join(''),
  'the bare base64 body, wrapped': (pem) => bodyOf(pem).join('\n'),
  'the bare base64 body, indented': (pem) => bodyOf(pem).join('\n  '),
  'text around it': (pem) => `Bag Attributes\n    friendlyName: app\n${pem}trailing text\n`,
  'a certificate before it': (pem) => `-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n${pem}`,
};

describe('A key is accepted', LIMIT, () => {
  for (const [container, pem] of Object.entries({ 'PKCS#1': PKCS1, 'PKCS#8': PKCS8 })) {
    for (const [shape, change] of Object.entries(SHAPES)) {
      test(`as ${container}, ${shape}, and its lines are to be masked`, () => {
        const pasted = change(pem);
        const read = readPasted(pasted);
        assert.equal(fingerprint(readPrivateKey(read)), FINGERPRINT);
        assertMasks([...read.secretLines], pem, pasted);
      });
    }
  }

  for (const shape of ['literal \\n', 'base64 of UTF-16', 'the bare base64 body, wrapped']) {
    test(`by the action, ${shape}, and its lines are masked`, async () => {
      await using scene = await createScene();
      const pasted = SHAPES[shape]?.(PKCS8) ?? '';
      const result = await scene.main({ 'private-key': pasted, 'organization-id': scene.nordic.organization.id });
      assertSucceeded(result);
      assertNoSecrets(result, scene.simulator, keyLines(PKCS8));
      const [token] = [result.outputs.get('token')];
      const jwts = scene.simulator.requests().map(({ bearer }) => bearer);
      assertMasks(
        result.masks.filter((mask) => mask !== token && !jwts.includes(mask)),
        PKCS8,
        pasted,
      );
    });
  }

  test('and holds a key, as a command does not that names one', () => {
    for (const change of Object.values(SHAPES)) assert.ok(holdsKey(readPasted(change(PKCS1))));
    for (const command of ['sign -key /etc/icr/app.pem', 'cat <<< "-----BEGIN CERTIFICATE-----"', 'deadbeef', ''])
      assert.ok(!holdsKey(readPasted(command)), command);
    assert.ok(holdsKey(readPasted(PKCS8.slice(0, 500))), 'cut off');
  });
});

/** Body lines of 16 characters and more, as they are in PEM and as they were pasted, and nothing else of the key. */
function assertMasks(masks: readonly string[], pem: string, pasted: string): void {
  for (const line of keyLines(pem)) assert.ok(masks.includes(line), `not masked: ${line}`);
  for (const line of pasted.split(/[\r\n]+/).map((part) => part.trim())) {
    if (/^[\w+/=]{16,}$/.test(line)) assert.ok(masks.includes(line), `not masked: ${line}`);
  }
  for (const mask of masks) assert.ok(mask.length >= 16 && !/-----|PRIVATE|\s/.test(mask), `masked: ${mask}`);
}

function openssl(...words: string[]): string {
  return execFileSync('openssl', words, { stdio: 'pipe' }).toString();
}

function certificate(): string {
  const key = join(folder, 'certified.pem');
  openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-subj', '/CN=x', '-out', `${key}.crt`);
  return readFileSync(`${key}.crt`, 'utf8');
}

const pkcs8 = { type: 'pkcs8', format: 'pem' } as const;
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const pss = generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).privateKey;
const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
const publicPem = KEYS.publicKey.export({ type: 'spki', format: 'pem' }).toString();
const encrypted = { cipher: 'aes-256-cbc', passphrase: 'secret' };
const lines = PKCS8.trim().split('\n');
const openssh = `-----BEGIN OPENSSH PRIVATE KEY-----\n${wrap(base64('openssh-key-v1\0none none and so on'), 70)}\n-----END OPENSSH PRIVATE KEY-----\n`;
const cert = certificate();

/** What was pasted, and what its sentence must say. */
const REFUSED: Record<string, [pasted: string, says: RegExp]> = {
  '***': ['***', /is `\*\*\*`: a masked value/],
  'the name of a variable': ['$ICR_PRIVATE_KEY', /is the name of a variable, which GitHub doesn’t expand here/],
  'a public key': [publicPem, /is a public key/],
  'a PKCS#1 public key': [KEYS.publicKey.export({ type: 'pkcs1', format: 'pem' }).toString(), /is a public key/],
  'a bare public key': [bodyOf(publicPem).join(''), /is a public key/],
  'a bare PKCS#1 public key': [
    bodyOf(KEYS.publicKey.export({ type: 'pkcs1', format: 'pem' }).toString()).join(''),
    /is a public key/,
  ],
  'an SSH public key': ['ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQC7 me@host', /is a public key/],
  'a certificate': [cert, /is a certificate/],
  'a bare certificate': [bodyOf(cert).join(''), /is a certificate/],
  'an OpenSSH key': [openssh, /is an OpenSSH key/],
  'base64 of an OpenSSH key': [base64(openssh), /is an OpenSSH key/],
  'an EC key (SEC1)': [ec.export({ type: 'sec1', format: 'pem' }).toString(), /is an elliptic-curve/],
  'an EC key after its parameters': [
    `-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n${ec.export({ type: 'sec1', format: 'pem' })}`,
    /is an elliptic-curve/,
  ],
  'base64 of UTF-16 of an OpenSSH key': [utf16(openssh).toString('base64'), /is an OpenSSH key/],
  'a bare EC key': [bodyOf(ec.export({ type: 'sec1', format: 'pem' }).toString()).join(''), /is an elliptic-curve/],
  'an EC key (PKCS#8)': [ec.export(pkcs8).toString(), /is an elliptic-curve/],
  'an Ed25519 key': [generateKeyPairSync('ed25519').privateKey.export(pkcs8).toString(), /of type ed25519/],
  'an RSA-PSS key': [pss.export(pkcs8).toString(), /is an RSA-PSS key/],
  'an encrypted key (PKCS#8)': [
    KEYS.privateKey.export({ ...pkcs8, ...encrypted }).toString(),
    /is encrypted: decrypt it/,
  ],
  'a bare encrypted key': [
    bodyOf(KEYS.privateKey.export({ ...pkcs8, ...encrypted }).toString()).join(''),
    /is encrypted: decrypt it/,
  ],
  'an encrypted key (PKCS#1)': [
    KEYS.privateKey.export({ type: 'pkcs1', format: 'pem', ...encrypted }).toString(),
    /is encrypted: decrypt it/,
  ],
  'RSA under 2048 bits': [short.export(pkcs8).toString(), /RSA key of 1024 bits: RS256 needs at least 2048/],
  'a PEM without its end': [lines.slice(0, -3).join('\n'), /is cut off: /],
  'a PEM without its beginning': [lines.slice(3).join('\n'), /is cut off: /],
  'a PEM without a line of its middle': [lines.toSpliced(5, 1).join('\n'), /is cut off or damaged/],
  'base64 of a cut-off PEM': [base64(lines.slice(0, -3).join('\n')), /is cut off/],
  'the bare body, cut off': [bodyOf(PKCS8).join('').slice(0, 800), /is cut off or damaged/],
  'base64 of a PEM without its beginning': [base64(PKCS8).slice(200), /is cut off/],
  // The first byte is that of a DER sequence by chance.
  'base64 of the end of a PEM that begins with 0': [base64(`0${PKCS8.slice(400)}`), /is cut off/],
  'the bare body without its beginning': [bodyOf(PKCS8).slice(3).join(''), /is cut off or damaged/],
  'a header without a dash': [PKCS1.replace('-----BEGIN', '----BEGIN'), /is cut off/],
  'the first line alone': ['-----BEGIN RSA PRIVATE KEY-----', /is cut off/],
  'a file path': ['/home/runner/work/app.private-key.pem', /is the path of a file/],
  'a relative path': ['./secrets/app.pem', /is the path of a file/],
  'a Windows path': ['C:\\runner\\new\\app.pem', /is the path of a file/],
  'a relative Windows path': ['secrets\\new.pem', /is the path of a file/],
  'a path without an ending': ['keys/icr', /is the path of a file/],
  'a path in the home folder': ['~/.ssh/id_rsa', /is the path of a file/],
  'a JWT': ['eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxIn0.c2lnbmF0dXJl', /is a JWT/],
  'a damaged PEM': ['-----BEGIN PRIVATE KEY-----\nMC4=\n-----END PRIVATE KEY-----', /is cut off or damaged/],
  'anything else': ['correct horse battery staple', /is not a private key in PEM/],
};

describe('Given as a key, a sentence of its own refuses', LIMIT, () => {
  for (const [what, [pasted, says]] of Object.entries(REFUSED)) {
    test(what, () => {
      const read = readPasted(pasted);
      assertRefusal(
        messageOf(() => signWithKey(readPrivateKey(read), 'text')),
        says,
        pasted,
      );
      for (const mask of read.secretLines) assert.doesNotMatch(mask, /BEGIN|END(?:RSA|PRI)|-----/);
    });
  }

  for (const what of ['an EC key (SEC1)', 'RSA under 2048 bits', 'a PEM without its end', 'a bare encrypted key']) {
    test(`${what}, before any request of the action`, async () => {
      const [pasted, says] = REFUSED[what] ?? ['', /^$/];
      await using scene = await createScene();
      const result = await scene.main({ 'private-key': pasted });
      assertFailed(result, says);
      assertRefusal(result.errors[0] ?? '', says, pasted);
      assert.deepEqual(scene.asked(), []);
      assertNoSecrets(result, scene.simulator);
      for (const line of pasted.split('\n').filter((part) => /^[\w+/=]{16,}$/.test(part))) {
        assert.ok(result.masks.includes(line), `not masked: ${line}`);
      }
    });
  }
});

/** The cause and then the fix, both short, and nothing of the input. */
function assertRefusal(message: string, says: RegExp, pasted: string): void {
  assert.match(message, says);
  const [, cause = '', fix = ''] =
    /^(`private-key` .*?)\. (Give the input `private-key` the whole text .*)$/.exec(message) ?? [];
  assert.ok(cause !== '' && cause.length <= 90 && fix.length <= 100, message);
  for (const line of pasted.split('\n').filter((part) => part.length >= 16 && !part.startsWith('-----'))) {
    assert.ok(!message.includes(line), 'the input is repeated');
  }
}

function messageOf(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (error instanceof Error) return error.message;
  }
  throw new Error('The key was accepted.');
}

/** The same characters in every run (mulberry32). */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const PRINTABLE = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index)).join('');

describe('A key with one wrong character', LIMIT, () => {
  test('is never taken if it does not sign as the key does, in 5,000 tries', { timeout: 300_000 }, async (t) => {
    const random = randomNumbers(11);
    const counts = new Map<string, number>();
    const examples = new Map<string, string>();
    for (let round = 0; round < 5_000; round += 1) {
      const pem = round % 2 === 0 ? PKCS1 : PKCS8;
      const isInBody = round % 5 !== 0;
      const at = isInBody
        ? pem.indexOf('\n') + 1 + random(pem.lastIndexOf('\n-') - pem.indexOf('\n') - 1)
        : random(pem.length);
      const characters = isInBody ? BASE64 : PRINTABLE;
      const changed = `${pem.slice(0, at)}${characters[random(characters.length)]}${pem.slice(at + 1)}`;
      const kind = kindOf(changed);
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
      if (kind !== 'signs as the key does') examples.set(kind, changed);
    }
    for (const [kind, count] of counts) t.diagnostic(`${count} ${kind}`);
    assert.ok((counts.get('signs as the key does') ?? 0) > 1_000);
    assert.ok((counts.get('is damaged: what it signs can’t be verified') ?? 0) > 100);

    for (const [kind, changed] of examples) {
      await using scene = await createScene();
      const result = await scene.main({ 'private-key': changed });
      assertFailed(result, new RegExp(`^\`private-key\` ${kind}`));
      assertNoSecrets(result, scene.simulator);
      assert.deepEqual(scene.asked(), []);
    }
  });
});

/** Fails if the key is taken and signs anything else, or if the message is not one of this project. */
function kindOf(pasted: string): string {
  try {
    const key = readPrivateKey(readPasted(pasted));
    const text = Buffer.from('text');
    assert.ok(verify('sha256', text, KEYS.publicKey, signWithKey(key, 'text')), 'signs what ICR cannot verify');
    return 'signs as the key does';
  } catch (error) {
    if (error instanceof assert.AssertionError || !(error instanceof Error)) throw error;
    const [, kind] = /^`private-key` (is [\w -]+(?:: [^.]+)?)[^.]*\. Give the input /.exec(error.message) ?? [];
    assert.ok(kind !== undefined, error.message);
    return kind;
  }
}
