/** The correction of the runner's clock by the server's: when, by how much, and whether it is kept. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { clockSkewMs, createClock, describeClockSkew } from '../../src/icr/clock.ts';
import { answer, NOW_MS } from '../support/answer.ts';
import { captured } from '../support/properties.ts';

/** An answer that came when the runner's clock was so far ahead of the server's. */
function refused(status: number, aheadSeconds: number | undefined) {
  const dateMs = aheadSeconds === undefined ? undefined : NOW_MS - aheadSeconds * 1000;
  return answer(status, 'Forbidden', { receivedMs: NOW_MS, dateMs });
}

describe('the clock is corrected', () => {
  for (const status of [400, 401, 403]) {
    for (const ahead of [31, -31, 7200]) {
      test(`by ${-ahead} s after a ${status}, whatever its body`, () => {
        const clock = createClock();
        assert.equal(clock.offsetMs(), 0);
        const { value, printed } = captured(() => clock.adjustBy(refused(status, ahead)));
        assert.equal(value, true);
        assert.equal(clock.offsetMs(), -ahead * 1000);
        const word = ahead > 0 ? 'ahead of' : 'behind';
        const told = `clock is ${Math.abs(ahead)} s ${word} the server’s, and the answer was ${status}: signing again`;
        assert.ok(printed.includes(told), printed);
      });
    }
  }

  test('and set back by the next refusal if it helped no request', () => {
    for (const status of [401, 403]) {
      const clock = createClock();
      captured(() => clock.adjustBy(refused(400, 300)));
      assert.equal(clock.adjustBy(refused(status, 300)), true, 'the request is repeated');
      assert.equal(clock.offsetMs(), 0);
      assert.equal(clock.adjustBy(refused(status, 300)), false, 'once in a step');
    }
  });

  test('and not set back by a 400, which may be about the request', () => {
    const clock = createClock();
    captured(() => clock.adjustBy(refused(401, 300)));
    assert.equal(clock.adjustBy(refused(400, 300)), false);
    assert.equal(clock.offsetMs(), -300_000);
  });
});

describe('the clock is not corrected', () => {
  for (const [what, status, ahead] of [
    ['by 30 s and less', 401, 30],
    ['by 30 s and less in the other direction', 401, -30],
    ['without a Date', 401, undefined],
    ['after a 404', 404, 300],
    ['after a 500', 500, 300],
    ['after a success', 200, 300],
  ] as const) {
    test(what, () => {
      const clock = createClock();
      const { value, printed } = captured(() => clock.adjustBy(refused(status, ahead)));
      assert.deepEqual([value, printed, clock.offsetMs()], [false, '', 0]);
    });
  }
});

test('a skew is described from 2 s on, in whole seconds', () => {
  assert.equal(clockSkewMs(refused(401, 5)), 5000);
  assert.equal(clockSkewMs(refused(401, undefined)), 0);
  const cases = [0, 2000, -2000, 2001, 90_400, -90_600].map(describeClockSkew);
  assert.deepEqual(cases, [undefined, undefined, undefined, '2 s ahead of', '90 s ahead of', '91 s behind']);
});
