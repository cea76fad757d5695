/** Runs the scripts of release.yml against a local Git server with the rulesets: first, again, backport, merge in between. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { createServer, type Outcome } from './server.ts';

// The release runs on ubuntu-latest; the stand-ins are shell scripts.
const suite = { skip: process.platform === 'win32' };

describe('A release', suite, () => {
  test('the first creates its tag, its release and v1', () => {
    using server = createServer();
    const sha = server.merge('1.0.0');
    const outcome = server.dispatch('v1.0.0');
    assertOk(outcome);
    assert.equal(server.commitOf('tags/v1.0.0'), sha);
    assert.equal(server.commitOf('tags/v1'), sha);
    const [release] = server.readState().releases;
    assert.equal(release?.draft, false);
    assert.equal(release.make_latest, 'true');
    assert.deepEqual(
      release.assets.map(({ name }) => name),
      ['sbom.cdx.json', 'attestations.intoto.jsonl'],
    );
    assert.doesNotMatch(outcome.log, /::warning/);
  });

  test('a second run of the same commit changes nothing and is green', () => {
    using server = createServer();
    assertOk(server.dispatch('v1.0.0'));
    const before = server.readState();
    const outcome = server.dispatch('v1.0.0');
    assertOk(outcome);
    assert.match(outcome.log, /published already[\s\S]*v1\.0\.0 is at \w+ already[\s\S]*v1 is at v1\.0\.0 already/);
    assert.deepEqual(server.readState(), before);
  });

  test('a backport leaves v1 where it is, and moves it if nothing newer exists', () => {
    using server = createServer();
    assertOk(server.dispatch('v1.0.0'));
    server.merge('1.1.0');
    assertOk(server.dispatch('v1.1.0'));
    const newest = server.merge('1.10.0');
    assertOk(server.dispatch('v1.10.0'));
    server.startBranch('release/v1.1', 'v1.1.0');
    const sha = server.merge('1.1.9', 'release/v1.1');
    const outcome = server.dispatch('v1.1.9', { branch: 'release/v1.1' });
    assertOk(outcome);
    assert.match(outcome.log, /v1 stays at \w+: v1\.10\.0 is newer than v1\.1\.9/);
    assert.equal(server.commitOf('tags/v1.1.9'), sha);
    assert.equal(server.commitOf('tags/v1'), newest);
    assert.equal(server.readState().releases.find(({ tag_name }) => tag_name === 'v1.1.9')?.make_latest, 'false');

    // A new major version leaves the old one's tag alone.
    const major = server.merge('2.0.0');
    assertOk(server.dispatch('v2.0.0'));
    assert.equal(server.commitOf('tags/v2'), major);
    assert.equal(server.commitOf('tags/v1'), newest);
  });

  test('is of the commit that was verified, even if main gets other workflows during the review', () => {
    using server = createServer();
    const sha = server.merge('1.0.0');
    const between = () =>
      void server.merge('1.0.1', 'main', (path) =>
        writeFileSync(join(path, '.github/workflows/other.yml'), 'on: push\n'),
      );
    assertOk(server.dispatch('v1.0.0', { between }));
    assert.equal(server.commitOf('tags/v1.0.0'), sha);
    assert.equal(server.commitOf('tags/v1'), sha);
    assert.notEqual(server.commitOf('heads/main'), sha);
  });

  test('warns if the repository lets a published release be changed', () => {
    using server = createServer();
    server.editState((state) => {
      state.immutability = false;
    });
    const outcome = server.dispatch('v1.0.0');
    assertOk(outcome);
    assert.match(outcome.log, /::warning .*Enable release immutability/);
  });

  test('is refused if a required check also failed or has not ended, whichever the API lists first', () => {
    using server = createServer();
    const sha = server.merge('1.0.0');
    const name = 'Test on windows-latest';
    for (const run of [
      { name, status: 'completed', conclusion: 'failure' },
      { name, status: 'completed', conclusion: 'cancelled' },
      { name, status: 'in_progress', conclusion: null },
    ]) {
      for (const otherChecks of [
        { before: [run], after: [] },
        { before: [], after: [run] },
      ]) {
        server.editState((state) => {
          state.otherChecks = { [sha]: otherChecks };
        });
        const outcome = server.dispatch('v1.0.0');
        assert.equal(outcome.ok, false, outcome.log);
        const word = run.conclusion ?? run.status;
        assert.match(outcome.log, new RegExp(`The check “${name}” of ${sha} is ${word}, not success`));
      }
    }
    assert.equal(server.commitOf('tags/v1.0.0'), undefined);
  });

  test('is refused, before anything is created, for a commit that is not ready', () => {
    using server = createServer();
    assertOk(server.dispatch('v1.0.0'));
    const sha = server.merge('1.2.0');
    const refuse = (version: string, reason: RegExp, options = {}) => {
      const outcome = server.dispatch(version, options);
      assert.equal(outcome.ok, false, version);
      assert.match(outcome.log, reason);
      assert.equal(server.commitOf(`tags/${version}`), undefined);
    };
    refuse('v1.2', /“v1\.2” is not a version/);
    refuse('v01.2.0', /is not a version/);
    refuse('v1.2.0"; touch /tmp/x; "', /is not a version/);
    refuse('v0.9.0', /v0\.9\.0 is older than v1\.0\.0/);
    refuse('v1.3.0', /CHANGELOG\.md has no section for 1\.3\.0/);
    server.editState((state) => {
      state.missing = { [sha]: 'Test on windows-latest' };
    });
    refuse('v1.2.0', /The check “Test on windows-latest” of \w+ is missing, not success/);
    server.editState((state) => {
      state.missing = {};
      state.unsigned = [sha];
    });
    refuse('v1.2.0', /could not verify the signature of \w+ \(unsigned\)/);

    // Another commit that says that it is a version which exists.
    const again = server.merge('1.0.0');
    const outcome = server.dispatch('v1.0.0');
    assert.equal(outcome.ok, false);
    assert.match(
      outcome.log,
      new RegExp(`v1\\.0\\.0 exists, at \\w+\\. A version is released once: this run is of ${again}`),
    );
  });
});

function assertOk(outcome: Outcome): void {
  assert.ok(outcome.ok, outcome.log);
}
