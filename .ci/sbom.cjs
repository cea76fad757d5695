// Prints an SBOM of what the bundles hold, as CycloneDX, on one line: node .ci/sbom.cjs
// npm knows which packages are installed; only the bundler knows which of them the bundles are made of.
const { execFileSync } = require('node:child_process');
const { createHash } = require('node:crypto');
const { mkdtempSync, readFileSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

const root = join(__dirname, '..');
const { name, version, license } = readJson(join(root, 'package.json'));
const lock = readJson(join(root, 'package-lock.json')).packages;

const bundles = ['main', 'post'].map(build);
const folders = [...new Set(bundles.flatMap((bundle) => bundle.folders))].sort();
const self = { type: 'application', 'bom-ref': name, name, version, licenses: [{ license: { id: license } }] };

console.log(
  JSON.stringify({
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    // No time and no serial number: the same source makes the same document.
    version: 1,
    metadata: { component: self },
    components: [...bundles.map(({ file }) => file), ...folders.map(describe)],
    dependencies: [
      { ref: name, dependsOn: bundles.map(({ file }) => file['bom-ref']) },
      ...bundles.map(({ file, folders }) => ({ ref: file['bom-ref'], dependsOn: folders.map(purl) })),
    ],
  }),
);

/** Builds a bundle as `npm run build` does, elsewhere, and reads which modules it is made of. */
function build(entry) {
  const out = mkdtempSync(join(tmpdir(), 'icr-sbom-'));
  const ncc = join(root, 'node_modules/@vercel/ncc/dist/ncc/cli.js');
  const options = ['--out', out, '--license', 'licenses.txt', '--stats-out', join(out, 'stats.json'), '--no-cache'];
  execFileSync(process.execPath, [ncc, 'build', `src/${entry}.ts`, ...options], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const content = createHash('sha256')
    .update(readFileSync(join(out, 'index.js')))
    .digest('hex');
  const modules = moduleNames(readJson(join(out, 'stats.json')).modules);
  rmSync(out, { recursive: true });
  const path = `dist/${entry}/index.js`;
  return {
    file: { type: 'file', 'bom-ref': path, name: path, hashes: [{ alg: 'SHA-256', content }] },
    folders: [
      ...new Set(modules.flatMap((module) => /^\.\/(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(module)?.[1] ?? [])),
    ].sort(),
  };
}

/** A concatenated module is named for its first file and “+ n modules”; these are listed in it. */
function moduleNames(modules = []) {
  return modules.flatMap((module) => [module.name, ...moduleNames(module.modules)]);
}

/** A package, by its folder, as package-lock.json describes it. */
function describe(folder) {
  const { version, integrity, license } = entryOf(folder);
  const [group, title] = packageName(folder).includes('/')
    ? packageName(folder).split('/')
    : [undefined, packageName(folder)];
  const [algorithm, digest] = integrity.split('-');
  return {
    type: 'library',
    'bom-ref': purl(folder),
    ...(group && { group }),
    name: title,
    version,
    hashes: [{ alg: algorithm.replace('sha', 'SHA-'), content: Buffer.from(digest, 'base64').toString('hex') }],
    licenses: [{ license: { id: license } }],
    purl: purl(folder),
  };
}

function purl(folder) {
  return `pkg:npm/${packageName(folder).replace('@', '%40')}@${entryOf(folder).version}`;
}

function packageName(folder) {
  return folder.replace(/^.*node_modules\//, '');
}

function entryOf(folder) {
  const entry = lock[folder];
  if (!entry?.integrity) throw new Error(`package-lock.json has no hash for ${folder}, which a bundle is made of`);
  return entry;
}

function readJson(file) {
  return JSON.parse(readFileSync(file, 'utf8'));
}
