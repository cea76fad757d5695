/** Runs the commands of SECURITY.md and INCIDENTS.md that verify a release, as printed, and checks what they demand. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { parse } from 'yaml';

const ROOT = join(import.meta.dirname, '../../..');
const SECURITY = readFileSync(join(ROOT, 'SECURITY.md'), 'utf8');
const INCIDENTS = readFileSync(join(ROOT, '.github/INCIDENTS.md'), 'utf8');
const [download = '', verify = '', rebuild = ''] = blocksOf(SECURITY, 'Verify a release');
const VALID = 'Every attestation is valid.';
const REBUILT = 'dist is what this source builds.';
const REPOSITORY = 'OWNER/create-icr-app-token';
const SBOM = 'https://cyclonedx.org/bom';

interface Step {
  uses?: string;
  with?: Readonly<Record<string, string>>;
}

interface Bundle {
  subjects: string[];
  predicateType: string;
  repository: string;
  signerWorkflow: string;
  sourceRef: string;
  sourceDigest: string;
  runner: string;
}

const folder = mkdtempSync(join(tmpdir(), 'icr-verify-'));
after(() => rmSync(folder, { recursive: true }));

describe('The commands of SECURITY.md', () => {
  const workflow = parse(readFileSync(join(ROOT, '.github/workflows/release.yml'), 'utf8'));
  const attested = (workflow.jobs.release.steps as Step[]).flatMap(({ uses, with: inputs }) =>
    uses?.startsWith('actions/attest@') === true ? [inputs ?? {}] : [],
  );
  const loops = [...verify.matchAll(/for file in ([^;]+); do\s+verify "\$file"(?: --predicate-type (\S+))?\s+done/g)];

  test('name each file that the release attests, with its predicate, and no other', () => {
    assert.equal(loops.length, attested.length);
    for (const [index, inputs] of attested.entries()) {
      const subjects = (inputs['subject-path'] ?? '').trim().split('\n');
      // The SBOM is made during the release; the user downloads it beside the others.
      const files = subjects.map((path) => path.replace(/^\$\{\{ runner\.temp \}\}\//, ''));
      const [, named = '', type] = loops[index] ?? [];
      assert.deepEqual(named.split(' '), files);
      assert.equal(type, inputs['predicate-type']);
    }
  });

  test('demand this workflow, a protected branch, the commit, and a runner of GitHub’s', () => {
    const signer = /--signer-workflow OWNER\/create-icr-app-token\/(\S+)/.exec(verify)?.[1] ?? '';
    assert.equal(basename(signer), 'release.yml');
    assert.ok(existsSync(join(ROOT, signer)), signer);
    assert.match(verify, /--source-ref refs\/heads\/main\b/);
    assert.match(verify, /--source-digest "\$sha"/);
    assert.match(verify, /--deny-self-hosted-runners/);
  });

  test('download assets that the release has', () => {
    const publish = readFileSync(join(ROOT, '.ci/release/publish.cjs'), 'utf8');
    const patterns = [...download.matchAll(/--pattern (\S+)/g)].map(([, pattern = '']) => pattern);
    assert.equal(patterns.length, 2);
    for (const pattern of patterns) assert.ok(publish.includes(`'${pattern}'`), pattern);
  });

  test('name the version of gh that they need', () => {
    assert.match(SECURITY, /`gh` 2\.81 or later/);
  });
});

describe('The commands of SECURITY.md, run', { skip: process.platform === 'win32' }, () => {
  test('succeed for a release that is ours, after one download and then without a network', () => {
    const scene = createRelease();
    assert.equal(scene.run(download).status, 0);
    const { status, output } = scene.run(verify, { GH_STATE: '/nonexistent' });
    assert.equal(status, 0, output);
    assert.equal(output.match(/was attested/g)?.length, 6);
    assert.ok(output.endsWith(`${VALID}\n`));
  });

  test('fail if the release itself is not GitHub’s, or lacks a file', () => {
    const scene = createRelease();
    scene.save({ verified: 'v0.9.0' });
    assert.notEqual(scene.run(download).status, 0);
    scene.save({ verified: 'v1.0.0', assets: {} });
    assert.notEqual(scene.run(download).status, 0);
  });

  for (const [index, name] of ['action.yml', 'dist/main/index.js', 'dist/post/index.js', 'sbom.cdx.json'].entries()) {
    test(`fail if the provenance of ${name} is rejected`, () => {
      rejects((scene) => scene.bundles[0].subjects.splice(index, 1));
    });
  }

  for (const [index, name] of ['dist/main/index.js', 'dist/post/index.js'].entries()) {
    test(`fail if the SBOM of ${name} is rejected`, () => {
      rejects((scene) => scene.bundles[1].subjects.splice(index, 1));
    });
  }

  for (const [field, other] of [
    ['signerWorkflow', `${REPOSITORY}/.github/workflows/ci.yml`],
    ['sourceRef', 'refs/heads/patch'],
    ['sourceDigest', '0'.repeat(40)],
    ['repository', 'mallory/create-icr-app-token'],
    ['runner', 'self-hosted'],
  ] as const) {
    test(`fail for an attestation with another ${field}`, () => {
      for (const index of [0, 1] as const) {
        rejects((scene) => {
          scene.bundles[index][field] = other;
        });
      }
    });
  }

  test('fail for a file that was changed after the commit, even to one that is attested', () => {
    rejects((scene) => {
      scene.write('dist/post/index.js', 'main');
    });
  });

  for (const path of ['dist/main/package.json', 'dist/node_modules/tunnel/index.js']) {
    test(`fail for ${path}, which was added`, () => {
      rejects((scene) => scene.write(path, '{}'));
    });
  }

  test('fail without a bundle, without a trusted root, without a commit, and without gh', () => {
    rejects((scene) => rmSync(join(scene.clone, 'attestations.intoto.jsonl')));
    rejects((scene) => scene.write('trusted_root.jsonl', ''));
    rejects((scene) => rmSync(join(scene.clone, '.git'), { recursive: true }));
    rejects((scene) => rmSync(join(scene.bin, 'gh')));
  });

  test('build dist again, and fail if it differs, if a file was added to it, or without git', () => {
    const scene = createRelease();
    const { status, output } = scene.run(rebuild);
    assert.equal(status, 0, output);
    assert.ok(output.endsWith(`${REBUILT}\n`));
    scene.commit('dist/main/package.json', '{"type":"module"}');
    const changed = createRelease();
    changed.commit('dist/main/index.js', 'another');
    const withoutGit = createRelease();
    rmSync(join(withoutGit.clone, '.git'), { recursive: true });
    for (const { run } of [scene, changed, withoutGit]) {
      const refused = run(rebuild);
      assert.equal(refused.status, 1);
      assert.doesNotMatch(refused.output, new RegExp(REBUILT));
    }
  });
});

describe('The commands of INCIDENTS.md, run', { skip: process.platform === 'win32' }, () => {
  test('verify the release, not the working tree, and put v1 back to it', () => {
    const [, checkout = '', push = ''] = blocksOf(INCIDENTS, '`v1`');
    const scene = createRelease({ tag: 'v1.2.3' });
    const good = scene.head();
    scene.commit('dist/main/index.js', 'evil');
    scene.git('push', '--quiet', '--force', 'origin', 'HEAD:refs/heads/main', 'HEAD:refs/tags/v1');
    scene.write('dist/main/index.js', 'work in progress');
    const script = [checkout, download, verify, push].join('\n');
    const { status, output } = scene.run(script.replaceAll('v1.0.0', 'v1.2.3'));
    assert.equal(status, 0, output);
    assert.match(output, new RegExp(VALID));
    assert.equal(scene.git('ls-remote', 'origin', 'refs/tags/v1').split('\t')[0], good);
  });
});

/** After `spoil`, the verification fails. */
function rejects(spoil: (scene: ReturnType<typeof createRelease>) => unknown): void {
  const scene = createRelease();
  assert.equal(scene.run(download).status, 0);
  spoil(scene);
  scene.saveBundles();
  // In a condition, where `set -e` would have no effect.
  const { status, output } = scene.run(`if\n${verify}\nthen echo ACCEPTED; else exit 1; fi`);
  assert.equal(status, 1, output);
  assert.doesNotMatch(output, new RegExp(`${VALID}|ACCEPTED`));
}

