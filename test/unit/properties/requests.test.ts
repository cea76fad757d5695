/** Ids as parts of a URL, and the wait before the next request. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { httpDateMs, nextWaitMs, retryAfterMs } from '../../../src/http/retry.ts';
import { isId, isSameId } from '../../../src/icr/id.ts';
import { longText, outsideText, property } from '../../support/properties.ts';

property('an id is one segment of a URL, and nothing else', 4000, fc.oneof(outsideText, fc.uuid()), (text) => {
  if (!isId(text)) return;
  const url = new URL(`https://host/v0.5/app/installations/${encodeURIComponent(text)}/accessTokens?a=b`);
  assert.deepEqual(url.pathname.split('/').slice(0, 4), ['', 'v0.5', 'app', 'installations']);
  assert.equal(decodeURIComponent(url.pathname.split('/')[4] ?? ''), text);
  assert.equal(url.pathname.split('/').length, 6);
  assert.ok(isSameId(text, text));
});

const seconds = fc.nat(10_000_000);
const time = fc.integer({ min: 0, max: 4_000_000_000 }).map((it) => it * 1000);

property(
  'Retry-After in seconds or as a date asks for that wait, whatever the runner’s clock says',
  3000,
  fc.tuple(seconds, time, fc.integer(), fc.constantFrom('', ' ', '\t')),
  ([wait, date, now, space]) => {
    const httpDate = (ms: number) => new Date(ms).toUTCString();
    assert.equal(retryAfterMs(`${space}${wait}${space}`, now), wait * 1000);
    assert.equal(retryAfterMs(httpDate(date + wait * 1000), date), wait * 1000);
    assert.equal(retryAfterMs(httpDate(date), date + wait * 1000), 0);
    assert.equal(httpDateMs(httpDate(date)), date);
  },
);

property(
  'any other Retry-After asks for a wait that is not negative, or for none',
  5000,
  fc.tuple(
    fc.oneof(
      outsideText,
      longText,
      fc.double().map(String),
      fc.constantFrom('-1', '1.5', 'soon', '0x10', '1e9', '9'.repeat(400)),
    ),
    outsideText,
    fc.integer(),
  ),
  ([retryAfter, date, now]) => {
    const wait = retryAfterMs(retryAfter, httpDateMs(date) ?? now);
    assert.ok(wait === undefined || wait >= 0);
    if (/[^\d\s]/.test(retryAfter) && !/^\s*[A-Z][a-z]{2}/.test(retryAfter)) assert.equal(wait, undefined);
  },
);

property(
  'the next wait is what was asked at least, and leaves a second of the budget',
  5000,
  fc.tuple(
    fc.option(fc.oneof(fc.integer({ min: 0, max: 200_000 }), fc.constant(Number.POSITIVE_INFINITY)), {
      nil: undefined,
    }),
    fc.nat(40),
    fc.integer({ min: -1000, max: 90_000 }),
    fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  ),
  ([asked, waits, left, random]) => {
    const wait = nextWaitMs({ attempts: waits + 1, failures: 1 }, asked, left, random);
    if (wait === undefined) return assert.ok((asked ?? 0) > left - 1000);
    assert.ok(wait >= (asked ?? 0));
    assert.ok(wait <= (asked ?? 0) + 12_000);
    assert.ok(wait <= left - 1000);
  },
);
