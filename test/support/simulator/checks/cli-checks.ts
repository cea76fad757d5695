/** Checks that the simulator runs as a process of its own and ends when it is told to. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isJsonObject, type Json, parseJson } from '../json.ts';
import { call, listIn } from './call.ts';
import { jwt } from './scene.ts';

test('the command line runs a simulator with an app and two installations', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'simulator-'));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, 'state.json');
  const cli = join(import.meta.dirname, '..', 'cli.ts');
  const child = spawn(process.execPath, [cli, '--state', file], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data', { signal: AbortSignal.timeout(10_000) });

  const state = parseJson(await readFile(file, 'utf8'));
  assert.ok(isJsonObject(state));
  const { url, appId, privateKeyPath, installations } = state;
  assert.ok(Array.isArray(installations) && installations.length === 2);
  const first: Json | undefined = installations[0];
  assert.ok(isJsonObject(first));

  const bearer = jwt({ iss: String(appId) }, createPrivateKey(await readFile(String(privateKeyPath), 'utf8')));
  const minted = await call('POST', `${url}/app/installations/${first['installationId']}/accessTokens`, {
    bearer,
  });
  assert.equal(minted.status, 201);
  const [token] = listIn(await call('GET', `${url}/__simulator/tokens`), 'tokens');
  assert.deepEqual([token?.['state'], token?.['organizationId']], ['live', first['organizationId']]);

  child.kill('SIGTERM');
  const [code, signal] = await once(child, 'exit');
  // Windows has no signals: there the process is ended from outside.
  assert.deepEqual([code, signal], process.platform === 'win32' ? [null, 'SIGTERM'] : [0, null]);
});
