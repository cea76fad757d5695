/** Starts and stops the proxies that Debian packages, squid and tinyproxy, on loopback alone. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

export interface DebianProxy extends AsyncDisposable {
  /** `127.0.0.1:port`. */
  address: string;
  /** Everything it has logged so far. */
  log(): Promise<string>;
  stop(): Promise<void>;
}

export interface Login {
  username: string;
  password: string;
}

/** Both are run as this user where the tests are run as root, which neither likes. */
const NOBODY = 65534;
const START_MS = 20_000;
const PATH = `${process.env['PATH']}:/usr/sbin:/usr/local/sbin`;

/** @param host a name that leads to this machine; squid asks no DNS for it */
export async function startSquid(host: string, login?: Login): Promise<DebianProxy> {
  const folder = await makeFolder();
  const port = await freePort();
  const rules =
    login === undefined
      ? []
      : [
          `auth_param basic program /usr/lib/squid/basic_ncsa_auth ${join(folder, 'htpasswd')}`,
          'auth_param basic children 1 startup=1',
          'auth_param basic realm corp-proxy',
          'acl authed proxy_auth REQUIRED',
          'http_access deny !authed',
        ];
  if (login !== undefined)
    await writeFile(join(folder, 'htpasswd'), `${login.username}:${await apr1(login.password)}\n`);
  await writeFile(join(folder, 'hosts'), `127.0.0.1 ${host}\n`);
  await writeFile(
    join(folder, 'squid.conf'),
    [
      `http_port 127.0.0.1:${port}`,
      'visible_hostname squid.test',
      `pid_filename ${join(folder, 'squid.pid')}`,
      `cache_log ${join(folder, 'cache.log')}`,
      `access_log stdio:${join(folder, 'access.log')}`,
      `coredump_dir ${folder}`,
      'cache deny all',
      'cache_mem 8 MB',
      'pinger_enable off',
      'netdb_filename none',
      'shutdown_lifetime 0 seconds',
      `hosts_file ${join(folder, 'hosts')}`,
      'connect_timeout 5 seconds',
      'forward_timeout 5 seconds',
      ...rules,
      'http_access allow localhost',
      'http_access deny all',
      '',
    ].join('\n'),
  );
  // Without a name of its own a second squid takes the first one for itself.
  return run('squid', ['-N', '-f', join(folder, 'squid.conf'), '-n', `t${port}`], folder, port, 'access.log');
}

/** @param upstream where it sends everything, since it has no table of hosts of its own */
export async function startTinyproxy(upstream: DebianProxy, login?: Login): Promise<DebianProxy> {
  const folder = await makeFolder();
  const port = await freePort();
  await writeFile(
    join(folder, 'tinyproxy.conf'),
    [
      `Port ${port}`,
      'Listen 127.0.0.1',
      'Timeout 30',
      'Allow 127.0.0.1',
      'MaxClients 20',
      'LogLevel Connect',
      `LogFile "${join(folder, 'tinyproxy.log')}"`,
      `Upstream http ${upstream.address}`,
      ...(login === undefined ? [] : [`BasicAuth ${login.username} ${login.password}`]),
      '',
    ].join('\n'),
  );
  return run('tinyproxy', ['-d', '-c', join(folder, 'tinyproxy.conf')], folder, port, 'tinyproxy.log');
}

async function run(
  command: string,
  args: readonly string[],
  folder: string,
  port: number,
  logFile: string,
): Promise<DebianProxy> {
  const isRoot = process.getuid?.() === 0;
  if (isRoot) await chown(folder, NOBODY, NOBODY);
  const child = spawn(command, args, {
    env: { PATH },
    stdio: 'ignore',
    ...(isRoot ? { uid: NOBODY, gid: NOBODY } : {}),
  });
  await answering(child, command, port);
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    // It has nothing to tidy up, and squid takes a second to end by itself.
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  return {
    address: `127.0.0.1:${port}`,
    log: () => readFile(join(folder, logFile), 'utf8').catch(() => ''),
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** @throws Error where it ends, or does not listen in time */
async function answering(child: ChildProcess, command: string, port: number): Promise<void> {
  let failure: Error | undefined;
  child.once('error', (error) => {
    failure = error;
  });
  child.once('exit', (code) => {
    failure ??= new Error(`${command} ended with ${code}`);
  });
  const deadline = performance.now() + START_MS;
  while (performance.now() < deadline) {
    if (failure !== undefined) throw failure;
    const socket = connect(port, '127.0.0.1');
    const isThere = await Promise.race([
      once(socket, 'connect').then(
        () => true,
        () => false,
      ),
    ]);
    socket.destroy();
    if (isThere) return;
    await sleep(50);
  }
  throw new Error(`${command} did not listen within ${START_MS} ms`);
}

async function makeFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'icr-proxy-'));
}

async function apr1(password: string): Promise<string> {
  const { stdout } = await promisify(execFile)('openssl', ['passwd', '-apr1', password]);
  return stdout.trim();
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (typeof address !== 'object' || address === null) throw new Error('not listening on TCP');
  return address.port;
}
