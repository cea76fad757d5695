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
  jobs: Readonly<Record<string, { steps?: readonly { id?: string; run?: string }[] }>>;
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
 * The script of the step with that id, in any job.
 * @throws Error if there is no such step or it runs no script
 */
export function readScript(workflow: string, stepId: string): string {
  const { jobs }: Workflow = parse(workflow);
  const steps = Object.values(jobs).flatMap(({ steps = [] }) => steps);
  const script = steps.find(({ id }) => id === stepId)?.run;
  if (script === undefined) throw new Error(`no step with the id ${stepId} runs a script`);
  return script;
}

/** Takes away the indentation that all lines share. */
export function unindent(text: string): string {
  const depth = Math.min(...(text.match(/^ *(?=\S)/gm) ?? ['']).map((spaces) => spaces.length));
  return text.replace(new RegExp(`^ {${depth}}`, 'gm'), '');
}
