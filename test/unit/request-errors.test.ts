/** Tests the words for a request that got no response, for causes that no server can bring about. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHttpClient, startBudget } from '../../src/http/client.ts';
import { describeNetworkError, NonRetryableError } from '../../src/http/errors.ts';

test('a request that there is no time for is not sent, and the error says so', async () => {
  const send = createHttpClient('http://127.0.0.1:9', {});
  await assert.rejects(send({ method: 'GET', path: '/app/installations', bearer: 'x' }, startBudget(0)), {
    message:
      'The 0 s for all requests are used up. Run the job again later. GET /app/installations on 127.0.0.1:9 was not sent.',
  });
});

for (const code of ['ERR_INVALID_CHAR', 'ERR_HTTP_INVALID_HEADER_VALUE', 'ERR_UNESCAPED_CHARACTERS']) {
  test(`a request that Node refuses to send (${code}) is not tried again`, () => {
    const cause = Object.assign(new TypeError('Invalid character in header content'), { code });
    const error = describeNetworkError(cause, undefined);
    assert.ok(error instanceof NonRetryableError);
    assert.equal(error.cause, cause);
    assert.equal(
      error.message,
      `The request can’t be sent. Check \`api-url\` and the other inputs for odd characters. It failed with ${code}: Invalid character in header content.`,
    );
  });
}
