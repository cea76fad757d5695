/** Tests the arithmetic of trying again, with literals. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  httpDateMs,
  isTransient,
  nextWaitMs,
  type RetryPolicy,
  retryAfterMs,
  UNKNOWN_HOST_POLICY,
} from '../../src/http/retry.ts';

const MINUTE_AND_A_HALF = 90_000;

test('waits are half fixed and half chance over 1, 2, 4, 8 and then 12 s', () => {
  const waits = (random: number) =>
    [1, 2, 3, 4, 5, 11].map((attempts) =>
      nextWaitMs({ attempts, failures: attempts }, undefined, MINUTE_AND_A_HALF, random),
    );
  assert.deepEqual(waits(1), [1000, 2000, 4000, 8000, 12_000, 12_000]);
  assert.deepEqual(waits(0), [500, 1000, 2000, 4000, 6000, 6000]);
  assert.deepEqual(waits(0.5), [750, 1500, 3000, 6000, 9000, 9000]);
});

test('twelve attempts without Retry-After are the last, three if the host was never found', () => {
  const isNext = (failures: number, policy?: RetryPolicy) =>
    nextWaitMs({ attempts: failures, failures }, undefined, MINUTE_AND_A_HALF, 0, policy) !== undefined;
  assert.deepEqual([isNext(11), isNext(12)], [true, false]);
  assert.deepEqual([isNext(2, UNKNOWN_HOST_POLICY), isNext(3, UNKNOWN_HOST_POLICY)], [true, false]);
});

test('attempts with Retry-After are none of the twelve', () => {
  assert.equal(nextWaitMs({ attempts: 40, failures: 0 }, 1000, MINUTE_AND_A_HALF, 0.5), 7000);
  assert.equal(nextWaitMs({ attempts: 40, failures: 11 }, 1000, MINUTE_AND_A_HALF, 0.5), 7000);
});

test('an outage of 30 s is survived in the 45 s of post, however short the waits', () => {
  let elapsedMs = 0;
  for (let attempts = 1; elapsedMs < 30_000; attempts += 1) {
    const waitMs = nextWaitMs({ attempts, failures: attempts }, undefined, 45_000 - elapsedMs, 0);
    assert.ok(waitMs !== undefined, `gave up after ${attempts} attempts and ${elapsedMs} ms`);
    elapsedMs += waitMs;
  }
});

test('408, 429 and 5xx but 501 and 505 pass, 403 only with Retry-After, nothing else', () => {
  const passing = (hasRetryAfter: boolean) =>
    [200, 201, 304, 307, 400, 401, 403, 404, 408, 409, 422, 425, 429, 500, 501, 502, 503, 504, 505, 599].filter(
      (status) => isTransient(status, hasRetryAfter),
    );
  assert.deepEqual(passing(false), [408, 429, 500, 502, 503, 504, 599]);
  assert.deepEqual(passing(true), [403, 408, 429, 500, 502, 503, 504, 599]);
});

test('Retry-After is seconds, or a date that is read against the answer’s own', () => {
  const date = 'Sun, 06 Nov 1994 08:49:37 GMT';
  const now = Date.parse('2030-01-01T00:00:00Z');
  const cases: [retryAfter: string | undefined, date: string | undefined, ms: number | undefined][] = [
    [undefined, date, undefined],
    ['', date, undefined],
    ['0', date, 0],
    ['7', date, 7000],
    [' 7 ', date, 7000],
    ['99999999999', date, 1_000_000_000_000],
    ['9'.repeat(400), date, 1_000_000_000_000],
    ['-1', date, undefined],
    ['1.5', date, undefined],
    ['1e3', date, undefined],
    ['0x10', date, undefined],
    ['soon', date, undefined],
    ['1994-11-06T08:49:39Z', date, undefined],
    ['Sun, 06 Nov 1994 08:49:39 GMT', date, 2000],
    // The obsolete forms, which no server sends.
    ['Sunday, 06-Nov-94 08:49:39 GMT', date, undefined],
    ['Sun Nov  6 08:49:39 1994', date, undefined],
    ['Sun, 06 Nov 1994 08:49:00 GMT', date, 0],
    ['Tue, 01 Jan 2030 00:00:05 GMT', undefined, 5000],
    ['Tue, 01 Jan 2030 00:00:05 GMT', 'nonsense', 5000],
  ];
  for (const [retryAfter, sent, ms] of cases) {
    assert.equal(retryAfterMs(retryAfter, httpDateMs(sent ?? '') ?? now), ms, `${retryAfter}`);
  }
});

test('a wait leaves a second for the attempt after it, or there is none', () => {
  const wait = (attempts: number, requestedMs: number | undefined, remainingMs: number, random = 0.5) =>
    nextWaitMs({ attempts, failures: 1 }, requestedMs, remainingMs, random);
  assert.equal(wait(4, undefined, 3_000), 2_000, 'cut to what is left');
  assert.equal(wait(1, undefined, 999), undefined);
  assert.equal(wait(1, 10_000, 90_000), 10_500, 'chance on top of what was asked for');
  assert.equal(wait(4, 10_000, 12_000, 1), 11_000, 'chance cut to what is left');
  assert.equal(wait(1, 10_000, 10_000), undefined, 'does not fit');
  assert.equal(wait(1, 0, 900, 0), undefined, 'no loop without a wait at the end');
});

test('an HTTP date has one form, and any other text is none', () => {
  assert.equal(httpDateMs('Sun, 06 Nov 1994 08:49:37 GMT'), 784_111_777_000);
  for (const text of [
    '',
    '784111777',
    '1994-11-06',
    'Nov',
    'Invalid Date',
    'Foo 1',
    'Sun, 06 Nov 1994',
    'Sun, 06 Nov 1994 08:49:37',
    'Sun, 06 Nov 1994 08:49:37 +0100',
    'Sun, 99 Nov 1994 99:49:37 GMT',
  ]) {
    assert.equal(httpDateMs(text), undefined, text);
  }
});
