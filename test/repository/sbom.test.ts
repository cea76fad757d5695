/** Checks the SBOM of a release against dist, what is installed, and the lock file. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';

const ROOT = join(import.meta.dirname, '../..');
const BUNDLES = ['main', 'post'] as const;

interface Component {
  type: string;
  'bom-ref': string;
  group?: string;
  name: string;
  version?: string;
  purl?: string;
  hashes: readonly { alg: string; content: string }[];
  licenses?: readonly { license: { id: string } }[];
}

interface Sbom {
  bomFormat: string;
  specVersion: string;
  metadata: { component: { name: string; version: string } };
  components: readonly Component[];
  dependencies: readonly { ref: string; dependsOn: readonly string[] }[];
}

describe('The SBOM', () => {
  let text: string;
  let sbom: Sbom;
  before(() => {
    text = execFileSync(process.execPath, [join(ROOT, '.ci/sbom.cjs')], { encoding: 'utf8' });
    sbom = JSON.parse(text);
  });

  test('is CycloneDX, on one line, and of this version', () => {
    const { name, version } = readJson('package.json');
    assert.equal(sbom.bomFormat, 'CycloneDX');
    assert.equal(sbom.specVersion, '1.6');
    assert.equal(sbom.metadata.component.name, name);
    assert.equal(sbom.metadata.component.version, version);
    assert.equal(text.trim().split('\n').length, 1);
  });

  test('is the same whenever and wherever it is made', () => {
    assert.doesNotMatch(text, /timestamp|serialNumber|\/tmp|\d{4}-\d\d-\d\dT/);
    assert.ok(!text.includes(ROOT));
  });

  test('has the hashes of the two bundles in dist', () => {
    for (const name of BUNDLES) {
      const content = createHash('sha256')
        .update(readFileSync(join(ROOT, `dist/${name}/index.js`)))
        .digest('hex');
      assert.deepEqual(find(`dist/${name}/index.js`).hashes, [{ alg: 'SHA-256', content }]);
    }
  });

  test('names for each bundle the packages whose licences ncc found in it', () => {
    for (const name of BUNDLES) {
      const licences = readFileSync(join(ROOT, `dist/${name}/licenses.txt`), 'utf8');
      const wanted = [...`\n\n${licences}`.matchAll(/\n\n((?:@[\w-]+\/)?[\w-]+)\nMIT\n/g)].map(([, title]) => title);
      const refs = sbom.dependencies.find(({ ref }) => ref === `dist/${name}/index.js`)?.dependsOn ?? [];
      const found = refs.map(find).map(({ group, name }) => (group === undefined ? name : `${group}/${name}`));
      assert.ok(found.length > 0);
      assert.deepEqual(new Set(found), new Set(wanted));
    }
  });

  test('has the version and the licence that are installed, and the hash of the lock file', () => {
    const lock = readJson('package-lock.json').packages;
    for (const component of sbom.components.filter(({ type }) => type === 'library')) {
      const title = component.group === undefined ? component.name : `${component.group}/${component.name}`;
      const installed = readJson(`node_modules/${title}/package.json`);
      assert.equal(component.version, installed.version);
      assert.deepEqual(component.licenses, [{ license: { id: installed.license } }]);
      assert.equal(component.purl, `pkg:npm/${title.replace('@', '%40')}@${installed.version}`);
      const [hash] = component.hashes;
      const integrity = `sha512-${Buffer.from(hash?.content ?? '', 'hex').toString('base64')}`;
      assert.equal(integrity, lock[`node_modules/${title}`].integrity);
    }
  });

  function find(ref: string): Component {
    const component = sbom.components.find((candidate) => candidate['bom-ref'] === ref);
    assert.ok(component, ref);
    return component;
  }
});

function readJson(path: string) {
  return JSON.parse(readFileSync(join(ROOT, path), 'utf8'));
}
