/** Reads one input: a string, an id, a choice, or a boolean. */
import * as core from '@actions/core';
import { isId } from '../icr/id.ts';

/**
 * Without white space around it, and without the invisible characters that copying adds.
 *
 * The runner sets a variable for every input. One that is absent was lost on the way: a shell drops variables whose
 * names have hyphens when it starts a program. Its default could ask another host, for another organization.
 *
 * @throws Error if the input did not reach the action
 */
export function readText(name: string): string {
  if (process.env[`INPUT_${name.toUpperCase()}`] === undefined) {
    throw new Error(
      `The input \`${name}\` did not reach the action. Start the action by \`uses:\`, not through a shell, which drops variables whose names have hyphens. Nothing was sent.`,
    );
  }
  return core
    .getInput(name)
    .replace(/[\u200B-\u200D\u2060\uFEFF]/g, '')
    .trim();
}

/**
 * Without quotes around it, which a YAML block keeps. Quotes around nothing are no id that was left out.
 *
 * @throws Error without the text, which may be a secret in the wrong place
 */
export function readId(name: string): string | undefined {
  const text = readText(name);
  if (text === '') return undefined;
  if (/^\$\{?\w+\}?$/.test(text)) {
    throw new Error(
      `\`${name}\` is the name of a variable, which GitHub doesn’t expand here. Write an expression: \${{ … }}.`,
    );
  }
  const id = text.replace(/^(["'])(.*)\1$/, '$2');
  if (!isId(id))
    throw new Error(
      `\`${name}\` is not an id: it is empty, contains a space or a slash, or is too long. Copy it from ICR’s dashboard.`,
    );
  return id;
}

/** The first choice is the default. */
export function readChoice<T extends string>(name: string, choices: readonly [T, ...T[]]): T {
  const text = readText(name);
  const choice = text === '' ? choices[0] : choices.find((candidate) => candidate === text);
  if (choice === undefined) throw new Error(`\`${name}\` must be one of: ${choices.join(', ')}.`);
  return choice;
}

/** Takes the booleans of YAML 1.2. False if the input is empty. */
export function readBoolean(name: string): boolean {
  if (readText(name) === '') return false;
  try {
    return core.getBooleanInput(name);
  } catch (error) {
    throw new Error(`\`${name}\` must be true or false.`, { cause: error });
  }
}
