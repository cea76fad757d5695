// Creates the version's tag at the commit of this run, unless it is there: node .ci/release/tag.cjs v1.2.3
const { fail, parse, push, remoteTags } = require('./versions.cjs');

const tag = process.argv[2] ?? '';
const sha = process.env.GITHUB_SHA;
if (!parse(tag) || !sha) fail('A version and GITHUB_SHA are needed.');

const existing = remoteTags().get(tag);
if (existing === sha) {
  console.log(`${tag} is at ${sha} already.`);
} else if (existing) {
  fail(`${tag} exists, at ${existing}. It was not moved to ${sha}.`);
} else {
  // The tag comes before the release, with the commit named here: a release that creates its tag takes the commit from
  // a draft, which everybody with write access can edit.
  push('origin', `${sha}:refs/tags/${tag}`);
  console.log(`${tag} was created at ${sha}.`);
}
