/** A local Git server with the imported rulesets, the people who push to it, and the scripts of release.yml run on it. */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { parse } from 'yaml';

const ROOT = join(import.meta.dirname, '../../..');
/** The environment's own rule, a setting that no file can hold: only these branches get its secrets. */
const RELEASE_BRANCH = /^(?:main|release\/v[^/]+)$/;
const APP = { actor_type: 'Integration', actor_id: 4242, bypass_mode: 'always' };
const SBOM = '{"bomFormat":"CycloneDX"}';

interface Step {
  name?: string;
  if?: string;
  run?: string;
  env?: Readonly<Record<string, string>>;
}

interface Job {
  environment?: string;
  env?: Readonly<Record<string, string>>;
  steps: readonly Step[];
}

export interface Release {
  id: number;
  tag_name: string;
  draft: boolean;
  make_latest?: string;
  assets: { name: string; digest: string }[];
}

interface CheckRun {
  name: string;
  status: string;
  conclusion: string | null;
}

export interface GitHubState {
  releases: Release[];
  /** Commits whose signature GitHub could not verify. */
  unsigned: string[];
  /** The name of the check that did not run, by commit. */
  missing: Record<string, string>;
  /** What the API lists before and after the checks that passed, by commit. */
  otherChecks: Record<string, { before: CheckRun[]; after: CheckRun[] }>;
  /** What somebody changes in a draft before it is published. */
  editAfterUpload?: object;
  immutability: boolean;
}

export interface Outcome {
  ok: boolean;
  log: string;
}

export interface Dispatch {
  branch?: string;
  /** The commit of the run; without it the branch's newest. */
  commit?: string;
  /** Happens while the reviewers look. */
  between?: () => void;
  /** Every call of gh with this text in it fails. */
  failsAt?: string;
}

export type Server = ReturnType<typeof createServer>;

