// Points the major tag (v1) at the version's commit, if no higher version exists: node .ci/release/major-tag.cjs v1.2.3
const { fail, parse, push, remoteTags, versionsOf } = require('./versions.cjs');

const tag = process.argv[2] ?? '';
const sha = process.env.GITHUB_SHA;
if (!parse(tag) || !sha) fail('A version and GITHUB_SHA are needed.');

const major = `v${parse(tag)[0]}`;
const tags = remoteTags();
const versions = versionsOf(tags).filter((version) => version.startsWith(`${major}.`));
const newest = versions.at(-1);
const current = tags.get(major);

if (tags.get(tag) !== sha) fail(`${tag} is not at ${sha}, so ${major} was not moved there.`);
if (newest !== tag) {
  console.log(`${major} stays at ${current ?? 'no commit'}: ${newest} is newer than ${tag}.`);
} else if (current === sha) {
  console.log(`${major} is at ${tag} already.`);
} else {
  if (current && !versions.some((version) => tags.get(version) === current)) {
    console.log(`::warning title=Release::${major} was at ${current}, which is no release. See .github/INCIDENTS.md.`);
  }
  // The lease names where the tag was a moment ago, so that two runs cannot overtake each other.
  push(`--force-with-lease=refs/tags/${major}:${current ?? ''}`, 'origin', `${sha}:refs/tags/${major}`);
  console.log(`${major} was moved from ${current ?? 'nowhere'} to ${tag}, ${sha}.`);
}
