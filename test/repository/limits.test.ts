/** Checks that a hanging step, test or server can't hang the tests. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { signalWhen, startStep, WITH_SIGNALS } from '../support/runner.ts';

const LAUNCHER = join(import.meta.dirname, '../../.ci/node.cjs');

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

test('the launcher fails a run with a failing test, and hides the variables of the machine from it', async () => {
  const file = join(folder, 'probe.test.ts');
  await writeFile(
    file,
    "require('node:test').test('probe', () => { console.log('SEEN', Object.keys(process.env).join()); throw new Error(); });",
  );
  const foreign = { GITHUB_TOKEN: 'x', RUNNER_DEBUG: '1', INPUT_JWT: 'x', STATE_token: 'x', https_proxy: 'http://x:1' };
  const { code, stdout } = await launch(['--test', file], { ...process.env, ...foreign, SOMETHING_ELSE: 'x' });
  assert.equal(code, 1, stdout);
  const seen = /SEEN (.*)/.exec(stdout)?.[1]?.split(',') ?? [];
  assert.ok(seen.includes('SOMETHING_ELSE'), stdout);
  for (const name of Object.keys(foreign)) assert.ok(!seen.includes(name), name);
});

test('the launcher fails a file that leaves something open, and every test of it is counted', async () => {
  const file = join(folder, 'open.test.ts');
  const tests = Array.from({ length: 300 }, (_, number) => `test('passes ${number}', () => undefined);`).join('\n');
  await writeFile(
    file,
    `const { test } = require('node:test');\n${tests}\ntest('leaves a server', () => void require('node:net').createServer().listen(0, '127.0.0.1'));`,
  );
  const { code, stdout } = await launch(['--test', file], process.env);
  assert.equal(code, 1, stdout);
  assert.match(stdout, /open\.test\.ts are done, and the process does not end\. Open: .*TCPServerWrap/);
  // The file itself is the one that fails.
  assert.match(stdout, /^ℹ tests 302\nℹ suites 0\nℹ pass 301\nℹ fail 1$/m);
});

test('the launcher says what it can’t find', async () => {
  const { code, stderr } = await launch(['--test', 'test/nowhere'], process.env);
  assert.deepEqual([code, stderr], [1, 'There is no test/nowhere.\n']);
});

function launch(args: readonly string[], env: NodeJS.ProcessEnv) {
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, [LAUNCHER, ...args], { env }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}
