/** Checks that the bundles have nothing in them that was left out, and stay small. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from '../support/build.ts';
import { assertSucceeded, IS_COVERAGE_RUN } from '../support/runner.ts';
import { createScene } from '../support/scene.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

interface Contents {
  maxBytes: number;
  /** Also those that are bundled only for their side effects. */
  packages: readonly string[];
  /** The stubs of `src/stubs`. Its README says why. */
  stubs: readonly string[];
  /** Node's own modules, as they are required. */
  builtIns: readonly string[];
}

/** A new name here is code that every job loads beside a private key. Find out first where it comes from. */
const BUNDLES: Record<'main' | 'post', Contents> = {
  main: {
    maxBytes: 145_000,
    packages: ['@actions/core', '@actions/github', 'jose'],
    stubs: ['exec', 'http-client'],
    builtIns: ['crypto', 'fs', 'node:crypto', 'node:fs', 'node:http', 'node:https', 'node:net', 'os', 'path'],
  },
  post: {
    maxBytes: 75_000,
    packages: ['@actions/core'],
    stubs: ['exec', 'http-client'],
    builtIns: ['crypto', 'fs', 'node:fs', 'node:http', 'node:https', 'node:net', 'os', 'path'],
  },
};

/** A module that webpack looked at. The bundle need not have it. */
interface Module {
  name: string;
  modules?: Module[];
}

let fresh: string;

before(async () => {
  fresh = await mkdtemp(join(tmpdir(), 'icr-build-'));
  await build(fresh);
});
after(() => rm(fresh, { recursive: true, force: true }));

for (const [name, contents] of Object.entries(BUNDLES)) {
  suite(`the bundle of ${name}`, () => {
    test(`has at most ${contents.maxBytes / 1000} kB`, async () => {
      const { length } = await readFile(join(fresh, name, 'index.js'));
      assert.ok(length <= contents.maxBytes, `${length} bytes`);
    });

    test('has the packages that are named here', async () => {
      assert.deepEqual(distinct(await modulesOf(name), /^\.\/node_modules\/((?:@[^/]+\/)?[^/]+)\//), contents.packages);
    });

    test('has the stubs that are named here', async () => {
      assert.deepEqual(distinct(await modulesOf(name), /^\.\/src\/stubs\/([^/]+)\.ts$/), contents.stubs);
    });

    test('has nothing from elsewhere', async () => {
      const known = /^(?:\.\/(?:(?:src|node_modules)\/|package\.json$)|external "|webpack\/runtime\/)/;
      assert.deepEqual(
        (await modulesOf(name)).filter((module) => !known.test(module)),
        [],
      );
    });

    // undici alone requires some twenty more, @actions/exec needs child_process.
    test('requires the modules of Node that are named here', async () => {
      const code = await readFile(join(fresh, name, 'index.js'), 'utf8');
      assert.deepEqual(distinct([...code.matchAll(/\brequire\("([^"]+)"\)/g)].flat(), /^([^"]+)$/), contents.builtIns);
    });

    test('has the licence of every package in it', async () => {
      const licences = await readFile(join(fresh, name, 'licenses.txt'), 'utf8');
      for (const part of contents.packages) {
        const folder = join(ROOT, 'node_modules', part);
        const [file] = (await readdir(folder)).filter((candidate) => /^licen[cs]e/i.test(candidate));
        const text = await readFile(join(folder, file ?? 'LICENSE'), 'utf8');
        assert.ok(`\n${licences}`.includes(`\n${part}\nMIT\n${text}`), part);
      }
    });
  });
}

// undici costs 20 ms and more, node:perf_hooks 1 ms, node:child_process 0.7 ms. A step with a key needs none of them.
test('the steps load no undici, not even Node’s own, no node:perf_hooks, and no node:child_process', {
  skip: IS_COVERAGE_RUN && 'it runs the source',
}, async () => {
  await using scene = await createScene();
  const probe = join(fresh, 'probe.cjs');
  const listFile = join(fresh, 'loaded');
  await writeFile(
    probe,
    `process.on('exit', () => require('fs').appendFileSync(${JSON.stringify(listFile)}, process.moduleLoadList.join('\\n') + '\\n'))`,
  );
  const step = await scene.step(
    { 'organization-id': scene.nordic.organization.id },
    { env: { NODE_OPTIONS: `--require=${probe}` } },
  );
  assertSucceeded(await step.main());
  assertSucceeded(await step.post());
  const loaded = await readFile(listFile, 'utf8');
  assert.match(loaded, /NativeModule http\n/);
  assert.doesNotMatch(
    loaded,
    /NativeModule (?:internal\/deps\/undici\/undici|internal\/deps\/undici|perf_hooks|child_process|timers\/promises)\n/,
  );
});

async function modulesOf(name: string): Promise<string[]> {
  const { modules } = JSON.parse(await readFile(join(fresh, `${name}.json`), 'utf8'));
  return names(modules);
}

/** A concatenated module is named for its first file and "+ n modules". It lists these. */
function names(modules: Module[]): string[] {
  return modules.flatMap((module) => [module.name, ...names(module.modules ?? [])]);
}

/** The first match of each text that has one, without duplicates and sorted. */
function distinct(texts: readonly string[], pattern: RegExp): string[] {
  return [...new Set(texts.flatMap((text) => pattern.exec(text)?.[1] ?? []))].sort();
}
