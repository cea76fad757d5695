/** Checks how messages are measured for `npm run messages`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { normalize, sentenceEnds } from './sentences.ts';

test('a sentence ends at a full stop that is followed by a space or by nothing', () => {
  assert.deepEqual(sentenceEnds('One. Two? Three.'), [4, 9, 16]);
  assert.deepEqual(sentenceEnds('Version 1.2 of api.example.com'), [30]);
  assert.deepEqual(sentenceEnds('One (or more.) Two.'), [13, 19]);
});

test('a full stop in a quotation or in code ends nothing', () => {
  assert.deepEqual(sentenceEnds('It said “No. Never.” twice.'), [27]);
  assert.deepEqual(sentenceEnds('Set `a. b` now.'), [15]);
  assert.deepEqual(sentenceEnds('It said “a ` b” now. So.'), [20, 24]);
  assert.deepEqual(sentenceEnds('It said “𰈈” now. So.'), [17, 21]);
});

test('messages of one case are the same text', () => {
  const text = (id: string, port: number, seconds: string) =>
    `No ${id} on 127.0.0.1:${port}: 503 after ${seconds} s, until 2026-01-02T03:04:05.678Z (SHA256:${'aB3+'.repeat(10)}abc=).`;
  const one = text('5b1c7b0e-0f0a-4f7e-8a52-4f5e0f3a9c11', 4021, '1.5');
  assert.equal(normalize(one), 'No … on …: 503 after … s, until … (SHA256:…).');
  assert.equal(normalize(one), normalize(text('6b1c7b0e-0f0a-4f7e-8a52-4f5e0f3a9c11', 51234, '12')));
});
