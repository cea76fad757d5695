// Installs what package-lock.json names, Node 24 included, unless it is there. Runs on whatever Node the machine has.
const { execSync } = require('node:child_process');

try {
  execSync('npm ls --all', { stdio: 'ignore' });
} catch {
  execSync('npm ci --no-audit --no-fund --loglevel=error', { stdio: 'inherit' });
}

// npm's scripts find the installed Node first, but `npm ci --ignore-scripts` installs it without its program.
const version = execSync('node --version', { encoding: 'utf8' }).trim();
if (Number.parseInt(version.slice(1), 10) < 24) {
  console.error(`Node 24 is needed, and this is ${version}. Run npm ci without --ignore-scripts.`);
  process.exit(1);
}
