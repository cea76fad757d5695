// Prints what the changelog on standard input says of the version that a tag names: node .ci/release/notes.cjs v1.2.3 < CHANGELOG.md
const { readFileSync } = require('node:fs');

const tag = process.argv[2] ?? '';
const version = tag.replace(/^v/, '');
const sections = readFileSync(0, 'utf8').split(/^(?=## )/m);
const section = sections.find((text) => text.startsWith(`## [${version}]`));
const package_ = JSON.parse(readFileSync('package.json', 'utf8'));

if (section === undefined) fail(`CHANGELOG.md has no section for ${version}`);
if (!/^## \[.*\] - \d{4}-\d\d-\d\d\n/.test(section)) fail(`CHANGELOG.md gives ${version} no date`);
if (package_.version !== version) fail(`the tag is ${tag}, but package.json has ${package_.version}`);
// Link definitions stand at the end of the changelog, below its last section.
console.log(
  section
    .replace(/^## .*\n/, '')
    .replace(/^\[.*\]: .*\n?/gm, '')
    .trim(),
);

function fail(reason) {
  console.error(`::error::${reason}`);
  process.exit(1);
}
