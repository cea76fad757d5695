/** The annotations that the action writes: titled with its name, one line, short enough for the runner. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fail, notice, warning } from '../../src/runner/log.ts';

const timeout = 10_000;
const [, name = ''] = /^name: (.*)$/m.exec(readFileSync(new URL('../../action.yml', import.meta.url), 'utf8')) ?? [];

for (const [kind, write] of Object.entries({ error: fail, warning, notice })) {
  test(`${kind}: the title is the action’s name`, { timeout }, () => {
    const { text, exitCode } = printed(() => write('50 % of it\nis left'));
    assert.equal(text, `::${kind} title=${name}::50 %25 of it is left`);
    assert.equal(exitCode, kind === 'error' ? 1 : undefined);
  });

  test(`${kind}: the message is cut before the runner cuts it`, { timeout }, () => {
    const [, message = ''] = printed(() => write('x'.repeat(10_000))).text.split(`title=${name}::`);
    assert.ok(message.length <= 4096 && message.length > 3900, `${message.length}`);
  });
}

function printed(work: () => void): { text: string; exitCode: typeof process.exitCode } {
  const { write } = process.stdout;
  const { exitCode: before } = process;
  let text = '';
  process.stdout.write = (chunk: string | Uint8Array) => {
    text += chunk;
    return true;
  };
  process.exitCode = undefined;
  work();
  const { exitCode } = process;
  process.exitCode = before;
  process.stdout.write = write;
  return { text: text.trimEnd(), exitCode };
}
