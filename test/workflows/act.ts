/** Runs a workflow with nektos/act in host mode: its binary, a repository of its own, an environment of its own. */
import { execFileSync, spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');
const RUNNERS = ['ubuntu-latest', 'ubuntu-24.04', 'self-hosted'].flatMap((label) => ['-P', `${label}=-self-hosted`]);
const TIMEOUT_MS = 120_000;
/** Each `uses:` but actions/checkout, which act has a stand-in for. */
const USES = /uses: ((?!actions\/checkout@|\.\/)\S+@\S+)/g;
/** The examples' central repository, at the commit that they name. */
const PLATFORM = /(PLATFORM\/workflows)\S*(@\S+)/;
/** GitHub has it since May 2026, and act 0.2.89 refuses it. */
const QUEUE = /^ +queue: max\b.*\n/gm;
/** Stands for every action of others. The outputs are those of aws-actions/configure-aws-credentials. */
const STUB = `name: stub
description: stub
outputs:
  aws-access-key-id:
    value: STUB-ACCESS-KEY
  aws-secret-access-key:
    value: STUB-SECRET
  aws-session-token:
    value: STUB-SESSION
runs:
  using: composite
  steps:
    - run: echo "an action of others stands here; its proxy is \${HTTPS_PROXY:+given}"
      shell: bash
`;
/**
 * Stands before bash and node. act 0.2.89 closes the terminal of a command that fails as soon as it has ended, and then
 * its last line, which is the error, may be lost. Not in sh: dash drops variables whose names have hyphens.
 * A workflow whose HTTPS_PROXY is empty has no proxy on GitHub, and here it still reaches the simulators.
 */
const LATE_EXIT = `const { spawnSync } = require('node:child_process');
const { basename, delimiter } = require('node:path');
// So act asks for the path that it starts actions with.
if (process.argv.at(-1) === 'console.log(process.execPath)') process.exit(console.log(__filename));
process.env.PATH = process.env.PATH.split(delimiter).filter((folder) => folder !== __dirname).join(delimiter);
const { https_proxy, HTTPS_PROXY, STAND_IN_PROXY = '' } = process.env;
if (!https_proxy && !HTTPS_PROXY) process.env.HTTPS_PROXY = STAND_IN_PROXY;
const { status } = spawnSync(basename(__filename), process.argv.slice(2), { stdio: 'inherit' });
setTimeout(() => process.exit(status ?? 1), status === 0 ? 0 : 200);
`;
/** What the caller of the platform's workflow has it run. */
const REPORT_SCRIPT = `set -euo pipefail
echo "AWS credentials in the script: \${AWS_ACCESS_KEY_ID-none}"
curl --fail --silent --show-error --header @- "$ICR_API/organizations/$ICR_ORGANIZATION" <<< "Authorization: Bearer $ICR_TOKEN"
`;

export interface Run {
  workflow: string;
  event: string;
  payload?: unknown;
  vars: Readonly<Record<string, string>>;
  secrets: Readonly<Record<string, string>>;
  env?: Readonly<Record<string, string>>;
  /** Which attempt of the run it is. */
  attempt?: number;
  /** A folder of workflows that are not examples, laid beside them. */
  folder?: string;
  /** One of this repository's own workflows, not an example; on Linux alone. */
  isOwn?: true;
  /** Changes the texts of the workflows: a path that is of this machine. */
  edit?: (text: string) => string;
}

export interface Outcome {
  exitCode: number | null;
  /** What act printed of all jobs; masked values are `***`. */
  log: string;
}

export interface Act extends AsyncDisposable {
  run(run: Run): Promise<Outcome>;
  /** Runs git in the repository, whose `origin` is a bare one: what a workflow pushes is there. */
  git(...options: readonly string[]): string;
}

/** Stages the workflows as the only ones of a repository, and the built action as `OWNER/create-icr-app-token@v1`. */
export async function openAct(): Promise<Act> {
  // Its version is in .ci/go.mod. The first run on a machine takes a minute or two.
  const tools = [join(ROOT, '.ci/tools.cjs'), 'act'];
  const binary = execFileSync(process.execPath, tools, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  }).trim();
  const folder = await mkdtemp(join(tmpdir(), 'icr-act-'));
  const repository = join(folder, 'repository');
  const platform = join(folder, 'platform');
  const action = join(folder, 'action');
  const stub = join(folder, 'stub');

  await cp(join(ROOT, 'action.yml'), join(action, 'action.yml'));
  await cp(join(ROOT, 'dist'), join(action, 'dist'), { recursive: true });
  await write(join(stub, 'action.yml'), STUB);
  // By a path without spaces, which the first line of a script can't hold.
  await symlink(process.execPath, join(folder, 'node'));
  const lateExit = `#!${join(folder, 'node')}\n${LATE_EXIT}`;
  for (const name of ['bash', 'node']) await write(join(folder, 'late-exit', name), lateExit, 0o755);
  await write(join(repository, 'icr/report.sh'), REPORT_SCRIPT);
  await stage(repository, platform, { folder: undefined, edit: (text) => text });
  const git = startRepository(repository, join(folder, 'origin.git'));

  const localOf = (uses: string): readonly [string, string] => {
    const [, name, commit] = PLATFORM.exec(uses) ?? [];
    if (name !== undefined) return [`${name}${commit}`, platform];
    return [uses, uses.includes('/create-icr-app-token@') ? action : stub];
  };
  return {
    git,
    run: async ({ workflow, event, payload, vars, secrets, env, attempt, isOwn, ...staged }) => {
      const ofExamples = await stage(repository, platform, { folder: undefined, edit: (text) => text, ...staged });
      if (staged.folder !== undefined) {
        // One that has an example's name changes a file, and then `git pull --rebase` refuses.
        git('add', '.');
        git('commit', '--no-gpg-sign', '--allow-empty', '--message=Workflows');
        git('pull', '--rebase');
        git('push');
      }
      const uses =
        isOwn === true ? usesIn(await readFile(join(ROOT, '.github/workflows', workflow), 'utf8')) : ofExamples;
      const files = { vars: join(folder, 'vars'), secrets: join(folder, 'secrets'), event: join(folder, 'event.json') };
      await writeFile(files.vars, toDotenv(vars));
      await writeFile(files.secrets, toDotenv(secrets), { mode: 0o600 });
      await writeFile(files.event, JSON.stringify(payload ?? {}));
      const options = [
        ...(isOwn === true ? ['--matrix', 'os:ubuntu-latest'] : []),
        ...[event, '-C', isOwn === true ? ROOT : repository, '-W', `.github/workflows/${workflow}`, ...RUNNERS],
        ...['--pull=false', '--action-offline-mode', '--no-cache-server', '--rm'],
        ...['--action-cache-path', join(folder, 'actions'), '--eventpath', files.event],
        ...['--var-file', files.vars, '--secret-file', files.secrets],
        ...(attempt === undefined ? [] : ['--env', `GITHUB_RUN_ATTEMPT=${attempt}`]),
        ...uses.map(localOf).flatMap(([reference, path]) => ['--local-repository', `${reference}=${path}`]),
      ];
      return collect(binary, options, { ...environment(folder), ...env });
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/**
 * Lays the examples where GitHub looks for them; those of `platform` into the central repository.
 * @returns what the workflows use
 */
async function stage(
  repository: string,
  platform: string,
  { folder, edit }: { folder: string | undefined; edit: (text: string) => string },
): Promise<string[]> {
  const used = new Set<string>();
  const copy = async (path: string, to: string) => {
    const text = await readFile(path, 'utf8');
    for (const uses of usesIn(text)) used.add(uses);
    await write(to, edit(text).replaceAll(QUEUE, ''));
  };
  const copyAll = async (from: string, to: string) => {
    const names = (await readdir(from)).filter((name) => /\.ya?ml$/.test(name));
    for (const name of names) await copy(join(from, name), join(to, '.github/workflows', name));
  };
  const examples = import.meta.dirname;
  await copyAll(examples, repository);
  if (folder !== undefined) await copyAll(folder, repository);
  await copyAll(join(examples, 'platform'), platform);
  await copy(join(examples, 'platform/icr-token/action.yml'), join(platform, 'icr-token/action.yml'));
  return [...used];
}

function usesIn(workflow: string): string[] {
  return [...workflow.matchAll(USES)].map(([, uses = '']) => uses);
}

async function write(path: string, text: string, mode = 0o644): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text, { mode });
}

/** Steps see the whole environment of act in host mode, so it holds nothing of this process' but the path. */
function environment(folder: string): Record<string, string> {
  const path = [
    join(folder, 'late-exit'),
    dirname(process.execPath),
    join(ROOT, 'test/workflows/fake-clis'),
    process.env['PATH'] ?? '',
  ];
  return {
    PATH: path.join(delimiter),
    HOME: folder,
    XDG_CACHE_HOME: join(folder, 'cache'),
    XDG_CONFIG_HOME: join(folder, 'config'),
    NO_COLOR: '1',
    ACT_DISABLE_VERSION_CHECK: '1',
    DOCKER_HOST: 'unix:///nonexistent',
  };
}

function startRepository(repository: string, origin: string): Act['git'] {
  const git = (...options: readonly string[]) =>
    execFileSync('git', ['-c', 'user.name=nobody', '-c', 'user.email=nobody@example.invalid', ...options], {
      cwd: repository,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  git('init', '--bare', '--initial-branch=main', origin);
  git('init', '--initial-branch=main');
  git('add', '.');
  git('commit', '--no-gpg-sign', '--message=Workflows');
  git('remote', 'add', 'origin', origin);
  git('push', '--set-upstream', 'origin', 'main');
  return git;
}

/** As godotenv reads it: a quoted value keeps its line ends as \n. */
function toDotenv(pairs: Readonly<Record<string, string>>): string {
  return Object.entries(pairs)
    .map(([name, text]) => `${name}=${text.includes('\n') ? JSON.stringify(text) : text}\n`)
    .join('');
}

async function collect(binary: string, options: string[], env: Record<string, string>): Promise<Outcome> {
  const child = spawn(binary, options, { env, stdio: ['ignore', 'pipe', 'pipe'], timeout: TIMEOUT_MS });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      log += text;
    });
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode) => resolve({ exitCode, log }));
  });
}
