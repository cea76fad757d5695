// Starts the simulator as a process that outlives this step, and tells where it is.
import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const cli = join(import.meta.dirname, '../support/simulator/cli.ts');
const state = join(process.env.RUNNER_TEMP, 'simulator.json');
spawn(process.execPath, [cli, '--state', state], { detached: true, stdio: 'ignore', windowsHide: true }).unref();
for (let wait = 0; wait < 100 && !existsSync(state); wait += 1) await sleep(100);

const { url, pid, appId, privateKeyPath, installations } = JSON.parse(readFileSync(state, 'utf8'));
const key = readFileSync(privateKeyPath, 'utf8').trim();
for (const line of key.split('\n').filter((line) => !line.startsWith('-----'))) console.log(`::add-mask::${line}`);
appendFileSync(process.env.GITHUB_STATE, `url=${url}\npid=${pid}\n`);
appendFileSync(
  process.env.GITHUB_OUTPUT,
  `url=${url}\napp-id=${appId}\norganization-id=${installations[0].organizationId}\nprivate-key<<END_OF_KEY\n${key}\nEND_OF_KEY\n`,
);
