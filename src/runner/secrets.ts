/** Masks secrets in the runner's log, and takes them and pieces of them out of text. */
import * as core from '@actions/core';
import { viewsOf, withoutBlanks } from './escapes.ts';

const REDACTED = '***';
/** So many characters of a secret in a row are never printed. */
const WINDOW_CHARACTERS = 12;
/** In text with escapes undone, what stands before a secret may have hidden up to four of them: `=ab` in `token=abc`. */
const UNESCAPED_WINDOW_CHARACTERS = 8;
/** A shorter secret is taken out only if it stands alone, because other words are likely to hold it. */
const MIN_CHARACTERS_ANYWHERE = 4;
/** A set of all windows takes two milliseconds to make, which a line of the log is not worth. */
const MIN_CHARACTERS_FOR_SET = 4000;

const known = new Set<string>();
/** Since the last redaction. */
const added: string[] = [];
/** Secrets that have a window, without blanks, one a line. */
let longSecrets = '';
const windows = new Map<number, Set<string>>();
const shortSecrets = new Set<string>();

/** Masks the text in the runner's log, each line of it; must come before anything else is done with it. */
export function maskSecret(secret: string): void {
  if (secret === '' || known.has(secret)) return;
  core.setSecret(secret);
  known.add(secret);
  added.push(secret);
}

/**
 * The text without the secrets masked so far, without long pieces of any of them, and without
 * anything that looks like a JWT, escaped or not. The time it takes grows with the length of the text alone.
 */
export function redact(text: string): string {
  addSecrets();
  const isSecret = new Uint8Array(text.length);
  for (const [level, view] of viewsOf(text).entries()) {
    const size = level === 0 ? WINDOW_CHARACTERS : UNESCAPED_WINDOW_CHARACTERS;
    const mark = (from: number | undefined, to: number | undefined) => isSecret.fill(1, from, to);
    for (const [start, end] of findJwts(view.text)) mark(view.from[start], view.to[end - 1]);
    for (const [start, end] of findShortSecrets(view.text)) mark(view.from[start], view.to[end - 1]);
    const packed = withoutBlanks(view);
    for (const start of findWindows(packed.text, size)) mark(packed.from[start], packed.to[start + size - 1]);
  }
  return replaceMarked(text, isSecret);
}

/** The longest first: the lines of a key are parts of its body. */
function addSecrets(): void {
  for (const secret of added.splice(0).sort((one, other) => other.length - one.length)) {
    if (secret.length >= WINDOW_CHARACTERS && longSecrets.includes(secret)) continue;
    // A proxy's password may hold escapes itself.
    for (const view of viewsOf(secret)) {
      const { text } = withoutBlanks(view);
      if (text.length >= WINDOW_CHARACTERS) longSecrets += `${text}\n`;
      else if (text !== '') shortSecrets.add(view.text.trim());
    }
    windows.clear();
  }
}

/** A JWT's first part is JSON, so it begins with the base64url of `{"`. */
function* findJwts(text: string): Generator<[start: number, end: number]> {
  for (const { 0: run, index } of text.matchAll(/[\w.~+/=-]{8,}/g)) {
    const start = run.indexOf('eyJ');
    if (start !== -1 && run.includes('.', start)) yield [index + start, index + run.length];
  }
}

function* findShortSecrets(text: string): Generator<[start: number, end: number]> {
  for (const secret of shortSecrets) {
    for (let start = text.indexOf(secret); start !== -1; start = text.indexOf(secret, start + secret.length)) {
      const end = start + secret.length;
      const isAlone = !/[\p{L}\p{N}]/u.test(`${text[start - 1] ?? ''}${text[end] ?? ''}`);
      if (secret.length >= MIN_CHARACTERS_ANYWHERE || isAlone) yield [start, end];
    }
  }
}

function* findWindows(text: string, size: number): Generator<number> {
  const all = text.length < MIN_CHARACTERS_FOR_SET ? undefined : allWindows(size);
  for (let start = 0; start + size <= text.length; start += 1) {
    const window = text.slice(start, start + size);
    if (all?.has(window) ?? longSecrets.includes(window)) yield start;
  }
}

function allWindows(size: number): Set<string> {
  let all = windows.get(size);
  if (all !== undefined) return all;
  all = new Set();
  for (let start = 0; start + size <= longSecrets.length; start += 1) all.add(longSecrets.slice(start, start + size));
  windows.set(size, all);
  return all;
}

function replaceMarked(text: string, isMarked: Uint8Array): string {
  let kept = '';
  for (let at = 0; at < text.length; ) {
    const start = isMarked.indexOf(1, at);
    if (start === -1) return kept + text.slice(at);
    const end = isMarked.indexOf(0, start);
    kept += text.slice(at, start) + REDACTED;
    at = end === -1 ? text.length : end;
  }
  return kept;
}
