/** Parsing ICR's responses, with literals. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseErrorMessage } from '../../src/icr/error-message.ts';
import { parseInstallation, parseToken } from '../../src/icr/responses.ts';

const BYTE_ORDER_MARK = '\uFEFF';

test('a byte order mark before the JSON is no part of it', () => {
  assert.deepEqual(parseInstallation(`${BYTE_ORDER_MARK}{"id":"a"}`), { id: 'a', organization: undefined });
  assert.equal(parseToken(`${BYTE_ORDER_MARK}{"token":"crs_0123456789abcdef"}`), 'crs_0123456789abcdef');
  assert.equal(parseErrorMessage(`${BYTE_ORDER_MARK}{"message":["no","not yet"]}`), 'no; not yet');
});
