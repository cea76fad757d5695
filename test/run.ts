/**
 * Runs all tests, or those in the files and folders that are named. Takes the options of Node's test runner, too:
 *   npm test [-- [OPTION ...] [PATH ...]]
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { globSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const IS_WINDOWS = process.platform === 'win32';
/** The other tests run dist, so they say nothing about src if dist is stale. */
const DIST_TEST = join('test', 'repository', 'dist.test.ts');
const RUN_LIMIT_MS = 12 * 60_000;
const ENDING_LIMIT_MS = 5000;
const OPTIONS = [
  // src has no package.json with "type": "module", because ncc would then build ES modules, which start slower.
  '--disable-warning=MODULE_TYPELESS_PACKAGE_JSON',
  '--test',
  // The longest step may take 105 s, and the runner in test/support ends one after 120 s.
  '--test-timeout=180000',
  // The steps mostly wait: on 2 cores, two files at once take two thirds of the time of one after the other.
  `--test-concurrency=${Math.max(2, availableParallelism() - 1)}`,
  `--test-reporter=${pathToFileURL(join(import.meta.dirname, 'support/reporter.ts'))}`,
  // Node's own --test-force-exit ends a file at once, and with it what the file has still to report.
  `--import=${pathToFileURL(join(import.meta.dirname, 'support/end-test-file.ts'))}`,
];
/** What a runner, a proxy or a person sets for this machine must not change what a test sees. */
const FOREIGN_VARIABLE = /^(?:(?:GITHUB|RUNNER|INPUT|STATE|ACTIONS|NODE|SSL_CERT)_.*|(?:https?|all|no)_proxy)$/i;
const ENV = Object.fromEntries(Object.entries(process.env).filter(([name]) => !FOREIGN_VARIABLE.test(name)));

let child: ChildProcess;
setTimeout(end, RUN_LIMIT_MS, `The tests took longer than ${RUN_LIMIT_MS / 60_000} minutes.`).unref();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => end('The tests were ended.'));

process.chdir(join(import.meta.dirname, '..'));
const args = process.argv.slice(2);
const options = args.filter((arg) => arg.startsWith('-'));
const paths = args.filter((arg) => !arg.startsWith('-'));
if (paths.length > 0) {
  process.exitCode = await run(paths.flatMap(filesIn), 'inherit');
} else if ((await run([DIST_TEST], 'ignore')) === 0) {
  const others = filesIn('test').filter((file) => file !== DIST_TEST);
  process.exitCode = await run(others, 'inherit');
} else {
  fail('dist is not what src builds, and most tests run dist. Run `npm run build`.');
}

function filesIn(path: string): string[] {
  const stats = statSync(path, { throwIfNoEntry: false }) ?? fail(`There is no ${path}.`);
  return stats.isDirectory() ? globSync(join(path, '**/*.test.ts')).sort() : [path];
}

/** In a process group of its own, so that everything that the tests start can be ended with them. */
async function run(files: readonly string[], output: 'inherit' | 'ignore'): Promise<number> {
  child = spawn(process.execPath, [...OPTIONS, ...options, ...files], {
    env: ENV,
    stdio: ['ignore', output, output],
    detached: !IS_WINDOWS,
  });
  child.once('exit', killAll);
  const [exitCode] = await once(child, 'exit');
  return exitCode ?? 1;
}

function end(reason: string): void {
  console.error(`\n${reason}`);
  child.once('exit', () => process.exit(1));
  // At SIGTERM, Node's test runner says which files it was running. Windows has no signals.
  if (!IS_WINDOWS) child.kill('SIGTERM');
  setTimeout(killAll, IS_WINDOWS ? 0 : ENDING_LIMIT_MS);
}

function killAll(): void {
  if (IS_WINDOWS) {
    spawnSync('taskkill', ['/pid', `${child.pid}`, '/t', '/f'], { stdio: 'ignore' });
    return;
  }
  try {
    process.kill(-Number(child.pid), 'SIGKILL');
  } catch {
    // Nothing of the group is left.
  }
}

function fail(reason: string): never {
  console.error(reason);
  process.exit(1);
}
