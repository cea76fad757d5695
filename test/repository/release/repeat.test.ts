/** Repeats a release after errors, for an older version, and after somebody moved v1, on the local Git server. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createServer, type Outcome } from './server.ts';

// The release runs on ubuntu-latest; the stand-ins are shell scripts.
const suite = { skip: process.platform === 'win32' };

describe('A release that is run again', suite, () => {
  test('can be repeated after an error at any of its calls', () => {
    using server = createServer();
    for (const [index, failsAt] of ['check-runs', 'releases?', 'POST', 'release upload', 'PATCH'].entries()) {
      const sha = server.merge(`1.0.${index}`);
      const first = server.dispatch(`v1.0.${index}`, { failsAt });
      assert.equal(first.ok, false, failsAt);
      assert.match(first.log, /HTTP 502/, failsAt);
      assertOk(server.dispatch(`v1.0.${index}`));
      assert.equal(server.commitOf('tags/v1'), sha, failsAt);
      assert.equal(server.readState().releases.length, index + 1, failsAt);
    }
  });

  test('is repeated for an older version without moving v1 back', () => {
    using server = createServer();
    const old = server.merge('1.0.0');
    assertOk(server.dispatch('v1.0.0'));
    const sha = server.merge('1.0.1');
    assertOk(server.dispatch('v1.0.1'));
    assertOk(server.dispatch('v1.0.0', { commit: old }));
    assert.equal(server.commitOf('tags/v1'), sha);
  });

  test('puts v1 back and warns if it was at no release', () => {
    using server = createServer();
    assertOk(server.dispatch('v1.0.0'));
    const sha = server.commitOf('tags/v1');
    const stray = server.merge('1.0.1');
    server.git('app-token', server.attacker, 'fetch', '--quiet');
    server.git('app-token', server.attacker, 'push', '--force', 'origin', `${stray}:refs/tags/v1`);
    const outcome = server.dispatch('v1.0.0', { commit: sha ?? '' });
    assertOk(outcome);
    assert.match(outcome.log, new RegExp(`::warning .*v1 was at ${stray}, which is no release`));
    assert.equal(server.commitOf('tags/v1'), sha);
  });
});

function assertOk(outcome: Outcome): void {
  assert.ok(outcome.ok, outcome.log);
}
