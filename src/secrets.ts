/** Owns the secrets that this process knows: masks them in the runner's log and takes them out of text. */
import * as core from '@actions/core';

const REDACTED = '***';
const LIKE_A_JWT = /eyJ[\w-]*\.[\w-]+(?:\.[\w-]*)*/g;

const known = new Set<string>();

/** Masks the text in the runner's log, each line of it; must come before anything else is done with it. */
export function maskSecret(secret: string): void {
  if (secret === '' || known.has(secret)) return;
  core.setSecret(secret);
  known.add(secret);
}

/** The text without the secrets masked so far and without anything that looks like a JWT. */
export function redact(text: string): string {
  const longestFirst = [...known].sort((one, other) => other.length - one.length);
  return longestFirst.reduce((rest, secret) => rest.replaceAll(secret, REDACTED), text).replace(LIKE_A_JWT, REDACTED);
}
