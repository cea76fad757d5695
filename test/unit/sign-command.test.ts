/** What of a signing command needs no process: how bash is started on each system, and what a signature looks like. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { bashProcess } from '../../src/signing/bash.ts';
import { readSignature } from '../../src/signing/signature.ts';

describe('bash', () => {
  const options = ['--noprofile', '--norc', '-eo', 'pipefail', '-c'];

  test('on Windows gets the command alone, and no process group', () => {
    assert.deepEqual(bashProcess('aws kms sign', 'win32'), { args: [...options, 'aws kms sign'], detached: false });
  });

  for (const platform of ['linux', 'darwin'] as const) {
    test(`on ${platform} is a process group, and gets the command as an argument that nothing is put around`, () => {
      const { args, detached } = bashProcess('echo ) # "', platform);
      assert.equal(detached, true);
      assert.deepEqual(args.slice(0, 5), options);
      assert.equal(args.at(-1), 'echo ) # "');
      assert.doesNotMatch(args[5] ?? '', /echo/);
    });
  }
});

describe('a signature', () => {
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
    ['hexadecimal', `${randomBytes(256).toString('hex')}\n`, /^printed hexadecimal/],
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
