/** Starts real signers that hold the app's key: moto's KMS, OpenBao and SoftHSM, each in a folder of its own. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createPublicKey, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const START_MS = 60_000;
const MODULES = ['/usr/lib/softhsm/libsofthsm2.so', '/usr/local/lib/softhsm/libsofthsm2.so'];

export interface Signer extends AsyncDisposable {
  /** Of the step that signs. */
  env: Record<string, string>;
  publicKey: KeyObject;
}

/** Makes a key in moto, which takes no imported one. */
export async function startAwsKms(spec = 'RSA_2048'): Promise<Signer> {
  const port = await freePort();
  const server = spawn('moto_server', ['--host', '127.0.0.1', '--port', String(port)], { stdio: 'ignore' });
  const env = {
    AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
    AWS_DEFAULT_REGION: 'eu-north-1',
    AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
    AWS_SESSION_TOKEN: 'session-token-of-the-step',
  };
  return orEnd(server, async () => {
    await listening(server, `${env.AWS_ENDPOINT_URL}/moto-api/`);
    const aws = (...words: string[]) => run('aws', ['kms', ...words, '--output', 'text'], env);
    const kind = ['--key-spec', spec, '--key-usage', 'SIGN_VERIFY'];
    const keyId = await aws('create-key', ...kind, '--query', 'KeyMetadata.KeyId');
    await aws('create-alias', '--alias-name', 'alias/icr-app', '--target-key-id', keyId);
    const spki = await aws('get-public-key', '--key-id', 'alias/icr-app', '--query', 'PublicKey');
    const publicKey = createPublicKey({ key: Buffer.from(spki, 'base64'), format: 'der', type: 'spki' });
    return { env, publicKey, [Symbol.asyncDispose]: () => end(server) };
  });
}

/** Imports the key as the recipe does, and signs with a token that may do nothing else. */
export async function startOpenBao(key: KeyObject): Promise<Signer> {
  const folder = await mkdtemp(join(tmpdir(), 'icr-bao-'));
  const port = await freePort();
  const root = 'root-token-of-openbao';
  const server = spawn(
    'bao',
    ['server', '-dev', '-dev-no-store-token', `-dev-root-token-id=${root}`, `-dev-listen-address=127.0.0.1:${port}`],
    { stdio: 'ignore', env: { ...process.env, HOME: folder } },
  );
  const address = `http://127.0.0.1:${port}`;
  return orEnd(server, async () => {
    await listening(server, `${address}/v1/sys/health`);
    const bao = (...words: string[]) => run('bao', words, { BAO_ADDR: address, BAO_TOKEN: root, HOME: folder });
    await bao('secrets', 'enable', 'transit');
    const keyFile = join(folder, 'app.b64');
    await writeFile(keyFile, key.export({ type: 'pkcs8', format: 'der' }).toString('base64'), { mode: 0o600 });
    await bao('transit', 'import', 'transit/keys/icr-app', `@${keyFile}`, 'type=rsa-2048');
    const policy = join(folder, 'policy.hcl');
    await writeFile(policy, 'path "transit/sign/icr-app/sha2-256" { capabilities = ["update"] }\n');
    await bao('policy', 'write', 'icr', policy);
    const token = await bao('token', 'create', '-policy=icr', '-field=token', '-ttl=10m');
    return {
      env: { VAULT_ADDR: address, VAULT_TOKEN: token },
      publicKey: createPublicKey(key),
      [Symbol.asyncDispose]: async () => {
        await end(server);
        await rm(folder, { recursive: true, force: true });
      },
    };
  });
}

/** Imports the key as the recipe does. */
export async function startSoftHsm(key: KeyObject): Promise<Signer> {
  const folder = await mkdtemp(join(tmpdir(), 'icr-hsm-'));
  const SOFTHSM2_CONF = join(folder, 'softhsm2.conf');
  const pin = '493827';
  await mkdir(join(folder, 'tokens'));
  await writeFile(SOFTHSM2_CONF, `directories.tokendir = ${join(folder, 'tokens')}\nobjectstore.backend = file\n`);
  const keyFile = join(folder, 'app.pem');
  await writeFile(keyFile, key.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  const softhsm = (...words: string[]) => run('softhsm2-util', words, { SOFTHSM2_CONF });
  await softhsm('--init-token', '--free', '--label', 'icr', '--pin', pin, '--so-pin', '592847');
  await softhsm('--import', keyFile, '--token', 'icr', '--label', 'icr-app', '--id', '01', '--pin', pin);
  return {
    env: { SOFTHSM2_CONF, HSM_PIN: pin, PKCS11_MODULE: MODULES.find((path) => existsSync(path)) ?? 'libsofthsm2.so' },
    publicKey: createPublicKey(key),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** What the command says of itself, on one line. */
export async function versionOf(command: string, ...words: string[]): Promise<string> {
  return (await run(command, words, {})).split('\n')[0] ?? '';
}

async function run(command: string, words: readonly string[], env: Record<string, string>): Promise<string> {
  const { stdout } = await promisify(execFile)(command, words, { env: { ...process.env, ...env }, timeout: START_MS });
  return stdout.trim();
}

/** @throws Error if it ends, or does not answer in time */
async function listening(server: ChildProcess, url: string): Promise<void> {
  let failure: unknown;
  server.once('error', (error) => {
    failure = error;
  });
  for (const deadline = performance.now() + START_MS; performance.now() < deadline; await sleep(100)) {
    if (failure !== undefined || server.exitCode !== null) throw new Error('the signer ended', { cause: failure });
    if (
      await fetch(url).then(
        () => true,
        () => false,
      )
    )
      return;
  }
  throw new Error(`nothing listens at ${url} after ${START_MS} ms`);
}

/** A server that was started is ended if what follows fails. */
async function orEnd<T>(server: ChildProcess, setUp: () => Promise<T>): Promise<T> {
  try {
    return await setUp();
  } catch (error) {
    await end(server);
    throw error;
  }
}

async function end(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  server.kill('SIGKILL');
  await once(server, 'exit');
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (typeof address !== 'object' || address === null) throw new Error('not listening on TCP');
  return address.port;
}
