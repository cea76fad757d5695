/** Owns the little of YAML that the tests read of our own files: action.yml's entries, a step's script. */

export interface Entry {
  name: string;
  description: string;
  default: string;
}

/** The entries of `inputs` or `outputs` of an action.yml that is written as ours is. */
export function readEntries(actionYml: string, section: 'inputs' | 'outputs'): Entry[] {
  const body = new RegExp(`^${section}:\\n(.*?)^(?=\\S)`, 'ms').exec(actionYml)?.[1] ?? '';
  return body
    .split(/^(?= {2}\S)/m)
    .filter((entry) => entry.trim() !== '')
    .map((entry) => ({
      name: /^ {2}([\w-]+):/.exec(entry)?.[1] ?? '',
      description: (/^ {4}description:(?: >-)?((?:\n? .*)(?:\n {6}.*)*)/m.exec(entry)?.[1] ?? '')
        .trim()
        .replace(/\s+/g, ' '),
      default: /^ {4}default: '?(.*?)'?$/m.exec(entry)?.[1] ?? '',
    }));
}

/** The script of the step with that id. */
export function readScript(workflow: string, stepId: string): string {
  const step = workflow.split(/^(?= {6}- )/m).find((part) => part.includes(`- id: ${stepId}\n`)) ?? '';
  return unindent(/^ {8}run: \|\n((?: {10}.*\n)+)/m.exec(step)?.[1] ?? '');
}

export function unindent(text: string): string {
  const depth = Math.min(...(text.match(/^ *(?=\S)/gm) ?? ['']).map((spaces) => spaces.length));
  return text.replace(new RegExp(`^ {${depth}}`, 'gm'), '');
}
