// Compares versions, and reads which tags the remote repository has.
const { execFileSync } = require('node:child_process');

const VERSION_TAG = /^v(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$/;

/** Prints an annotation and ends the step. */
function fail(reason) {
  console.log(`::error title=Release::${reason}`);
  process.exit(1);
}

/** The numbers of `v1.2.3`, or undefined for any other text. */
function parse(tag) {
  return VERSION_TAG.exec(tag)?.slice(1).map(Number);
}

/** By number, not by text: v1.10.0 comes after v1.9.0. */
function compare(left, right) {
  const [a, b] = [parse(left), parse(right)];
  for (const index of [0, 1, 2]) {
    if (a[index] !== b[index]) return a[index] - b[index];
  }
  return 0;
}

/** The commit of every tag of the remote, which can differ from what a checkout knows. */
function remoteTags() {
  const output = execFileSync('git', ['ls-remote', '--tags', 'origin'], { encoding: 'utf8' });
  const tags = new Map();
  for (const line of output.trim().split('\n').filter(Boolean)) {
    const [sha, ref] = line.split('\t');
    // An annotated tag has a second line, `v1.2.3^{}`, with its commit. It comes after the first.
    tags.set(ref.replace(/^refs\/tags\//, '').replace(/\^\{\}$/, ''), sha);
  }
  return tags;
}

/** The version tags among them, the highest last. */
function versionsOf(tags) {
  return [...tags.keys()].filter(parse).sort(compare);
}

/** Pushes one ref. gh hands git the token of GH_TOKEN, so that it stands in no argument and no file. */
function push(...options) {
  const credentials = ['-c', 'credential.helper=', '-c', 'credential.helper=!gh auth git-credential'];
  execFileSync('git', [...credentials, 'push', '--quiet', ...options], { stdio: ['ignore', 'inherit', 'inherit'] });
}

module.exports = { compare, fail, parse, push, remoteTags, versionsOf };
