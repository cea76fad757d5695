/** Makes text from outside (names, ids, messages) safe for a person and the runner to read. */
import { PLAIN_TEXT } from './escapes.ts';
import { redact } from './secrets.ts';

const ELLIPSIS = '…';

/**
 * One line that is safe to log: without control and format characters, secrets or `##[`, which the runner
 * obeys as a command anywhere in a line. Secrets are taken out before the cut, which could leave half of one.
 *
 * @param maxCharacters in UTF-16 code units, as the runner counts them
 */
export function sanitize(text: string, maxCharacters = 300): string {
  // A regular expression takes a byte order mark for white space, though it is invisible.
  const visible = PLAIN_TEXT.test(text) ? text : text.replace(/\uFEFF|(?!\s)\p{C}/gu, '');
  const harmless = redact(visible.replace(/\s+/g, ' ')).replaceAll('##[', '## [').trim();
  if (harmless.length <= maxCharacters) return harmless;
  return `${harmless.slice(0, maxCharacters - 1).replace(/[\uD800-\uDBFF]$/, '')}${ELLIPSIS}`;
}
