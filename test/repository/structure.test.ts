/** Checks the structure of src: which folder imports which, that the linter refuses the rest, and how files are named. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, posix } from 'node:path';
import { before, describe, test } from 'node:test';

const ROOT = join(import.meta.dirname, '../..');
const BIOME = join(ROOT, 'node_modules/@biomejs/biome/bin/biome');

/** What the files of a folder may import of src, besides each other. `.biome.json` has the same rules. */
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
const PARTS = Object.keys(MAY_IMPORT);
const LONGEST_FILE_LINES = 180;
const FORBIDDEN_NAME = /^(?:utils?|helpers?|lib|common|shared|types|constants|misc)(?:\.ts)?$/;

interface Import {
  /** Below src, as `icr/api.ts`. */
  from: string;
  to: string;
}

let files: ReadonlyMap<string, string>;
let imports: readonly Import[];

before(async () => {
  const names = await readdir(join(ROOT, 'src'), { recursive: true });
  const sources = names.map((name) => name.replaceAll('\\', '/')).filter((name) => name.endsWith('.ts'));
  files = new Map(
    await Promise.all(
      sources.map(async (name): Promise<[string, string]> => [name, await readFile(join(ROOT, 'src', name), 'utf8')]),
    ),
  );
  imports = [...files].flatMap(([from, text]) =>
    [...text.matchAll(/(?:\bfrom|\bimport|\bimport\()\s*'(\.[^']+)'/g)]
      .map(([, path = '']) => posix.join(dirname(from), path))
      .filter((to) => !to.startsWith('../'))
      .map((to) => ({ from, to })),
  );
});

describe('The folders of src', () => {
  test('are the ones that the rules name', () => {
    assert.deepEqual([...new Set([...files.keys()].map(partOf))].sort(), [...PARTS].sort());
  });

  test('import what the rules allow, and nothing else', () => {
    assert.ok(imports.length > 50, `${imports.length} imports were found`);
    const wrong = imports.filter(({ from, to }) => !isAllowed(partOf(from), partOf(to)));
    assert.deepEqual(wrong, []);
  });

  test('import each other in one direction', () => {
    const reachable = (part: string): string[] => {
      const next = (MAY_IMPORT[part] ?? []).filter((to) => to !== part);
      return [...new Set([...next, ...next.flatMap(reachable)])];
    };
    for (const part of PARTS) assert.ok(!reachable(part).includes(part), `${part} is in a cycle`);
  });

  test('are small enough to read, file by file, and named for what they hold', () => {
    for (const [name, text] of files) {
      const lines = text.split('\n').length - 1;
      assert.ok(lines <= LONGEST_FILE_LINES, `src/${name} has ${lines} lines`);
      for (const part of name.split('/')) assert.doesNotMatch(part, FORBIDDEN_NAME, `src/${name}`);
    }
  });
});

describe('The linter', () => {
  test('refuses every wrong import, takes every right one, and names the rule', async () => {
    const targetsOf = (from: string) => PARTS.filter((to) => to !== from);
    const reports = await lint(
      PARTS.map((from): [string, string[]] => [
        fileIn(from),
        targetsOf(from).map((to) => `import '${from.endsWith('.ts') ? '.' : '..'}/${fileIn(to)}';`),
      ]),
    );
    for (const from of PARTS) {
      const report = reports.filter(({ file }) => file.endsWith(`/src/${fileIn(from)}`));
      assert.deepEqual(
        report.map(({ line }) => line),
        targetsOf(from).flatMap((to, index) => (isAllowed(from, to) ? [] : [index + 1])),
        from,
      );
      for (const { message } of report) assert.match(message, new RegExp(`src/${from} .*may import `));
    }
  });

  test('refuses a wrong import in every form', async () => {
    const forms = [
      "import '../token/mint.ts';",
      "import type { X } from '../token/mint.ts';",
      "export * from '../token/mint.ts';",
      "await import('../token/mint.ts');",
      "import '../../src/token/mint.ts';",
      "import '../../test/support/runner.ts';",
    ];
    assert.deepEqual(
      (await lint([['icr/file.ts', forms]])).map(({ line }) => line),
      forms.map((_, index) => index + 1),
    );
  });
});

/** The folder directly below src that a file is in, or the file's own name. */
function partOf(file: string): string {
  return file.split('/')[0] ?? '';
}

function isAllowed(from: string, to: string): boolean {
  return from === to || (MAY_IMPORT[from] ?? []).includes(to);
}

function fileIn(part: string): string {
  return part.endsWith('.ts') ? part : `${part}/file.ts`;
}

interface Report {
  file: string;
  line: number;
  message: string;
}

/** Runs the linter with this repository's rules on files below `src`. Its report for GitHub has one line for each error. */
async function lint(sources: readonly (readonly [name: string, lines: readonly string[]])[]): Promise<Report[]> {
  const folder = await mkdtemp(join(tmpdir(), 'icr-lint-'));
  try {
    await cp(join(ROOT, '.biome.json'), join(folder, '.biome.json'));
    for (const [name, lines] of sources) {
      await mkdir(join(folder, 'src', dirname(name)), { recursive: true });
      await writeFile(join(folder, 'src', name), `${lines.join('\n')}\n`);
    }
    const args = ['lint', '--only=style/noRestrictedImports', '--reporter=github', '--max-diagnostics=none', 'src'];
    const stdout = await new Promise<string>((resolve) => {
      execFile(process.execPath, [BIOME, ...args], { cwd: folder }, (_, stdout) => resolve(stdout));
    });
    const errors = stdout.matchAll(/^::error title=\S*noRestrictedImports,file=([^,]+),line=(\d+),.*?::(.*)$/gm);
    return [...errors]
      .map(([, file = '', line, message = '']) => ({ file: file.replaceAll('\\', '/'), line: Number(line), message }))
      .sort((one, other) => one.line - other.line);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
