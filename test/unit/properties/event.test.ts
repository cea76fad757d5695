/** The event's payload: a webhook in it, and why a run has no secrets. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isId } from '../../../src/icr/id.ts';
import { explainMissingSecrets, isRepositoryPrivate, relayedInstallation } from '../../../src/inputs/event.ts';
import { assertHarmless, attempt, LIMIT_MS, outsideText, property } from '../../support/properties.ts';

const anyJson = fc.jsonValue({ maxDepth: 4 });
const payload = fc.oneof(
  fc.dictionary(fc.constantFrom('client_payload', 'installation', 'pull_request', 'repository', 'action'), anyJson),
  fc.record({ client_payload: fc.record({ installation: fc.oneof(anyJson, fc.record({ id: anyJson })) }) }),
  fc.record({
    client_payload: fc.record({ installation: fc.record({ id: outsideText }) }),
    installation: fc.record({ id: fc.nat() }),
  }),
  fc.record({ pull_request: fc.record({ head: fc.record({ repo: fc.record({ full_name: outsideText }) }) }) }),
);

property(
  'a relayed webhook names an installation by an id, or is an error; GitHub’s own payload never does',
  3000,
  fc.tuple(payload, fc.constantFrom('repository_dispatch', 'push', 'pull_request', 'installation')),
  ([event, name]) => {
    const relayed = 'client_payload' in event ? event.client_payload : undefined;
    const found = attempt(() => relayedInstallation({ name, actor: '', payload: event }));
    if (found instanceof Error) {
      assertHarmless(found.message);
      assert.match(found.message, Object.keys(event).length === 0 ? /cannot be read/ : /client_payload/);
    } else if (found !== undefined) {
      assert.equal(name, 'repository_dispatch');
      assert.deepEqual(JSON.parse(JSON.stringify(relayed)).installation.id, found.id);
      assert.ok(isId(found.id));
      assert.ok(found.organizationId === undefined || isId(found.organizationId));
    }
  },
);

property('a run without secrets is explained in harmless words', 3000, payload, (event) => {
  for (const name of ['pull_request', 'pull_request_target', 'push']) {
    for (const actor of ['octocat', 'dependabot[bot]']) {
      const { isExpected, cause } = explainMissingSecrets({ name, actor, payload: event });
      assertHarmless(cause);
      assert.ok(isExpected || actor === 'octocat');
    }
  }
});

test('a repository is private only if the event says so', { timeout: LIMIT_MS }, () => {
  for (const [repository, isPrivate] of [
    [{ private: true }, true],
    [{ private: false }, false],
    [{ private: 'true' }, false],
    [{}, false],
    [null, false],
    [undefined, false],
  ] as const) {
    assert.equal(isRepositoryPrivate({ name: 'push', actor: '', payload: { repository } }), isPrivate);
  }
});
