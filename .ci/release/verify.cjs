// Decides whether the commit of this run may be released as the version that was typed: node .ci/release/verify.cjs v1.2.3
const { execFileSync, spawnSync } = require('node:child_process');
const { appendFileSync, readFileSync } = require('node:fs');
const { compare, fail, parse, remoteTags, versionsOf } = require('./versions.cjs');

const tag = process.argv[2] ?? '';
const { GITHUB_REF: ref = '', GITHUB_SHA: sha = '', GITHUB_REPOSITORY: repository } = process.env;

if (!parse(tag)) fail(`“${tag}” is not a version. Give one such as v1.2.3.`);
checkBranch();
checkTags();
checkSignature();
checkChecks();
summarize();

/** GitHub's environment lets no other branch release. Here it is said early and in words. */
function checkBranch() {
  const [major, minor] = parse(tag);
  const allowed = ['refs/heads/main', `refs/heads/release/v${major}.${minor}`];
  if (!allowed.includes(ref)) fail(`${tag} is released from main or from release/v${major}.${minor}, not from ${ref}.`);
  // The branch may have moved on since this run was started, but it must still hold the commit.
  const branch = ref.replace('refs/heads/', 'origin/');
  if (spawnSync('git', ['merge-base', '--is-ancestor', sha, branch]).status !== 0) fail(`${sha} is not on ${branch}.`);
}

function checkTags() {
  const tags = remoteTags();
  const existing = tags.get(tag);
  if (existing === sha) return; // a run that is repeated
  if (existing) fail(`${tag} exists, at ${existing}. A version is released once: this run is of ${sha}.`);
  const newest = versionsOf(tags).at(-1);
  if (ref === 'refs/heads/main' && newest && compare(tag, newest) < 0) {
    fail(`${tag} is older than ${newest}. Release it from a branch release/vX.Y.`);
  }
}

function checkSignature() {
  const { commit } = api(`repos/${repository}/commits/${sha}`);
  const { verified, reason } = commit.verification;
  if (verified !== true) fail(`GitHub could not verify the signature of ${sha} (${reason}).`);
}

/** The checks that main requires. This run repeats the tests: a writer's workflow can report a check that never ran. */
function checkChecks() {
  const pages = api(
    '--paginate',
    '--slurp',
    `repos/${repository}/commits/${sha}/check-runs?filter=latest&per_page=100`,
  );
  const runs = pages.flatMap((page) => page.check_runs);
  const rules = JSON.parse(readFileSync('.github/rulesets/main.json', 'utf8')).rules;
  const { required_status_checks: required } = rules.find((rule) => rule.type === 'required_status_checks').parameters;
  // A pull request alone has its dependencies compared, so that check is not among those of a commit on the branch.
  for (const { context, integration_id } of required.filter(({ context }) => context !== 'Dependencies')) {
    const those = runs.filter(({ name, app }) => name === context && app.id === integration_id);
    // Of a run that was repeated, `filter=latest` gives the last attempt. Other workflows may have checks of this name.
    const other = those.length === 0 ? { status: 'missing' } : those.find(({ conclusion }) => conclusion !== 'success');
    if (other) fail(`The check “${context}” of ${sha} is ${other.conclusion ?? other.status}, not success.`);
  }
}

/** What the reviewers of the environment should look at before they approve. */
function summarize() {
  const newest = versionsOf(remoteTags()).findLast((version) => compare(version, tag) < 0);
  const since = newest
    ? ` [What changed since ${newest}](https://github.com/${repository}/compare/${newest}...${sha}).`
    : '';
  const text = `${tag} is to be released from ${ref} at ${sha}.${since}\n`;
  console.log(text);
  if (process.env.GITHUB_STEP_SUMMARY) appendFileSync(process.env.GITHUB_STEP_SUMMARY, text);
}

function api(...args) {
  return JSON.parse(execFileSync('gh', ['api', ...args], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 }));
}
