/** Checks the structure of src: what each folder may import, that no files import each other in a circle, and the names. */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { before, describe, test } from 'node:test';

const SRC = join(import.meta.dirname, '../../src');

/** What the files of a folder may import of src, besides each other. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  runner: [],
  signing: ['runner'],
  http: ['runner'],
  icr: ['http', 'signing', 'runner'],
  token: ['icr', 'runner'],
  inputs: ['icr', 'signing', 'http', 'runner'],
  stubs: [],
  'main.ts': ['token', 'inputs', 'icr', 'http', 'signing', 'runner'],
  'post.ts': ['token', 'inputs', 'icr', 'http', 'signing', 'runner'],
};
/** Files outside src that a file of src may import: the version, and a part of the toolkit that exports no path of it. */
const OUTSIDE: readonly string[] = ['../package.json', '../node_modules/@actions/github/lib/context.js'];
const FORBIDDEN_NAME = /^(?:utils?|helpers?|lib|common|shared|types|constants|misc)(?:\.ts)?$/;

/** The files of src, each with what it imports by a relative path, types included. */
let files: ReadonlyMap<string, readonly string[]>;

before(async () => {
  const names = (await readdir(SRC, { recursive: true })).map((name) => name.replaceAll('\\', '/'));
  const entries = names
    .filter((name) => name.endsWith('.ts'))
    .map(async (name) => [name, importsIn(name, await readFile(join(SRC, name), 'utf8'))] as const);
  files = new Map(await Promise.all(entries));
});

describe('The folders of src', () => {
  test('are the ones that the rules name', () => {
    assert.deepEqual(new Set([...files.keys()].map(partOf)), new Set(Object.keys(MAY_IMPORT)));
  });

  test('import what the rules allow, and nothing else', () => {
    const wrong = [...files].flatMap(([from, imports]) =>
      imports.filter((to) => !isAllowed(from, to)).map((to) => `src/${from} imports ${posix.join('src', to)}`),
    );
    assert.deepEqual(wrong, []);
  });
});

describe('The files of src', () => {
  test('import each other in no circle, types included', () => {
    assert.equal(findCircle(files)?.join(' → '), undefined);
  });

  test('are named for what they hold', () => {
    for (const name of files.keys()) {
      for (const part of name.split('/')) assert.doesNotMatch(part, FORBIDDEN_NAME, `src/${name}`);
    }
  });
});

describe('These checks of the imports', () => {
  test('see an import in every form', () => {
    const text = [
      "import '../token/a.ts';",
      "import type { X } from '../token/b.ts';",
      "import {\n  type X,\n  y,\n} from '../token/c.ts';",
      "export * from '../token/d.ts';",
      "const x = await import('../token/e.ts');",
      "type Y = import('../token/f.ts').Y;",
      "const z = require('../token/g.ts');",
      "import h from '../../package.json' with { type: 'json' };",
      "import { join } from 'node:path';",
    ].join('\n');
    assert.deepEqual(importsIn('icr/api.ts', text), [
      ...'abcdefg'.split('').map((name) => `token/${name}.ts`),
      '../package.json',
    ]);
  });

  test('refuse an import of a folder above, of the entries, and from outside', () => {
    assert.deepEqual(
      ['http/a.ts', 'icr/a.ts', 'token/a.ts', 'main.ts', '../test/a.ts', '../package.json'].filter((to) =>
        isAllowed('icr/b.ts', to),
      ),
      ['http/a.ts', 'icr/a.ts', '../package.json'],
    );
  });

  test('find a circle of several files', () => {
    const circle = { a: ['b'], b: ['c', 'd'], c: ['e'], d: [], e: ['b'] };
    assert.deepEqual(findCircle(new Map(Object.entries(circle))), ['b', 'c', 'e', 'b']);
    assert.equal(findCircle(new Map(Object.entries({ a: ['b', 'c'], b: ['c'], c: [] }))), undefined);
  });
});

/** Paths below src, such as `icr/api.ts`; one outside it begins with `../`. */
function importsIn(name: string, text: string): string[] {
  const relative = text.matchAll(/\b(?:from|import|require)\s*\(?\s*'(\.[^']+)'/g);
  return [...relative].map(([, path = '']) => posix.join(posix.dirname(name), path));
}

function isAllowed(from: string, to: string): boolean {
  if (to.startsWith('../')) return OUTSIDE.includes(to);
  return partOf(from) === partOf(to) ? from.includes('/') : (MAY_IMPORT[partOf(from)] ?? []).includes(partOf(to));
}

/** The folder directly below src that a file is in, or the file's own name. */
function partOf(file: string): string {
  return file.split('/')[0] ?? '';
}

/** The files of a circle, the first of them again at the end. */
function findCircle(graph: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return undefined;
    for (const next of graph.get(file) ?? []) {
      const circle = visit(next, [...path, file]);
      if (circle !== undefined) return circle;
    }
    done.add(file);
    return undefined;
  };
  for (const file of graph.keys()) {
    const circle = visit(file, []);
    if (circle !== undefined) return circle;
  }
  return undefined;
}
