// Runs actionlint and zizmor over the workflows, action.yml and the examples. The first run on a
// machine installs both: the only time a network is needed.
const { execFileSync } = require('node:child_process');
const { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { tool } = require('./tools.cjs');

const root = join(__dirname, '..');
const actionlint = tool('actionlint');
// GitHub has `queue` since May 2026, actionlint 1.7.12 does not know it.
const ignored = ['-ignore', 'unexpected key "queue" for "concurrency" section'];
// shellcheck is what actionlint reads the scripts of steps with.
const options = ['-no-color', '-shellcheck', tool('shellcheck'), '-pyflakes', '', ...ignored];

run('actionlint', actionlint, options);
const examples = stageExamples();
run('actionlint on the examples', actionlint, options, examples);
const quietly = ['--offline', '--no-progress', '--color', 'never'];
run('zizmor on the examples', tool('zizmor'), [...quietly, '--config', join(root, '.github/zizmor.yml'), examples]);
rmSync(examples, { recursive: true });
run('zizmor', tool('zizmor'), [...quietly, '--pedantic', '.']);

function run(title, command, args, cwd = root) {
  try {
    execFileSync(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    console.log(`ok   ${title}`);
  } catch (error) {
    console.log(`FAIL ${title}\n${error.stdout}${error.stderr}`);
    process.exit(1);
  }
}

/** Both find workflows only at the place where GitHub does: below .github/workflows of a repository. */
function stageExamples() {
  const folder = mkdtempSync(join(tmpdir(), 'icr-examples-'));
  mkdirSync(join(folder, '.git'));
  mkdirSync(join(folder, '.github/workflows'), { recursive: true });
  for (const source of ['test/workflows', 'test/workflows/platform'].map((path) => join(root, path))) {
    for (const name of readdirSync(source).filter((name) => name.endsWith('.yml'))) {
      cpSync(join(source, name), join(folder, '.github/workflows', name));
    }
  }
  return folder;
}
