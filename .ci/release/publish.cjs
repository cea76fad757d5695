// Publishes the release of an existing tag: node .ci/release/publish.cjs v1.2.3 NOTES SBOM [ATTESTATIONS]
// Without ATTESTATIONS it only checks a release that is published: that is how a repeated run begins.
const { createHash } = require('node:crypto');
const { execFileSync } = require('node:child_process');
const { appendFileSync, readFileSync } = require('node:fs');
const { basename } = require('node:path');
const { fail, parse, remoteTags, versionsOf } = require('./versions.cjs');

const [tag = '', notesFile, sbom, attestations] = process.argv.slice(2);
const { GITHUB_REPOSITORY: repository, GITHUB_SHA: sha } = process.env;
if (!parse(tag) || !notesFile || !sbom) fail('A version, its notes and its SBOM are needed.');

const releases = api('--paginate', '--slurp', `repos/${repository}/releases?per_page=100`)
  .flat()
  .filter((release) => release.tag_name === tag);
const published = releases.find((release) => !release.draft);

if (published) {
  // A new attestation of the same files has other bytes, so a repeated run can compare the SBOM alone.
  check(published, [sbom]);
  console.log(`${tag} is published already.`);
} else if (attestations) {
  publish();
}
if (process.env.GITHUB_OUTPUT) appendFileSync(process.env.GITHUB_OUTPUT, `published=${Boolean(published)}\n`);

function publish() {
  // A draft can be from a run that ended early, or from anybody with write access. Neither is built upon.
  for (const { id } of releases) execGh('api', '--method', 'DELETE', `repos/${repository}/releases/${id}`);
  const newest = versionsOf(remoteTags()).at(-1);
  const fields = { tag_name: tag, name: tag, body: readFileSync(notesFile, 'utf8') };
  const { id } = send('POST', 'releases', { ...fields, draft: true });
  execGh('release', 'upload', tag, sbom, attestations);
  // The tag and the words are sent again: a draft can be edited by everybody with write access.
  send('PATCH', `releases/${id}`, { ...fields, draft: false, make_latest: String(newest === tag) });
  const release = api(`repos/${repository}/releases/${id}`);
  check(release, [sbom, attestations]);
  if (release.immutable !== true) {
    console.log(
      '::warning title=Release::The release can be changed. Enable release immutability in the repository’s settings.',
    );
  }
  console.log(`${tag} was published.`);
}

function check(release, files) {
  const names = release.assets.map((asset) => asset.name).sort();
  const wanted = ['attestations.intoto.jsonl', 'sbom.cdx.json'];
  const reasons = [];
  if (release.author.login !== 'github-actions[bot]') reasons.push(`${release.author.login} published it`);
  if (names.join() !== wanted.join()) reasons.push(`its assets are ${names.join(', ') || 'none'}`);
  for (const file of files) {
    const digest = `sha256:${createHash('sha256').update(readFileSync(file)).digest('hex')}`;
    const asset = release.assets.find(({ name }) => name === basename(file));
    if (asset && asset.digest !== digest) reasons.push(`${asset.name} is not what this run made`);
  }
  if (reasons.length > 0) {
    fail(
      `The published release of ${tag} is not ours: ${reasons.join('; ')}. Release the next version. The tag ${tag} is at ${sha}.`,
    );
  }
}

function send(method, path, body) {
  const input = JSON.stringify(body);
  return JSON.parse(execGh({ input }, 'api', '--method', method, `repos/${repository}/${path}`, '--input', '-'));
}

function api(...args) {
  return JSON.parse(execGh('api', ...args));
}

function execGh(...args) {
  const options = typeof args[0] === 'object' ? args.shift() : {};
  return execFileSync('gh', args, { encoding: 'utf8', stdio: ['pipe', 'pipe', 'inherit'], ...options });
}
