/** Owns the secrets that this process knows: masks them in the runner's log and takes them out of text. */
import * as core from '@actions/core';

const REDACTED = '***';
/** Whatever a secret can consist of; long enough that no word of a sentence is one. */
const RUNS = /[\w+/=.~-]{16,}/g;

const known = new Set<string>();

/** Masks the text in the runner's log, each line of it; must come before anything else is done with it. */
export function maskSecret(secret: string): void {
  if (secret === '' || known.has(secret)) return;
  core.setSecret(secret);
  known.add(secret);
}

/** The text without the secrets masked so far, or long pieces of them, and without anything that looks like a JWT. */
export function redact(text: string): string {
  const longestFirst = [...known].sort((one, other) => other.length - one.length);
  return longestFirst
    .reduce((rest, secret) => rest.replaceAll(secret, REDACTED), text)
    .replace(RUNS, (run) => (longestFirst.some((secret) => secret.includes(run)) ? REDACTED : withoutJwt(run)));
}

/** A JWT's first part is JSON, so it begins with the base64url of `{"`. Linear in the run's length. */
function withoutJwt(run: string): string {
  const start = run.indexOf('eyJ');
  return start === -1 || !run.includes('.', start) ? run : `${run.slice(0, start)}${REDACTED}`;
}
