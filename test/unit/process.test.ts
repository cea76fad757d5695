/** How a step answers the runner's signals, SIGBREAK of Windows among them, which no other system can send. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { outliveCancellation, watchCancellation } from '../../src/runner/process.ts';

const timeout = 10_000;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGBREAK'] as const;

for (const signal of SIGNALS) {
  test(`${signal} cancels main, and a second signal changes nothing`, { timeout }, () => {
    withoutOtherListeners(() => {
      const cancelled = watchCancellation();
      assert.equal(cancelled.aborted, false);
      process.emit(signal, signal);
      const { reason } = cancelled;
      assert.match(String(reason), new RegExp(`The step was cancelled \\(${signal}\\)`));
      for (const second of SIGNALS) assert.equal(process.emit(second, second), true, 'the process lives on');
      assert.equal(cancelled.reason, reason);
    });
  });

  test(`${signal} does not end post`, { timeout }, () => {
    withoutOtherListeners(() => {
      outliveCancellation();
      assert.equal(process.emit(signal, signal), true);
    });
  });
}

test('an error outside of the step’s promise ends the step, and is reported once', { timeout }, async () => {
  const source = new URL('../../src/runner/process.ts', import.meta.url).href;
  const script = `
    import { runAction } from '${source}';
    const step = () => new Promise(() => setImmediate(() => { throw new Error('outside'); }));
    runAction(step, (error) => { process.exitCode = 3; console.log('reported', error.message); });
  `;
  const options = ['--disable-warning=MODULE_TYPELESS_PACKAGE_JSON', '--input-type=module', '--eval', script];
  const result = await new Promise((resolve) => {
    execFile(process.execPath, options, (error, stdout, stderr) => resolve({ code: error?.code, stdout, stderr }));
  });
  assert.deepEqual(result, { code: 3, stdout: 'reported outside\n', stderr: '' });
});

/** The test runner listens too, and would end the tests. */
function withoutOtherListeners(work: () => void): void {
  const others = SIGNALS.map((signal) => process.listeners(signal));
  for (const signal of SIGNALS) process.removeAllListeners(signal);
  try {
    work();
  } finally {
    SIGNALS.forEach((signal, at) => {
      process.removeAllListeners(signal);
      for (const listener of others[at] ?? []) process.on(signal, listener as NodeJS.SignalsListener);
    });
  }
}
