/** The arithmetic of trying again, with literals. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backoffMs, httpDateMs, isTransient, nextWaitMs, retryAfterMs } from '../../src/http/retry.ts';

test('the backoff is full jitter over 1, 2, 4, 8 s, and no more', () => {
  assert.deepEqual(
    [0, 1, 2, 3, 4, 9].map((wait) => backoffMs(wait, 1)),
    [1000, 2000, 4000, 8000, 8000, 8000],
  );
  assert.deepEqual(
    [0, 1, 2, 3].map((wait) => backoffMs(wait, 0)),
    [0, 0, 0, 0],
  );
  assert.equal(backoffMs(2, 0.25), 1000);
});

test('408, 429 and 5xx pass, 403 only with Retry-After, nothing else', () => {
  const passing = (hasRetryAfter: boolean) =>
    [200, 201, 304, 307, 400, 401, 403, 404, 408, 409, 422, 425, 429, 500, 501, 502, 503, 504, 599].filter((status) =>
      isTransient(status, hasRetryAfter),
    );
  assert.deepEqual(passing(false), [408, 429, 500, 501, 502, 503, 504, 599]);
  assert.deepEqual(passing(true), [403, 408, 429, 500, 501, 502, 503, 504, 599]);
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
    ['Sunday, 06-Nov-94 08:49:39 GMT', date, 2000],
    ['Sun Nov  6 08:49:39 1994', date, 2000],
    ['Sun, 06 Nov 1994 08:49:00 GMT', date, 0],
    ['Tue, 01 Jan 2030 00:00:05 GMT', undefined, 5000],
    ['Tue, 01 Jan 2030 00:00:05 GMT', 'nonsense', 5000],
  ];
  for (const [retryAfter, sent, ms] of cases) {
    assert.equal(retryAfterMs(retryAfter, httpDateMs(sent) ?? now), ms, `${retryAfter}`);
  }
});

test('a wait leaves a second for the attempt after it, or there is none', () => {
  assert.equal(nextWaitMs(undefined, 0, 90_000, 0.5), 500);
  assert.equal(nextWaitMs(undefined, 3, 3_000, 0.5), 2_000, 'cut to what is left');
  assert.equal(nextWaitMs(undefined, 0, 999, 0.5), undefined);
  assert.equal(nextWaitMs(10_000, 0, 90_000, 0.5), 10_500, 'jitter on top of what was asked for');
  assert.equal(nextWaitMs(10_000, 3, 12_000, 1), 11_000, 'jitter cut to what is left');
  assert.equal(nextWaitMs(10_000, 0, 10_000, 0.5), undefined, 'does not fit');
  assert.equal(nextWaitMs(0, 0, 900, 0), undefined, 'no loop without a wait at the end');
});

test('an HTTP date is none where it is another kind of date', () => {
  assert.equal(httpDateMs('Sun, 06 Nov 1994 08:49:37 GMT'), 784_111_777_000);
  for (const text of [undefined, '', '784111777', '1994-11-06', 'Nov']) assert.equal(httpDateMs(text), undefined);
});
