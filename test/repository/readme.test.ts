/** Owns the proof that the documents are true: the README's tables, workflows and explained sentences, all links. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type Entry, readEntries, unindent } from '../support/yaml.ts';

const ROOT = join(import.meta.dirname, '../..');
const README = read('README.md');
const ACTION = read('action.yml');

describe('The README', () => {
  test('has every input of action.yml, in its order and words', () => {
    const row = ({ name, default: text, description }: Entry) =>
      `| \`${name}\` | ${text === '' ? '' : `\`${text}\``} | ${description} |`;
    assert.equal(
      section('Inputs')
        .match(/^\| `.*$/gm)
        ?.join('\n'),
      readEntries(ACTION, 'inputs').map(row).join('\n'),
    );
  });

  test('has every output of action.yml, in its order and words', () => {
    const row = ({ name, description }: Entry) => `| \`${name}\` | ${description} |`;
    assert.equal(
      section('Outputs')
        .match(/^\| `.*$/gm)
        ?.join('\n'),
      readEntries(ACTION, 'outputs').map(row).join('\n'),
    );
  });

  test('shows parts of workflows that are run', () => {
    const blocks = [...README.matchAll(/^(?:<!-- (\S+) -->\n)?```yaml\n(.*?)^```$/gms)];
    for (const [, path = '', block = ''] of blocks) {
      assert.match(path, /^test\/workflows\/[\w-]+\.yml$/, `a YAML block without its file:\n${block}`);
      assert.ok(everyPart(read(path)).includes(block), `not a part of ${path}:\n${block}`);
    }
  });

  test('explains sentences that the action prints', () => {
    const dist = ['main', 'post'].map((step) => read(`dist/${step}/index.js`).replaceAll('\\`', '`')).join('\n');
    const sentences = [...section('Troubleshooting').matchAll(/^\*\*“(.+)”\*\*$/gm)].map(
      ([, sentence = '']) => sentence,
    );
    assert.ok(sentences.length >= 20);
    for (const sentence of sentences) {
      for (const part of sentence.split('…').filter((part) => part.trim() !== '')) {
        assert.ok(dist.includes(part.trim()), `not in dist: ${part} (of “${sentence}”)`);
      }
    }
  });

  test('links to headings and files that are there', () => {
    for (const file of ['README.md', 'SECURITY.md', 'CHANGELOG.md', '.github/CONTRIBUTING.md']) {
      const text = read(file);
      const anchors = [...text.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) => anchor(title));
      for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^https:/.test(target)) continue;
        const [path = '', hash = ''] = target.split('#');
        if (path !== '') assert.ok(existsSync(join(ROOT, file, '..', path)), `${file} links to ${target}`);
        else assert.ok(anchors.includes(hash), `${file} links to ${target}`);
      }
    }
  });

  test('has a map, in CONTRIBUTING, with every folder of src', () => {
    const map = read('.github/CONTRIBUTING.md');
    for (const entry of readdirSync(join(ROOT, 'src'), { withFileTypes: true })) {
      const name = entry.isDirectory() ? `\`${entry.name}/\`` : `\`src/${entry.name}\``;
      assert.ok(map.includes(name), `CONTRIBUTING does not name ${name}`);
    }
  });

  test('names commands that package.json has', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    for (const file of ['README.md', '.github/CONTRIBUTING.md']) {
      for (const [command = '', run, bare] of read(file).matchAll(/npm (?:run ([\w:-]+)|(test))/g)) {
        assert.ok((run ?? bare ?? '') in scripts, `${file}: ${command}`);
      }
    }
  });
});

/** As text of its own: every run of whole lines can be shown, with the indentation that it shares taken away. */
function everyPart(text: string): string[] {
  const lines = text.split('\n');
  return lines.flatMap((_, first) =>
    lines.slice(first).map((_, count) => `${unindent(lines.slice(first, first + count + 1).join('\n'))}\n`),
  );
}

function section(title: string): string {
  return new RegExp(`^## ${title}\\n(.*?)(?=^## )`, 'ms').exec(README)?.[1] ?? '';
}

/** As GitHub makes them of headings. */
function anchor(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');
}

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}
