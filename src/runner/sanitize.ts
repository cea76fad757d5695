/** Owns what text from outside (names, ids, messages) goes through before a person sees it. */
import { redact } from './secrets.ts';

const ELLIPSIS = '…';

/**
 * One line that is safe to log: without control and format characters, secrets or `##[`, which the runner
 * obeys as a command anywhere in a line. Secrets go before the cut, lest half of one stays.
 *
 * @param maxCharacters in UTF-16 code units, as the runner counts them
 */
export function sanitize(text: string, maxCharacters = 300): string {
  // A byte order mark is white space to an expression, and yet invisible.
  const visible = text.replace(/\uFEFF|(?!\s)\p{C}/gu, '').replace(/\s+/g, ' ');
  const harmless = redact(visible).replaceAll('##[', '## [').trim();
  if (harmless.length <= maxCharacters) return harmless;
  return `${harmless.slice(0, maxCharacters - 1).replace(/[\uD800-\uDBFF]$/, '')}${ELLIPSIS}`;
}

/**
 * The text for a cell of a table in the job's summary. Numeric character references mean the character itself
 * to HTML and to Markdown alike, and start no structure in either (CommonMark, section 2.5).
 */
export function summaryText(text: string): string {
  return sanitize(text).replace(
    /[!-+/;-@[-^`{-~]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])|(?<=www)\./giu,
    (character) => `&#${character.charCodeAt(0)};`,
  );
}
