// The update hook of the local Git server: refuses what the imported rulesets refuse. Git runs it as: rules.cjs REF OLD NEW
const { execFileSync, spawnSync } = require('node:child_process');
const { readdirSync, readFileSync } = require('node:fs');
const { join } = require('node:path');

/** Who pushes is told by the token, as on GitHub. `merge` is GitHub's own merge of a reviewed pull request. */
const ACTORS = {
  'app-token': { actor_type: 'Integration', actor_id: 4242 },
  admin: { actor_type: 'RepositoryRole', actor_id: 5 },
};
const NOTHING = /^0+$/;

const [ref, before, after] = process.argv.slice(2);
const token = process.env.GH_TOKEN;
const isCreated = NOTHING.test(before);
const isDeleted = NOTHING.test(after);
const isUpdated = !isCreated && !isDeleted;

const REFUSES = {
  creation: () => isCreated,
  update: () => isUpdated,
  deletion: () => isDeleted,
  non_fast_forward: () => isUpdated && spawnSync('git', ['merge-base', '--is-ancestor', before, after]).status !== 0,
  pull_request: () => isUpdated && token !== 'merge',
  required_signatures: () => isUpdated && token !== 'merge',
  required_status_checks: () => isUpdated && token !== 'merge',
};

const folder = join(execFileSync('git', ['rev-parse', '--absolute-git-dir'], { encoding: 'utf8' }).trim(), 'rulesets');
for (const file of readdirSync(folder)) {
  const { name, target, conditions, rules, bypass_actors } = JSON.parse(readFileSync(join(folder, file), 'utf8'));
  const kind = ref.startsWith('refs/tags/') ? 'tag' : 'branch';
  if (target !== kind || !conditions.ref_name.include.some(matches)) continue;
  const actor = ACTORS[token];
  if (bypass_actors.some((bypass) => bypass.actor_type === actor?.actor_type && bypass.actor_id === actor.actor_id)) {
    continue;
  }
  const broken = rules.find(({ type }) => REFUSES[type]());
  if (broken) {
    console.error(`Repository rule violations found: ${name} (${broken.type})`);
    process.exit(1);
  }
}

/** As GitHub matches: `*` stops at a slash, `**` does not. */
function matches(pattern) {
  if (pattern === '~ALL') return true;
  if (pattern === '~DEFAULT_BRANCH') return ref === 'refs/heads/main';
  const expression = pattern.replaceAll('.', '\\.').replace(/\*+/g, (stars) => (stars === '**' ? '.*' : '[^/]*'));
  return new RegExp(`^${expression}$`).test(ref);
}
