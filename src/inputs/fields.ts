/** Reads one input: a string, an id, a choice, or a boolean. */
import * as core from '@actions/core';
import { isId } from '../icr/id.ts';

/** Without white space around it, and without the invisible characters that copying adds. */
export function readText(name: string): string {
  return core
    .getInput(name)
    .replace(/[\u200B-\u200D\u2060\uFEFF]/g, '')
    .trim();
}

/**
 * Without quotes around it, which a YAML block keeps.
 *
 * @throws Error without the text, which may be a secret in the wrong place
 */
export function readId(name: string): string | undefined {
  const id = readText(name).replace(/^(["'])(.*)\1$/, '$2');
  if (id === '') return undefined;
  if (!isId(id))
    throw new Error(
      `\`${name}\` is not an id: it contains a space or a slash, or is too long. Copy it from ICR’s dashboard.`,
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
