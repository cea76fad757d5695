/** Lists what the benchmark compares: the files of each contestant, and the inputs of its step. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readAction } from '../support/yaml.ts';
import type { Server } from './remote.ts';
import type { Phase } from './step-process.ts';

const ROOT = join(import.meta.dirname, '../..');

export interface Contestant {
  name: string;
  files: Record<Phase, string>;
  inputs: Readonly<Record<string, string>>;
}

export const ACTION = { main: join(ROOT, 'dist/main/index.js'), post: join(ROOT, 'dist/post/index.js') };

export function icrInputs(server: Server, organizationId: string): Record<string, string> {
  return {
    'app-id': server.appId,
    'private-key': server.privateKey,
    'organization-id': organizationId,
    'api-url': server.url,
  };
}

/** Whom the others are measured against. */
export function bareScript(server: Server): Contestant {
  return {
    name: 'bare script',
    files: { main: join(ROOT, 'test/bench/bare/main.cjs'), post: join(ROOT, 'test/bench/bare/post.cjs') },
    inputs: icrInputs(server, server.firstOrganizationId),
  };
}

/** @param checkout of an earlier version, with its `dist` */
export function thisAction(server: Server, checkout?: string): Contestant {
  const files =
    checkout === undefined
      ? ACTION
      : { main: join(checkout, 'dist/main/index.js'), post: join(checkout, 'dist/post/index.js') };
  const name = checkout === undefined ? 'this action' : 'this action before';
  return { name, files, inputs: icrInputs(server, server.firstOrganizationId) };
}

/** What Node costs before a script does anything. */
export function emptyScript(): Contestant {
  const file = join(ROOT, 'test/bench/bare/empty.cjs');
  return { name: 'empty script', files: { main: file, post: file }, inputs: {} };
}

/** @param folder with the built actions/create-github-app-token and its action.yml */
export function peer(folder: string, server: Server): Contestant {
  const { name, runs } = readAction(readFileSync(join(folder, 'action.yml'), 'utf8'));
  const file = (phase: Phase) => join(folder, runs[phase]);
  const inputs = {
    'app-id': '123456',
    'private-key': server.privateKey,
    'github-api-url': server.url,
    'skip-token-revoke': 'false',
  };
  return { name, files: { main: file('main'), post: file('post') }, inputs };
}

export function kilobytes(file: string): number {
  return statSync(file).size / 1000;
}
