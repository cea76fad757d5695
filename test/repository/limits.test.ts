/** Checks that nothing that hangs can hang the tests, and what `npm test` does before and after them. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { signalWhen, startStep, WITH_SIGNALS } from '../support/runner.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'icr-limits-'));
  await mkdir(join(folder, 'main'));
});
after(() => rm(folder, { recursive: true, force: true }));

async function startStepThat(code: string, limitSeconds: number) {
  await writeFile(
    join(folder, 'main/index.js'),
    `require('fs').writeFileSync(process.env.PID_FILE, String(process.pid));${code}`,
  );
  return startStep({ inputs: {}, dist: folder, env: { PID_FILE: join(folder, 'pid') }, limitSeconds });
}

async function isRunning(): Promise<boolean> {
  try {
    return process.kill(Number(await readFile(join(folder, 'pid'), 'utf8')), 0);
  } catch {
    return false;
  }
}

test('a step that does not end is killed, and the error says what it printed', async () => {
  await using step = await startStepThat("console.log('so far'); setInterval(() => {}, 1000)", 1);
  await assert.rejects(step.main(), /did not end within 1 s\. It printed:\nso far/);
  while (await isRunning()) await setTimeout(10);
});

test('a step whose child keeps its output open fails, too', async () => {
  const child =
    "require('child_process').spawn(process.execPath, ['-e', 'setTimeout(() => {}, 5000)'], { stdio: 'inherit' })";
  await using step = await startStepThat(`${child}.unref()`, 1);
  await assert.rejects(step.main(), /did not end within 1 s/);
});

test('waiting for the moment of a signal ends with the step', WITH_SIGNALS, async () => {
  await using step = await startStepThat('', 10);
  let asked = 0;
  await step.main((child) =>
    signalWhen(child, 'SIGINT', () => {
      asked += 1;
      return false;
    }),
  );
  const before = asked;
  await setTimeout(50);
  assert.equal(asked, before);
});

test('npm test fails if a test fails, and hides the variables of the machine from it', async () => {
  const file = join(folder, 'fails.test.ts');
  await writeFile(
    file,
    "require('node:test').test('x', () => { console.log('SEEN', Object.keys(process.env).join()); throw new Error(); });",
  );
  const foreign = {
    GITHUB_TOKEN: 'x',
    RUNNER_DEBUG: '1',
    INPUT_JWT: 'x',
    STATE_token: 'x',
    https_proxy: 'http://x:1',
    NODE_TLS_REJECT_UNAUTHORIZED: '0',
    SSL_CERT_FILE: file,
  };
  const { code, stdout } = await npmTest([file], { ...process.env, ...foreign, SOMETHING_ELSE: 'x' });
  assert.equal(code, 1, stdout);
  const seen = /SEEN (.*)/.exec(stdout)?.[1]?.split(',') ?? [];
  assert.ok(seen.includes('SOMETHING_ELSE'), stdout);
  for (const name of Object.keys(foreign)) assert.ok(!seen.includes(name), name);
});

test('npm test fails a file that leaves something open, and counts every test of it', async () => {
  const file = join(folder, 'open.test.ts');
  const tests = Array.from({ length: 300 }, (_, number) => `test('passes ${number}', () => undefined);`).join('\n');
  await writeFile(
    file,
    `const { test } = require('node:test');\n${tests}\ntest('leaves a server', () => void require('node:net').createServer().listen(0, '127.0.0.1'));`,
  );
  const { code, stdout } = await npmTest([file]);
  assert.equal(code, 1, stdout);
  assert.match(stdout, /open\.test\.ts are done, and the process does not end\. Open: .*TCPServerWrap/);
  // The file itself is the one that fails.
  assert.match(stdout, /^ℹ tests 302\nℹ suites 0\nℹ pass 301\nℹ fail 1$/m);
});

test('npm test that is ended names the file that was running, and ends what it had started', WITH_SIGNALS, async () => {
  const file = join(folder, 'hangs.test.ts');
  const [pidFile, sleep] = [join(folder, 'pid'), "['-e', 'setTimeout(() => {}, 60_000)']"];
  await rm(pidFile, { force: true });
  await writeFile(
    file,
    `const { pid } = require('node:child_process').spawn(process.execPath, ${sleep});
    require('node:fs').writeFileSync(${JSON.stringify(pidFile)}, String(pid));
    require('node:test').test('hangs', () => new Promise(() => setTimeout(() => {}, 60_000)));`,
  );
  const { code, stdout, stderr } = await npmTest([file], process.env, (child) =>
    signalWhen(child, 'SIGTERM', () => existsSync(pidFile)),
  );
  assert.equal(code, 1, stdout);
  assert.match(stdout, /Interrupted while running:\s+⚠ \S*hangs\.test\.ts/);
  assert.match(stderr, /The tests were ended\./);
  while (await isRunning()) await setTimeout(10);
});

test('npm test runs nothing else if dist is stale, and says so in one sentence', async () => {
  const copy = join(folder, 'copy');
  for (const name of ['run.ts', 'support/end-test-file.ts', 'support/reporter.ts']) {
    await cp(join(import.meta.dirname, '..', name), join(copy, 'test', name));
  }
  await mkdir(join(copy, 'test/repository'));
  const write = (name: string, code: string) =>
    writeFile(join(copy, 'test', name), `import { test } from 'node:test';\ntest('x', () => {${code}});\n`);
  await write('other.test.ts', "console.log('OTHER')");
  await write('repository/dist.test.ts', 'throw new Error()');
  const stale = await npmTest([], process.env, undefined, join(copy, 'test/run.ts'));
  assert.equal(stale.code, 1);
  assert.equal(stale.stdout, '');
  assert.match(stale.stderr, /^dist is not what src builds.*\n$/);

  await write('repository/dist.test.ts', '');
  const fresh = await npmTest([], process.env, undefined, join(copy, 'test/run.ts'));
  assert.equal(fresh.code, 0, fresh.stdout);
  assert.match(fresh.stdout, /OTHER/);
  assert.equal(fresh.stdout.match(/^ℹ tests /gm)?.length, 1);
});

test('npm test says which path it can’t find', async () => {
  const { code, stderr } = await npmTest(['test/nowhere']);
  assert.deepEqual([code, stderr], [1, 'There is no test/nowhere.\n']);
});

function npmTest(
  args: readonly string[],
  env = process.env,
  during?: (child: ChildProcess) => void,
  file = join(import.meta.dirname, '../run.ts'),
) {
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    const child = execFile(process.execPath, [file, ...args], { env }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
    during?.(child);
  });
}
