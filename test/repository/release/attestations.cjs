// What gh does for somebody who verifies a release. A bundle is a line of JSON with what a real one's certificate holds.
const { createHash } = require('node:crypto');
const { readFileSync, writeFileSync } = require('node:fs');

const PROVENANCE = 'https://slsa.dev/provenance/v1';
const FLAGS = ['--deny-self-hosted-runners', '--clobber'];

/** @returns false if it is another command */
exports.run = (args, state, refuse) => {
  const [group, command, subject, ...rest] = args;
  switch (`${group} ${command}`) {
    case 'attestation verify':
      verify(subject, optionsOf(rest, refuse), refuse);
      return true;
    case 'attestation trusted-root':
      console.log('{"mediaType":"application/vnd.dev.sigstore.trustedroot+json"}');
      return true;
    case 'release verify':
      if (state.verified !== subject) refuse(`no attestations for tag ${subject}`);
      return true;
    case 'release download':
      for (const name of optionsOf(rest, refuse).get('--pattern') ?? []) {
        writeFileSync(name, state.assets[name] ?? refuse('no assets match the file pattern'));
      }
      return true;
    default:
      return false;
  }
};

function verify(path, options, refuse) {
  const value = (name) => options.get(name)?.[0];
  // gh compares nothing for an option that is empty.
  const expected = {
    predicateType: value('--predicate-type') || PROVENANCE,
    repository: value('--repo'),
    signerWorkflow: value('--signer-workflow') || undefined,
    sourceRef: value('--source-ref') || undefined,
    sourceDigest: value('--source-digest') || undefined,
    runner: options.has('--deny-self-hosted-runners') ? 'github-hosted' : undefined,
  };
  if (expected.repository === undefined) refuse('at least one of the flags in the group [owner repo] is required');
  if (!readFileSync(value('--custom-trusted-root'), 'utf8').includes('trustedroot')) refuse('unable to parse the root');
  const digest = createHash('sha256').update(readFileSync(path)).digest('hex');
  const bundles = readFileSync(value('--bundle'), 'utf8').trim().split('\n').map(JSON.parse);
  const isMatch = (bundle) =>
    bundle.subjects.includes(digest) &&
    Object.entries(expected).every(([name, text]) => text === undefined || bundle[name] === text);
  if (!bundles.some(isMatch)) refuse(`verifying ${path} failed: no attestation matches the policy`);
  console.log(`${path} was attested`);
}

/** Every option with its values; an unknown one has none, as a real one would be refused. */
function optionsOf(args, refuse) {
  const options = new Map();
  for (let index = 0; index < args.length; index++) {
    const name = args[index];
    if (!name.startsWith('--')) refuse(`unknown argument ${name}`);
    if (FLAGS.includes(name)) options.set(name, []);
    else options.set(name, [...(options.get(name) ?? []), args[++index]]);
  }
  return options;
}
