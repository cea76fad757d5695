/** Checks that the documents are true: the README's length, tables and messages, the examples, the commands and all links. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { DOCUMENTED_NAMES } from '../../src/icr/permissions.ts';
import { type Entry, readEntries, unindent } from '../support/yaml.ts';
import { CASES } from '../workflows/cases.ts';

const ROOT = join(import.meta.dirname, '../..');
const MAX_LINES = 220;
const README = read('README.md');
const ACTION = read('action.yml');
const PAGES = filesIn('.github/docs').filter((path) => path.endsWith('.md'));
const DOCUMENTS = ['README.md', 'SECURITY.md', 'CHANGELOG.md', '.github/CONTRIBUTING.md', ...PAGES];
/** What a user reads to write a workflow. */
const GUIDES = ['README.md', ...PAGES];
const EXAMPLES = [
  ...filesIn('test/workflows').filter((path) => path.endsWith('.yml')),
  ...filesIn('test/workflows/platform').filter((path) => path.endsWith('.yml')),
  'test/workflows/platform/icr-token/action.yml',
];

describe('The README', () => {
  test(`has at most ${MAX_LINES} lines`, () => {
    assert.ok(README.split('\n').length <= MAX_LINES + 1);
  });

  test('has every input of action.yml, in its order and words', () => {
    const row = ({ name, default: text, description }: Entry) =>
      `| \`${name}\` | ${text === '' ? '' : `\`${text}\``} | ${description} |`;
    assert.equal(tableOf('Inputs'), readEntries(ACTION, 'inputs').map(row).join('\n'));
  });

  test('has every output of action.yml, in its order and words', () => {
    const row = ({ name, description }: Entry) => `| \`${name}\` | ${description} |`;
    assert.equal(tableOf('Outputs'), readEntries(ACTION, 'outputs').map(row).join('\n'));
  });

  test('has the permissions that the action knows, and no others', () => {
    const names = [...section('Limit what a token can do').matchAll(/^\| `(organization_\w+)` \|/gm)];
    assert.deepEqual(
      names.map(([, name]) => name),
      DOCUMENTED_NAMES,
    );
  });
});

describe('The documents', () => {
  for (const [document, minBlocks] of [
    ['README.md', 3],
    ['.github/docs/signing.md', 6],
  ] as const) {
    test(`show parts of the example workflows, character for character: ${document}`, () => {
      const blocks = [...read(document).matchAll(/^(?:<!-- (\S+) -->\n)?```yaml\n(.*?)^```$/gms)];
      assert.ok(blocks.length >= minBlocks);
      for (const [, path = '', block = ''] of blocks) {
        assert.ok(EXAMPLES.includes(path), `a YAML block without its file:\n${block}`);
        assert.ok(everyPart(read(path)).includes(unindent(block)), `not a part of ${path}:\n${block}`);
      }
    });
  }

  for (const [document, title, minMessages] of [
    ['README.md', 'Messages', 10],
    ['.github/docs/errors.md', 'What the messages are about', 10],
  ] as const) {
    test(`quote messages that the action prints: ${document}`, () => {
      const dist = ['main', 'post'].map((step) => read(`dist/${step}/index.js`).replaceAll('\\`', '`')).join('\n');
      const messages = [...section(title, read(document)).matchAll(/“(.+?)”/g)];
      assert.ok(messages.length >= minMessages);
      for (const [, message = ''] of messages) {
        for (const part of message.split('…').filter((part) => part.trim().length > 1)) {
          assert.ok(dist.includes(part.trim()), `not in dist: ${part} (of “${message}”)`);
        }
      }
    });
  }

  test('link to every example workflow, each begins with what it does, and each is run', () => {
    const linked = new Set(GUIDES.flatMap((guide) => [...linksOf(guide).map(({ path }) => path), ...shownIn(guide)]));
    for (const path of EXAMPLES) {
      assert.ok(linked.has(path), `no link to ${path}`);
      assert.match(read(path), /^# [A-Z]/, path);
      const callers = EXAMPLES.filter((other) => read(other).includes(`uses: ./.github/workflows/${nameOf(path)}`));
      const central = EXAMPLES.filter((other) => path.includes('/platform/') && read(other).includes(centralOf(path)));
      assert.ok([path, ...callers, ...central].some(isRun), `no case runs ${path}`);
    }
  });

  for (const document of DOCUMENTS) {
    test(`link to headings and files that are there: ${document}`, () => {
      for (const { target, path, hash } of linksOf(document)) {
        assert.ok(existsSync(join(ROOT, path)), `${document} links to ${target}`);
        if (hash === undefined) continue;
        const anchors = [...read(path).matchAll(/^#+ (.*)$/gm)].map(([, title = '']) => anchor(title));
        assert.ok(anchors.includes(hash), `${document} links to ${target}`);
      }
    });
  }

  test('have a map, in CONTRIBUTING, with every folder of src', () => {
    const map = read('.github/CONTRIBUTING.md');
    for (const entry of readdirSync(join(ROOT, 'src'), { withFileTypes: true })) {
      const name = entry.isDirectory() ? `\`${entry.name}/\`` : `\`src/${entry.name}\``;
      assert.ok(map.includes(name), `CONTRIBUTING does not name ${name}`);
    }
  });

  test('name commands that package.json has', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    for (const file of DOCUMENTS) {
      for (const [command = '', run, bare] of read(file).matchAll(/npm (?:run ([\w:-]+)|(test))/g)) {
        assert.ok((run ?? bare ?? '') in scripts, `${file}: ${command}`);
      }
    }
  });
});

function isRun(path: string): boolean {
  return CASES.some(({ title }) => title.startsWith(`${nameOf(path)}: `));
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** The links of a document to files of this repository. */
function linksOf(document: string): { target: string; path: string; hash: string | undefined }[] {
  return [...read(document).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !target.startsWith('https:'))
    .map((target) => {
      const [relative = '', hash] = target.split('#');
      return { target, path: relative === '' ? document : join(dirname(document), relative), hash };
    });
}

/** The files of which a document shows a part. */
function shownIn(document: string): string[] {
  return [...read(document).matchAll(/^<!-- (\S+) -->$/gm)].map(([, path = '']) => path);
}

/** How a caller in another repository names it, without the commit. */
function centralOf(path: string): string {
  return path.endsWith('/action.yml')
    ? `PLATFORM/workflows/${nameOf(dirname(path))}@`
    : `PLATFORM/workflows/.github/workflows/${nameOf(path)}@`;
}

/** As text of its own: every run of whole lines can be shown, with the indentation that it shares taken away. */
function everyPart(text: string): string[] {
  const lines = text.split('\n');
  return lines.flatMap((_, first) =>
    lines.slice(first).map((_, count) => `${unindent(lines.slice(first, first + count + 1).join('\n'))}\n`),
  );
}

function tableOf(title: string): string | undefined {
  return section(title)
    .match(/^\| `.*$/gm)
    ?.join('\n');
}

function section(title: string, document = README): string {
  return new RegExp(`^## ${title}\\n(.*?)(?=^## |$(?!.))`, 'ms').exec(document)?.[1] ?? '';
}

/** As GitHub makes them of headings. */
function anchor(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');
}

function filesIn(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => `${folder}/${name}`);
}

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}
