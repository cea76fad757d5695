/** Tries to forge a release, as somebody who can push, on the local Git server with the rulesets. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { createServer, type Outcome, type Server } from './server.ts';

// The release runs on ubuntu-latest; the stand-ins are shell scripts.
const suite = { skip: process.platform === 'win32' };

describe('An attacker who can push', suite, () => {
  test('cannot create, move or delete a tag, or change main, or start a release branch', () => {
    using server = releasedServer();
    const evil = commitAsAttacker(server);
    const unrelated = server.git('attacker', server.attacker, 'commit-tree', 'HEAD^{tree}', '-m', 'evil');
    const refusals: [string[], RegExp][] = [
      [[`${evil}:refs/tags/v1.0.1`], /Only the release app creates and moves tags \(creation\)/],
      [[`${evil}:refs/tags/v2`], /\(creation\)/],
      [[`${evil}:refs/tags/anything`], /\(creation\)/],
      [['--force', `${evil}:refs/tags/v1`], /Only the release app creates and moves tags \(update\)/],
      [['--delete', 'v1'], /\(deletion\)/],
      [['--force', `${evil}:refs/tags/v1.0.0`], /\(update\)/],
      [['--delete', 'v1.0.0'], /\(deletion\)/],
      [[`${evil}:refs/heads/main`], /main and release branches \(required_signatures\)/],
      [['--force', `${unrelated}:refs/heads/main`], /main and release branches \(non_fast_forward\)/],
      [['--delete', 'main'], /\(deletion\)/],
      [[`${evil}:refs/heads/release/v1.3`], /Only admins create release branches \(creation\)/],
    ];
    const main = server.commitOf('heads/main');
    for (const [options, reason] of refusals) {
      assert.throws(() => server.git('attacker', server.attacker, 'push', 'origin', ...options), reason);
    }
    assert.equal(server.commitOf('heads/main'), main);
  });

  test('not even the release app changes the tag of a version', () => {
    using server = releasedServer();
    const evil = commitAsAttacker(server);
    const push = (...options: string[]) => server.git('app-token', server.attacker, 'push', 'origin', ...options);
    assert.throws(() => push('--force', `${evil}:refs/tags/v1.0.0`), /Nobody changes the tag of a version \(update\)/);
    assert.throws(() => push('--delete', 'v1.0.0'), /Nobody changes the tag of a version \(deletion\)/);
  });

  test('gets no key for a branch whose release.yml has no checks, with or without the environment', () => {
    using server = releasedServer();
    const sha = server.commitOf('tags/v1');
    for (const [branch, environment] of [
      ['evil', 'environment: release'],
      ['worse', 'environment: none'],
    ] as const) {
      const evil = commitAsAttacker(server, (path) => {
        const file = join(path, '.github/workflows/release.yml');
        const text = readFileSync(file, 'utf8').replace(/ {2}verify:[\s\S]*?(?=\n {2}test:)/, '');
        writeFileSync(file, text.replace('environment: release', environment));
        writeFileSync(join(path, 'package.json'), '{"version":"1.0.1"}');
        writeFileSync(join(path, 'CHANGELOG.md'), '## [1.0.1] - 2026-01-02\n\n- Evil\n');
      });
      server.git('attacker', server.attacker, 'push', '--quiet', '--force', 'origin', `${evil}:refs/heads/${branch}`);
      const outcome = server.dispatch('v1.0.1', { branch });
      assert.equal(outcome.ok, false);
      assert.match(outcome.log, /Only the release app creates and moves tags \(creation\)/);
      assert.equal(server.commitOf('tags/v1.0.1'), undefined);
      assert.equal(server.commitOf('tags/v1'), sha);
    }
  });

  test('cannot push a tag from a workflow of their own, with the token that every job has', () => {
    using server = releasedServer();
    const evil = commitAsAttacker(server);
    const push = () => server.git('job-token', server.attacker, 'push', '--force', 'origin', `${evil}:refs/tags/v1`);
    assert.throws(push, /\(update\)/);
  });

  test('cannot make a tag by publishing a release', () => {
    using server = releasedServer();
    const evil = commitAsAttacker(server);
    server.git('attacker', server.attacker, 'push', '--quiet', 'origin', `${evil}:refs/heads/evil`);
    const fields = { tag_name: 'v1.0.1', target_commitish: evil, draft: false };
    assert.throws(() => server.gh('attacker', 'POST', 'releases', fields), /\(creation\)/);
    assert.equal(server.commitOf('tags/v1.0.1'), undefined);
  });

  test('cannot plant a draft: one that exists is thrown away', () => {
    using server = releasedServer();
    server.gh('attacker', 'POST', 'releases', {
      tag_name: 'v1.0.1',
      draft: true,
      body: 'evil',
      target_commitish: 'evil',
    });
    server.merge('1.0.1');
    assertOk(server.dispatch('v1.0.1'));
    const releases = server.readState().releases.filter(({ tag_name }) => tag_name === 'v1.0.1');
    assert.equal(releases.length, 1);
    assert.doesNotMatch(JSON.stringify(releases), /evil/);
  });

  test('cannot turn the draft into another version’s release between upload and publication', () => {
    using server = releasedServer();
    const sha = server.merge('1.0.1');
    const evil = commitAsAttacker(server);
    server.git('attacker', server.attacker, 'push', '--quiet', 'origin', `${evil}:refs/heads/evil`);
    server.editState((state) => {
      state.editAfterUpload = { tag_name: 'v9.9.9', target_commitish: evil, body: 'evil' };
    });
    assertOk(server.dispatch('v1.0.1'));
    assert.equal(server.commitOf('tags/v9.9.9'), undefined);
    assert.equal(server.commitOf('tags/v1.0.1'), sha);
    assert.doesNotMatch(JSON.stringify(server.readState().releases), /"body":"evil"/);
  });

  test('is seen if they publish a release of their own on the new tag, or change an asset of ours', () => {
    using server = releasedServer();
    server.merge('1.0.1');
    // The run ends after its tag; the attacker is faster than the next try.
    assert.equal(server.dispatch('v1.0.1', { failsAt: 'POST' }).ok, false);
    server.gh('attacker', 'POST', 'releases', { tag_name: 'v1.0.1', draft: false });
    const theirs = server.dispatch('v1.0.1');
    assert.equal(theirs.ok, false);
    assert.match(theirs.log, /is not ours: attacker published it; its assets are none.*Release the next version/);

    server.merge('1.0.2');
    const assets = [
      { name: 'attestations.intoto.jsonl', digest: 'sha256:0' },
      { name: 'sbom.cdx.json', digest: 'sha256:0' },
    ];
    server.editState((state) => {
      state.editAfterUpload = { assets };
    });
    const changed = server.dispatch('v1.0.2');
    assert.equal(changed.ok, false);
    assert.match(changed.log, /sbom\.cdx\.json is not what this run made; attestations\.intoto\.jsonl is not what/);
    assert.notEqual(server.commitOf('tags/v1'), server.commitOf('tags/v1.0.2'));
  });

  test('cannot let an old run finish a version that another commit has', () => {
    using server = releasedServer();
    const old = server.merge('1.0.1');
    const sha = server.merge('1.0.1');
    assertOk(server.dispatch('v1.0.1'));
    const outcome = server.dispatch('v1.0.1', { commit: old });
    assert.equal(outcome.ok, false);
    assert.equal(server.commitOf('tags/v1.0.1'), sha);
  });
});

function releasedServer(): Server {
  const server = createServer();
  assertOk(server.dispatch('v1.0.0'));
  return server;
}

function commitAsAttacker(server: Server, edit?: (path: string) => void): string {
  const git = (...options: string[]) => server.git('attacker', server.attacker, ...options);
  git('fetch', '--quiet', '--tags', '--force', 'origin');
  git('checkout', '--quiet', '-B', 'evil', 'origin/main');
  writeFileSync(join(server.attacker, 'evil.js'), String(Math.random()));
  edit?.(server.attacker);
  git('add', '.');
  git('commit', '--quiet', '--no-gpg-sign', '--message', 'evil');
  return git('rev-parse', 'HEAD');
}

function assertOk(outcome: Outcome): void {
  assert.ok(outcome.ok, outcome.log);
}
