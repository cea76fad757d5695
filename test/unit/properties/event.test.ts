/** The event's payload: why a run has no secrets, and who reads its log. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { explainMissingSecrets, isRepositoryPrivate } from '../../../src/inputs/event.ts';
import { assertHarmless, LIMIT_MS, outsideText, property } from '../../support/properties.ts';

const anyJson = fc.jsonValue({ maxDepth: 4 });
const payload = fc.oneof(
  fc.dictionary(fc.constantFrom('pull_request', 'repository', 'action'), anyJson),
  fc.record({
    pull_request: fc.record({ head: fc.record({ repo: fc.oneof(anyJson, fc.record({ full_name: outsideText })) }) }),
    repository: fc.record({ full_name: fc.string() }),
  }),
  fc.record({ repository: fc.record({ fork: fc.boolean(), full_name: outsideText }) }),
);

property('a run without secrets is explained in harmless words', 3000, payload, (event) => {
  for (const name of ['pull_request', 'pull_request_target', 'push']) {
    for (const actor of ['octocat', 'dependabot[bot]']) {
      const cause = explainMissingSecrets({ name, actor, payload: event });
      assertHarmless(cause ?? '');
      assert.ok(cause !== undefined || actor === 'octocat');
    }
  }
});

test('a repository is private only if the event says so, and an internal one is not', { timeout: LIMIT_MS }, () => {
  for (const [repository, isPrivate] of [
    [{ private: true }, true],
    [{ private: true, visibility: 'private' }, true],
    [{ private: true, visibility: 'internal' }, false],
    [{ private: true, visibility: 'public' }, false],
    [{ private: true, visibility: null }, false],
    [{ private: false }, false],
    [{ private: 'true' }, false],
    [{}, false],
    [null, false],
    [undefined, false],
  ] as const) {
    const event = { name: 'push', actor: '', payload: { repository } };
    assert.equal(isRepositoryPrivate(event), isPrivate, JSON.stringify(repository));
  }
});
