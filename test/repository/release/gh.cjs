// Stands for GitHub's command line: the few calls of .ci/release, against a file in place of GitHub's API, and those of
// somebody who verifies a release (attestations.cjs).
const { spawnSync } = require('node:child_process');
const { createHash } = require('node:crypto');
const { readFileSync, writeFileSync } = require('node:fs');
const { basename } = require('node:path');
const attestations = require('./attestations.cjs');

const { GH_STATE, GH_TOKEN, GH_ORIGIN, GH_FAILS = '' } = process.env;
const args = process.argv.slice(2);
// Attestations are verified without GitHub.
const state = args[0] === 'attestation' ? {} : JSON.parse(readFileSync(GH_STATE, 'utf8'));

if (GH_FAILS !== '' && args.join(' ').includes(GH_FAILS)) refuse('HTTP 502: Server Error');
if (args[0] === 'auth' || attestations.run(args, state, refuse)) process.exit(0);
if (args[0] === 'release' && args[1] === 'upload') upload(args[2], args.slice(3));
else if (args[0] === 'api') api(args.slice(1));
else refuse(`unknown command: gh ${args.join(' ')}`);
writeFileSync(GH_STATE, JSON.stringify(state));

function api(options) {
  const method = options.includes('--method') ? options[options.indexOf('--method') + 1] : 'GET';
  const path = options.find((option) => option.startsWith('repos/')).replace('repos/octo-org/action/', '');
  const [, id] = /^releases\/(\d+)$/.exec(path) ?? [];
  const [, sha, part] = /^commits\/([0-9a-f]{40})(\/check-runs)?/.exec(path) ?? [];
  if (part) return print([{ check_runs: checkRuns(sha) }]);
  if (sha) return print({ commit: { verification: verification(sha) } });
  if (path.startsWith('releases?')) return print([state.releases]);
  if (path === 'releases' && method === 'POST') return print(save(create(), body()));
  if (id && method === 'GET') return print(find(id));
  if (id && method === 'PATCH') return print(save(find(id), body()));
  if (id && method === 'DELETE') return remove(find(id));
  refuse(`HTTP 404: ${method} ${path}`);
}

function create() {
  const author = { login: GH_TOKEN === 'job-token' ? 'github-actions[bot]' : GH_TOKEN };
  const release = { id: state.nextId++, draft: true, author, assets: [], immutable: false };
  state.releases.push(release);
  return release;
}

/** Publishing creates a tag that does not exist, with the power of the actor, from the commit that the draft names. */
function save(release, fields) {
  if (release.immutable) refuse('HTTP 422: release is immutable');
  Object.assign(release, fields);
  if (release.draft) return release;
  const tag = `refs/tags/${release.tag_name}`;
  const git = (...options) => spawnSync('git', options, { cwd: GH_ORIGIN, encoding: 'utf8' });
  if (git('rev-parse', '--verify', '--quiet', tag).status !== 0) {
    const { status, stderr } = git('push', '--quiet', GH_ORIGIN, `${release.target_commitish ?? 'main'}:${tag}`);
    if (status !== 0) refuse(`HTTP 422: ${stderr}`);
  }
  release.immutable = state.immutability;
  return release;
}

function remove(release) {
  if (release.immutable) refuse('HTTP 422: release is immutable');
  state.releases.splice(state.releases.indexOf(release), 1);
}

function upload(tag, files) {
  const release = state.releases.find(({ tag_name }) => tag_name === tag) ?? refuse('release not found');
  if (release.immutable) refuse('HTTP 422: Cannot upload assets to an immutable release.');
  for (const file of files) {
    const digest = `sha256:${createHash('sha256').update(readFileSync(file)).digest('hex')}`;
    release.assets.push({ name: basename(file), digest });
  }
  // Somebody else, in the moment between the upload and the publication.
  Object.assign(release, state.editAfterUpload);
}

function checkRuns(sha) {
  const runs = state.checks.map((name) => ({ name, app: { id: 15368 }, status: 'completed', conclusion: 'success' }));
  const other = state.otherChecks[sha] ?? { before: [], after: [] };
  const kept = runs.filter(({ name }) => name !== state.missing[sha]);
  return [...other.before, ...kept, ...other.after].map((run) => ({ app: { id: 15368 }, ...run }));
}

function verification(sha) {
  return state.unsigned.includes(sha) ? { verified: false, reason: 'unsigned' } : { verified: true, reason: 'valid' };
}

function find(id) {
  return state.releases.find((release) => release.id === Number(id)) ?? refuse('HTTP 404: Not Found');
}

function body() {
  return JSON.parse(readFileSync(0, 'utf8'));
}

function print(value) {
  console.log(JSON.stringify(value));
}

function refuse(reason) {
  console.error(`gh: ${reason}`);
  process.exit(1);
}
