// Installs what package-lock.json names, unless it is there already. Runs on whatever Node the machine has.
const { execSync } = require('node:child_process');

try {
  execSync('npm ls --all', { stdio: 'ignore' });
} catch {
  execSync('npm ci --no-audit --no-fund --loglevel=error', { stdio: 'inherit' });
}
