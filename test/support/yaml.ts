/** Reads the YAML of this repository: action.yml and the workflows. */
import { parse } from 'yaml';

export interface Entry {
  name: string;
  description: string;
  /** '' if there is none. */
  default: string;
}

export interface Action {
  name: string;
  runs: { readonly using: string; readonly main: string; readonly post: string };
  inputs: Readonly<Record<string, { readonly description?: string; readonly default?: string }>>;
  outputs: Readonly<Record<string, { readonly description?: string }>>;
}

interface Workflow {
  jobs: Readonly<Record<string, { steps?: readonly { with?: Readonly<Record<string, string>> }[] }>>;
}

export function readAction(actionYml: string): Action {
  return parse(actionYml);
}

/** The entries of a section, in the order of the file. */
export function readEntries(actionYml: string, section: 'inputs' | 'outputs'): Entry[] {
  return Object.entries(readAction(actionYml)[section]).map(
    ([name, entry]: [string, { description?: string; default?: string }]) => ({
      name,
      description: (entry.description ?? '').trim(),
      default: entry.default ?? '',
    }),
  );
}

/**
 * The command of the first step that has one.
 * @throws Error if there is none
 */
export function readSignCommand(workflow: string): string {
  const { jobs }: Workflow = parse(workflow);
  const steps = Object.values(jobs).flatMap(({ steps = [] }) => steps);
  const command = steps.map((step) => step.with?.['sign-command']).find((text) => text !== undefined);
  if (command === undefined) throw new Error('no step has the input sign-command');
  return command;
}

/** Takes away the indentation that all lines share. */
export function unindent(text: string): string {
  const depth = Math.min(...(text.match(/^ *(?=\S)/gm) ?? ['']).map((spaces) => spaces.length));
  return text.replace(new RegExp(`^ {${depth}}`, 'gm'), '');
}
