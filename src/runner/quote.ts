/** Makes text from outside (names, ids, messages) safe for a person and the runner to read. */
import { PLAIN_TEXT, redact, repeatsSecret } from './secrets.ts';

/** What is looked at of a longer text, because the search for secrets would take too long. */
const MAX_CHARACTERS_READ = 4000;
/** The end of text without spaces, such as JSON or Chinese: it may be a part of a secret, or half a character. */
const WORD_AT_END = /(?:[\w.~+/=:@%#$&*!?^|\\`-]*|[\uD800-\uDBFF])$/;
const WITHHELD = '(withheld: it repeats a secret)';

/**
 * Text from outside as a part of one line, or a note that it is withheld if it repeats a secret. It is cut between
 * words: GitHub masks a secret only as a whole.
 *
 * @param maxCharacters in UTF-16 code units, as the runner counts them
 */
export function quote(text: string, maxCharacters = 300): string {
  const read = text.slice(0, MAX_CHARACTERS_READ);
  if (repeatsSecret(read)) return WITHHELD;
  const line = oneLine(read);
  if (line.length <= maxCharacters) return line;
  const kept = line.slice(0, maxCharacters);
  return `${kept.includes(' ') ? kept.slice(0, kept.lastIndexOf(' ')) : kept.slice(0, -1).replace(WORD_AT_END, '')}…`;
}

/**
 * One line without secrets, without control and format characters, and without `##[`, which the runner obeys as a
 * command anywhere in a line.
 */
export function oneLine(text: string): string {
  // A regular expression takes a byte order mark for white space, though it is invisible.
  const visible = PLAIN_TEXT.test(text) ? text : text.replace(/\uFEFF|(?!\s)\p{C}/gu, '');
  return redact(visible.replace(/\s+/g, ' ').trim()).replaceAll('##[', '## [');
}
