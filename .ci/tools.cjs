// Installs the tools that read and run workflows into the user's cache, unless they are there, and prints the path of
// one: node .ci/tools.cjs actionlint|act|zizmor|shellcheck
// Their versions and hashes are in .ci/go.mod, .ci/go.sum and .ci/requirements.txt, which Dependabot keeps up to date.
const { execFileSync } = require('node:child_process');
const { createHash } = require('node:crypto');
const { existsSync, mkdirSync, readFileSync } = require('node:fs');
const { homedir } = require('node:os');
const { join } = require('node:path');

const MODULES = { actionlint: 'github.com/rhysd/actionlint/cmd/actionlint', act: 'github.com/nektos/act' };
const PROGRAMS = process.platform === 'win32' ? 'Scripts' : 'bin';
const SUFFIX = process.platform === 'win32' ? '.exe' : '';

const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'create-icr-app-token');

/** The path of a tool, which is installed if this version of it is missing. */
function tool(name) {
  return MODULES[name] ? goTool(name) : join(pythonTools(), name + SUFFIX);
}

function goTool(name) {
  const folder = join(cache, `go-${fingerprint('go.mod', 'go.sum')}`);
  const binary = join(folder, name + SUFFIX);
  if (!existsSync(binary)) {
    console.error(`building ${name} once, into the user's cache`);
    mkdirSync(folder, { recursive: true });
    try {
      execFileSync('go', ['build', '-mod=readonly', '-o', binary, MODULES[name]], {
        cwd: __dirname,
        stdio: ['ignore', 'ignore', 'inherit'],
      });
    } catch (cause) {
      if (cause.code !== 'ENOENT') throw cause;
      throw new Error(`Go is needed to build ${name}: https://go.dev/dl/`, { cause });
    }
  }
  return binary;
}

/** The folder of the programs that pip installs, each checked against its hash. */
function pythonTools() {
  const folder = join(cache, `python-${fingerprint('requirements.txt')}`);
  const programs = join(folder, PROGRAMS);
  if (!existsSync(join(programs, `zizmor${SUFFIX}`))) {
    const options = { stdio: ['ignore', 'ignore', 'inherit'] };
    const requirements = join(__dirname, 'requirements.txt');
    execFileSync(process.platform === 'win32' ? 'python' : 'python3', ['-m', 'venv', '--clear', folder], options);
    const pip = [
      'install',
      '--quiet',
      '--disable-pip-version-check',
      '--require-hashes',
      '--no-deps',
      '--only-binary=:all:',
    ];
    execFileSync(join(programs, `pip${SUFFIX}`), [...pip, '--requirement', requirements], options);
  }
  return programs;
}

/** New versions get a new folder. */
function fingerprint(...names) {
  const hash = createHash('sha256');
  for (const name of names) hash.update(readFileSync(join(__dirname, name)));
  return hash.digest('hex').slice(0, 16);
}

if (require.main === module) console.log(tool(process.argv[2]));

module.exports = { tool };
