/** Generated texts, and the way to try a property of the source with them: no crash, no hang, no command, no secret. */
import assert from 'node:assert/strict';
import { EOL } from 'node:os';
import { test } from 'node:test';
import fc from 'fast-check';

/** No input, however it is made, may hang the action; long enough for a machine that is busy. */
const HANG_MS = 15_000;
/** All inputs of a property together. */
export const LIMIT_MS = 120_000;
/** The longest that an environment variable can be on Linux is 128 KiB; an answer may have 1 MiB. */
const LONG = 120_000;

/** The same inputs in every run, so that a failure is the change's own; another seed tries others. */
fc.configureGlobal({ seed: Number(process.env['PROPERTY_SEED'] ?? 1) });

/** Prints how many inputs the property held for. */
export function property<T>(name: string, runs: number, arbitrary: fc.Arbitrary<T>, holds: (input: T) => void): void {
  test(name, { timeout: LIMIT_MS }, (t) => {
    let inputs = 0;
    fc.assert(
      fc.property(arbitrary, (input) => {
        inputs += 1;
        const started = performance.now();
        holds(input);
        const took = performance.now() - started;
        assert.ok(took < HANG_MS, `took ${Math.round(took)} ms`);
      }),
      { numRuns: runs },
    );
    t.diagnostic(`${inputs} inputs`);
  });
}

// Text that means something to whoever reads it next: a runner, a terminal, Markdown, a parser of ours.
export const FRAGMENTS = [
  '::error::',
  '::add-mask::x',
  '##[error]',
  '##',
  '[',
  '::',
  '\n',
  '\r\n',
  '\r',
  '\u2028',
  '\u0085',
  '\u001b[31m',
  '\u202e',
  '\u200b',
  '\uFEFF',
  '\0',
  '\ud800',
  '😀',
  '%0A',
  '%',
  '\\n',
  '"',
  "'",
  '`',
  '|',
  '<img src=x onerror=alert(1)>',
  '[a](javascript:b)',
  '*',
  '_',
  '&#124;',
  'eyJ',
  'eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxIn0.c2ln',
  '.',
  '-----BEGIN PRIVATE KEY-----',
  '-----END PRIVATE KEY-----',
  '-----BEGIN RSA PRIVATE KEY-----',
  '-----',
  'MIIE',
  '=',
  ' ',
  'organization_info: read',
  ',',
  ':',
];
export const outsideText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc
    .array(fc.oneof(fc.constantFrom(...FRAGMENTS), fc.string({ maxLength: 20 })), { maxLength: 30 })
    .map((it) => it.join('')),
);
/** One fragment or two, over and over: what makes a careless expression take for ever. */
export const longText = fc
  .tuple(fc.constantFrom(...FRAGMENTS, 'a', 'A'), fc.constantFrom('', ...FRAGMENTS, 'a'))
  .map(([one, other]) => (one + other).repeat(Math.ceil(LONG / (one + other).length)));

/** What the work returns or throws. */
export function attempt<T>(work: () => T): T | Error {
  try {
    return work();
  } catch (error) {
    return error as Error;
  }
}

/** One line without controls or anything that the runner obeys; a JWT is gone. */
export function assertHarmless(text: string): void {
  assert.doesNotMatch(text, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
  assert.ok(!text.includes('##['));
  assert.doesNotMatch(text, /eyJ[\w-]{9,}\.e[wy][\w-]*\.[\w-]+/);
}

/** What the work printed, and what it returned or threw. */
export function captured<T>(work: () => T): { printed: string; value?: T; error?: unknown } {
  const { write } = process.stdout;
  let printed = '';
  process.stdout.write = (chunk: string | Uint8Array) => {
    printed += chunk;
    return true;
  };
  try {
    const value = work();
    return { value, printed: unixLines(printed) };
  } catch (error) {
    return { error, printed: unixLines(printed) };
  } finally {
    process.stdout.write = write;
  }
}

/** The toolkit ends lines as the system does. */
function unixLines(text: string): string {
  return text.replaceAll(EOL, '\n');
}