/** A clone at the commit of a release, what the release attests, and a gh and an npm that know of it. */
function createRelease({ tag = 'v1.0.0' } = {}) {
  const scene = mkdtempSync(join(folder, 'release-'));
  const [clone, bin, state] = [join(scene, 'clone'), join(scene, 'bin'), join(scene, 'github.json')];
  mkdirSync(bin);
  const gh = join(import.meta.dirname, 'gh.cjs');
  writeFileSync(join(bin, 'gh'), `#!/bin/sh\nexec '${process.execPath}' '${gh}' "$@"\n`, { mode: 0o755 });
  const npm =
    '#!/bin/sh\n[ "$1" = ci ] || for name in main post; do mkdir -p dist/$name; printf $name > dist/$name/index.js; done\n';
  writeFileSync(join(bin, 'npm'), npm, { mode: 0o755 });

  const env = {
    PATH: [bin, dirname(process.execPath), process.env['PATH']].join(delimiter),
    HOME: scene,
    GH_STATE: state,
    GIT_AUTHOR_NAME: 'nobody',
    GIT_AUTHOR_EMAIL: 'nobody@example.invalid',
    GIT_COMMITTER_NAME: 'nobody',
    GIT_COMMITTER_EMAIL: 'nobody@example.invalid',
    GIT_CEILING_DIRECTORIES: scene,
  };
  const git = (...options: string[]) => execFileSync('git', options, { cwd: clone, encoding: 'utf8', env }).trim();
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(clone, path)), { recursive: true });
    writeFileSync(join(clone, path), text);
  };
  const commit = (path: string, text: string) => {
    write(path, text);
    git('add', '--all');
    git('commit', '--quiet', '--message', path);
  };
  const files = { 'action.yml': 'action', 'dist/main/index.js': 'main', 'dist/post/index.js': 'post' };
  execFileSync('git', ['init', '--quiet', '--bare', join(scene, 'origin.git')], { env });
  mkdirSync(clone);
  git('init', '--quiet', '--initial-branch', 'main');
  git('remote', 'add', 'origin', join(scene, 'origin.git'));
  write('.gitignore', 'node_modules/\n');
  for (const [path, text] of Object.entries(files)) write(path, text);
  commit('README.md', 'readme');
  git('tag', tag);
  git('push', '--quiet', 'origin', 'main', tag);

  const sourceDigest = git('rev-parse', 'HEAD');
  const bundle = (predicateType: string, texts: readonly string[]): Bundle => ({
    subjects: texts.map((text) => createHash('sha256').update(text).digest('hex')),
    predicateType,
    repository: REPOSITORY,
    signerWorkflow: `${REPOSITORY}/.github/workflows/release.yml`,
    sourceRef: 'refs/heads/main',
    sourceDigest,
    runner: 'github-hosted',
  });
  const bundles: [Bundle, Bundle] = [
    bundle('https://slsa.dev/provenance/v1', ['action', 'main', 'post', 'sbom']),
    bundle(SBOM, ['main', 'post']),
  ];
  const lines = () => bundles.map((line) => JSON.stringify(line)).join('\n');
  const save = (changes: object) => {
    const assets = { 'sbom.cdx.json': 'sbom', 'attestations.intoto.jsonl': lines() };
    writeFileSync(state, JSON.stringify({ verified: tag, assets, ...changes }));
  };
  save({});
  return {
    clone,
    bin,
    bundles,
    git,
    write,
    commit,
    save,
    saveBundles: () => {
      const path = join(clone, 'attestations.intoto.jsonl');
      if (existsSync(path)) writeFileSync(path, lines());
    },
    head: () => git('rev-parse', 'HEAD'),
    run: (script: string, changes: NodeJS.ProcessEnv = {}) => {
      const options = { cwd: clone, encoding: 'utf8', env: { ...env, ...changes } } as const;
      const { status, stdout, stderr } = spawnSync('bash', ['-c', script], options);
      return { status, output: `${stderr}${stdout}` };
    },
  };
}

/** The shell commands below a heading that begins so. */
function blocksOf(document: string, heading: string): string[] {
  const [, section = ''] = document.split(`\n## ${heading}`);
  const [text = ''] = section.split('\n## ');
  return [...text.matchAll(/^( *)```sh\n(.*?)^ *```$/gms)].map(([, indent = '', block = '']) =>
    block.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  );
}
