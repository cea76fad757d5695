// Runs a script, or the tests, with Node 24 and the options that all of them need. Installs what is missing first.
//   node .ci/node.cjs FILE [ARGUMENT ...]     a script
//   node .ci/node.cjs --test [FILE ...]       the tests in the files or folders, or all tests
//   node .ci/node.cjs --coverage [FILE ...]   the same, with the lines of src that the tests reach
// It runs on the Node that the machine has, which may be older than the one that it starts.
const { spawn, spawnSync } = require('node:child_process');
const { existsSync, readdirSync, statSync } = require('node:fs');
const { cpus } = require('node:os');
const { dirname, join, relative, resolve } = require('node:path');
const { pathToFileURL } = require('node:url');

// src has no package.json with "type": "module", because ncc would then build ES modules, which start slower.
const OPTIONS = ['--disable-warning=MODULE_TYPELESS_PACKAGE_JSON'];
const OLDEST_NODE = 24;
// The longest step may take 105 s, and the runner in test/support ends one after 120 s.
const TEST_LIMIT_MS = 180_000;
// The steps mostly wait: on 2 cores, two files at once take two thirds of the time of one after the other.
const FILES_AT_ONCE = Math.max(2, cpus().length - 1);
const RUN_LIMIT_MS = 12 * 60_000;
const ENDING_LIMIT_MS = 5000;
const CHECKOUT_MS = 10_000;
// The other tests run dist, so they say nothing about src if dist is stale.
const FIRST_TEST = 'test/repository/dist.test.ts';
// What a runner, a proxy or a person sets for this machine must not change what a test sees.
const FOREIGN_VARIABLE =
  /^(?:(?:GITHUB|RUNNER|INPUT|STATE|ACTIONS)_.*|(?:https?|all|no)_proxy|NODE_(?:OPTIONS|TEST_CONTEXT|EXTRA_CA_CERTS|USE_ENV_PROXY|DEBUG))$/i;

const root = join(__dirname, '..');
const PRELOAD = pathToFileURL(join(root, 'test/support/end-test-file.ts')).href;
const [mode, ...rest] = process.argv.slice(2);

if (mode === undefined) fail('Say what to run: a file, --test or --coverage.');
require('./setup.cjs');
const node = findNode();
if (mode === '--test' || mode === '--coverage') runTests(mode === '--coverage');
else start([...OPTIONS, mode, ...rest], process.env, (exitCode) => process.exit(exitCode));

/** The one that package-lock.json names; `npm ci --ignore-scripts` installs it without its program. */
function findNode() {
  const installed = join(root, 'node_modules/node/bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (existsSync(installed)) return installed;
  if (Number(process.versions.node.split('.')[0]) >= OLDEST_NODE) return process.execPath;
  fail(`Node ${OLDEST_NODE} is needed and this is ${process.version}. Run npm ci without --ignore-scripts.`);
}

function runTests(withCoverage) {
  const options = rest.filter((argument) => argument.startsWith('-'));
  const files = rest.filter((argument) => !argument.startsWith('-')).flatMap(testFilesIn);
  const isWhole = files.length === 0;
  const all = isWhole ? testFilesIn('test') : files;
  if (withCoverage) options.push('--experimental-test-coverage', '--test-coverage-include=src/**/*.ts');
  if (!isWhole || withCoverage || options.length > 0) {
    if (!withCoverage) warnOfStaleDist();
    return test(options, all, (exitCode) => process.exit(exitCode));
  }
  test(options, [FIRST_TEST], (exitCode) => {
    if (exitCode !== 0) fail('dist is not what src builds. The other tests run dist, so they were not started.');
    const others = all.filter((file) => file !== FIRST_TEST);
    test(options, others, (exitCode) => process.exit(exitCode));
  });
}

/** A run of all tests compares dist with src; for a part of them their times have to do. A checkout writes both at once. */
function warnOfStaleDist() {
  const newest = (folder) =>
    readdirSync(join(root, folder), { recursive: true }).reduce(
      (latest, name) => Math.max(latest, statSync(join(root, folder, name)).mtimeMs),
      0,
    );
  if (newest('src') > newest('dist') + CHECKOUT_MS) {
    console.error(
      'src is newer than dist, which most tests run: if you changed the action, run `npm run build` first.',
    );
  }
}

function testFilesIn(path) {
  const folder = resolve(root, path);
  if (!existsSync(folder)) fail(`There is no ${path}.`);
  if (!statSync(folder).isDirectory()) return [path];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.test.ts'))
    .map((entry) => relative(root, join(entry.parentPath ?? entry.path, entry.name)).replaceAll('\\', '/'))
    .sort();
}

/**
 * `--test-timeout` fails a test that hangs, and the preload ends the process that it hangs in. Node's own
 * `--test-force-exit` ends it at once, and with it what it has still to report.
 */
function test(options, files, done) {
  const limits = [`--test-timeout=${TEST_LIMIT_MS}`, `--import=${PRELOAD}`, `--test-concurrency=${FILES_AT_ONCE}`];
  const variables = Object.entries(process.env).filter(([name]) => !FOREIGN_VARIABLE.test(name));
  start([...OPTIONS, '--test', ...limits, ...options, ...files], Object.fromEntries(variables), done, RUN_LIMIT_MS);
}

/** With a limit the process gets a group of its own, so that all that it started can be ended with it. */
function start(args, env, done, limitMs) {
  const isLimited = limitMs !== undefined;
  const isGroup = isLimited && process.platform !== 'win32';
  const child = spawn(node, args, {
    cwd: isLimited ? root : process.cwd(),
    env: { ...env, PATH: `${dirname(node)}${process.platform === 'win32' ? ';' : ':'}${process.env.PATH}` },
    stdio: [isLimited ? 'ignore' : 'inherit', 'inherit', 'inherit'],
    detached: isGroup,
  });
  const timers = [];
  const end = (reason) => {
    console.error(`\n${reason}`);
    if (!isGroup) return endTree(child.pid, isGroup);
    // Node's test runner names the files that it was running; then everything is ended.
    child.kill('SIGTERM');
    timers.push(setTimeout(() => endTree(child.pid, isGroup), ENDING_LIMIT_MS));
  };
  if (isLimited) {
    timers.push(setTimeout(end, limitMs, `The tests took longer than ${limitMs / 60_000} minutes and were ended.`));
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => end('The tests were ended.'));
  } else {
    // The terminal sends Ctrl+C to the child as well, which decides when to end.
    process.on('SIGINT', () => undefined);
  }
  child.once('error', (error) => fail(error.message));
  child.once('exit', (exitCode) => {
    for (const timer of timers) clearTimeout(timer);
    if (isGroup) endTree(child.pid, isGroup);
    done(exitCode ?? 1);
  });
}

function endTree(pid, isGroup) {
  if (!isGroup) return spawnSync('taskkill', ['/pid', String(pid), '/t', '/f'], { stdio: 'ignore' });
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Nothing of the group is left.
  }
}

function fail(reason) {
  console.error(reason);
  process.exit(1);
}
