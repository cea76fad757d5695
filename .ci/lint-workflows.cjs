// Runs actionlint and zizmor over the workflows and action.yml, and actionlint over the examples too. The first run on a
// machine installs both: the only time a network is needed.
const { execFileSync } = require('node:child_process');
const { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { tool } = require('./tools.cjs');

const root = join(__dirname, '..');
const actionlint = tool('actionlint');
// shellcheck is what actionlint reads the scripts of steps with.
const options = ['-no-color', '-shellcheck', tool('shellcheck'), '-pyflakes', ''];

run('actionlint', actionlint, options);
const examples = stageExamples();
run('actionlint on the examples', actionlint, options, examples);
rmSync(examples, { recursive: true });
run('zizmor', tool('zizmor'), ['--offline', '--pedantic', '--no-progress', '--color', 'never', '.']);

function run(title, command, args, cwd = root) {
  try {
    execFileSync(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    console.log(`ok   ${title}`);
  } catch (error) {
    console.log(`FAIL ${title}\n${error.stdout}${error.stderr}`);
    process.exit(1);
  }
}

/** actionlint finds a reusable workflow only at the place where GitHub does: below .github/workflows of a repository. */
function stageExamples() {
  const folder = mkdtempSync(join(tmpdir(), 'icr-examples-'));
  mkdirSync(join(folder, '.git'));
  mkdirSync(join(folder, '.github/workflows'), { recursive: true });
  const source = join(root, 'test/workflows');
  for (const name of readdirSync(source).filter((name) => name.endsWith('.yml'))) {
    cpSync(join(source, name), join(folder, '.github/workflows', name));
  }
  return folder;
}
