/** Builds the bundles as `npm run build` does, into another folder. */
import assert from 'node:assert/strict';
import { exec } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const ROOT = join(import.meta.dirname, '../..');

/** Without ncc's cache. Beside each bundle's folder is a .json with webpack's statistics. */
export async function build(folder: string): Promise<void> {
  const { scripts } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
  const commands: string[] = scripts.build.split(' && ');
  assert.equal(commands.length, 2, scripts.build);
  const bin = join(ROOT, 'node_modules', '.bin');
  const env = { ...process.env, PATH: `${bin}${delimiter}${process.env['PATH']}` };
  await Promise.all(
    commands.map((command) => {
      const elsewhere = command.replace(/--out dist\/(\w+)/, (_, name) => {
        const out = join(folder, name);
        return `--out ${out} --stats-out ${out}.json --no-cache`;
      });
      assert.notEqual(elsewhere, command);
      return promisify(exec)(elsewhere, { cwd: ROOT, env });
    }),
  );
}