export function createServer() {
  const folder = mkdtempSync(join(tmpdir(), 'icr-release-'));
  const origin = join(folder, 'origin.git');
  const stateFile = join(folder, 'github.json');
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  writeScript(join(bin, 'gh'), 'gh.cjs');

  const environment = (token: string): NodeJS.ProcessEnv => ({
    PATH: [bin, process.env['PATH']].join(delimiter),
    HOME: folder,
    GH_TOKEN: token,
    GH_STATE: stateFile,
    GH_ORIGIN: origin,
    GIT_AUTHOR_NAME: token,
    GIT_AUTHOR_EMAIL: 'nobody@example.invalid',
    GIT_COMMITTER_NAME: token,
    GIT_COMMITTER_EMAIL: 'nobody@example.invalid',
    GIT_CONFIG_NOSYSTEM: '1',
  });
  /** Git as somebody; throws with what the server said. */
  const git = (token: string, cwd: string, ...options: string[]) =>
    execFileSync('git', options, { cwd, env: environment(token), encoding: 'utf8', stdio: 'pipe' }).trim();
  const clone = (name: string) => {
    const path = join(folder, name);
    git(name, folder, 'clone', '--quiet', origin, path);
    return path;
  };

  git('nobody', folder, 'init', '--quiet', '--bare', '--initial-branch=main', origin);
  // What Git refuses by itself would hide what the rulesets refuse.
  git('nobody', origin, 'config', 'receive.denyDeleteCurrent', 'ignore');
  const maintainer = clone('maintainer');
  git('maintainer', maintainer, 'checkout', '--quiet', '-B', 'main');
  for (const path of ['.ci/release', '.github', 'action.yml']) {
    cpSync(join(ROOT, path), join(maintainer, path), { recursive: true });
  }
  commitVersion('1.0.0');
  git('maintainer', maintainer, 'push', '--quiet', 'origin', 'main');
  const attacker = clone('attacker');
  writeFileSync(
    stateFile,
    JSON.stringify({
      releases: [],
      nextId: 1,
      checks: importRulesets(),
      unsigned: [],
      missing: {},
      otherChecks: {},
      immutability: true,
    }),
  );
  writeScript(join(origin, 'hooks/update'), 'rules.cjs');

  /** As RELEASING.md tells the owner: the files as they are, and the release app as the one that may bypass tags.json. */
  function importRulesets(): string[] {
    const read = (file: string) => JSON.parse(readFileSync(join(ROOT, '.github/rulesets', file), 'utf8'));
    mkdirSync(join(origin, 'rulesets'));
    for (const file of readdirSync(join(ROOT, '.github/rulesets'))) {
      const ruleset = read(file);
      if (file === 'tags.json') ruleset.bypass_actors.push(APP);
      writeFileSync(join(origin, 'rulesets', file), JSON.stringify(ruleset));
    }
    const [{ parameters }] = read('main.json').rules.filter(
      ({ type }: { type: string }) => type === 'required_status_checks',
    );
    return parameters.required_status_checks.map(({ context }: { context: string }) => context);
  }

  function commitVersion(version: string, edit?: (path: string) => void): string {
    writeFileSync(join(maintainer, 'package.json'), JSON.stringify({ version }));
    writeFileSync(join(maintainer, 'CHANGELOG.md'), `# C\n\n## [${version}] - 2026-01-02\n\n- One\n`);
    edit?.(maintainer);
    git('maintainer', maintainer, 'add', '.');
    git('maintainer', maintainer, 'commit', '--quiet', '--allow-empty', '--no-gpg-sign', '--message', version);
    return git('maintainer', maintainer, 'rev-parse', 'HEAD');
  }

  const readState = (): GitHubState => JSON.parse(readFileSync(stateFile, 'utf8'));

  return {
    attacker,
    git,
    readState,
    editState(change: (state: GitHubState) => void): void {
      const state = readState();
      change(state);
      writeFileSync(stateFile, JSON.stringify(state));
    },
    /** A call of GitHub's API as somebody. */
    gh: (token: string, method: string, path: string, input: object = {}): unknown => {
      const options = ['api', '--method', method, `repos/octo-org/action/${path}`, '--input', '-'];
      const answer = execFileSync(join(bin, 'gh'), options, {
        env: environment(token),
        input: JSON.stringify(input),
        encoding: 'utf8',
        stdio: 'pipe',
      });
      return answer === '' ? undefined : JSON.parse(answer);
    },
    /** A reviewed pull request with this version, merged by GitHub. Returns the commit. */
    merge(version: string, branch = 'main', edit?: (path: string) => void): string {
      git('maintainer', maintainer, 'fetch', '--quiet', 'origin');
      git('maintainer', maintainer, 'checkout', '--quiet', '-B', 'work', `origin/${branch}`);
      const sha = commitVersion(version, edit);
      git('merge', maintainer, 'push', '--quiet', 'origin', `HEAD:refs/heads/${branch}`);
      return sha;
    },
    /** An admin starts a branch for backports. */
    startBranch(name: string, from: string): void {
      git('admin', maintainer, 'fetch', '--quiet', '--tags', '--force', 'origin');
      git('admin', maintainer, 'push', '--quiet', 'origin', `${from}:refs/heads/${name}`);
    },
    commitOf(ref: string): string | undefined {
      const options = ['rev-parse', '--verify', '--quiet', `refs/${ref}`];
      const { status, stdout } = spawnSync('git', options, { cwd: origin, encoding: 'utf8' });
      return status === 0 ? stdout.trim() : undefined;
    },
    /** Runs the scripts of the jobs verify and release, from the workflow file of the branch that it is started on. */
    dispatch(version: string, { branch = 'main', commit, between, failsAt = '' }: Dispatch = {}): Outcome {
      const checkout = mkdtempSync(join(folder, 'checkout-'));
      const temp = mkdtempSync(join(folder, 'temp-'));
      git('job-token', folder, 'clone', '--quiet', '--branch', branch, origin, checkout);
      if (commit !== undefined) git('job-token', checkout, 'checkout', '--quiet', commit);
      const sha = git('job-token', checkout, 'rev-parse', 'HEAD');
      const workflow = readFileSync(join(checkout, '.github/workflows/release.yml'), 'utf8');
      const { jobs }: { jobs: Record<string, Job> } = parse(workflow);
      const bundle = join(temp, 'bundle.json');
      // An attestation has other bytes each time.
      writeFileSync(bundle, JSON.stringify({ attestation: temp }));
      let log = '';

      for (const [name, job] of Object.entries(jobs).filter(([name]) => name === 'verify' || name === 'release')) {
        if (name === 'release') between?.();
        const hasSecrets = job.environment === 'release' && RELEASE_BRANCH.test(branch);
        const values: Record<string, string> = {
          'inputs.version': version,
          'github.token': 'job-token',
          'steps.app.outputs.token': hasSecrets ? 'app-token' : '',
          'needs.build.outputs.sbom': SBOM,
          'steps.provenance.outputs.bundle-path': bundle,
          'steps.contents.outputs.bundle-path': bundle,
        };
        const expand = (text: string) => text.replace(/\$\{\{ (.*?) \}\}/g, (_, key) => values[key] ?? `no ${key}`);
        const output = join(temp, 'output');
        writeFileSync(output, '');
        for (const step of job.steps.filter(({ run }) => run !== undefined)) {
          const isPublished = !readFileSync(output, 'utf8').includes('published=false');
          if (step.if === "steps.before.outputs.published == 'false'" && isPublished) continue;
          const env = Object.entries({ ...job.env, ...step.env }).map(([key, value]) => [key, expand(value)]);
          const result = spawnSync('bash', ['-e', '-c', step.run ?? ''], {
            cwd: checkout,
            encoding: 'utf8',
            env: {
              ...environment('no token'),
              GITHUB_REPOSITORY: 'octo-org/action',
              GITHUB_REF: `refs/heads/${branch}`,
              GITHUB_SHA: sha,
              GITHUB_OUTPUT: output,
              GH_FAILS: failsAt,
              RUNNER_TEMP: temp,
              ...Object.fromEntries(env),
            },
          });
          log += `# ${step.name ?? step.run}\n${result.stdout}${result.stderr}`;
          if (result.status !== 0) return { ok: false, log };
        }
      }
      return { ok: true, log };
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function writeScript(path: string, name: string): void {
  writeFileSync(path, `#!/bin/sh\nexec '${process.execPath}' '${join(import.meta.dirname, name)}' "$@"\n`);
  chmodSync(path, 0o755);
}
