/** Writes the table in the job's summary. It holds no secrets, and a summary that cannot be written fails nothing. */
import * as core from '@actions/core';
import { messageOf, warning } from './log.ts';
import { oneLine } from './quote.ts';

/** Appends a table with a row for each pair of a title and a text. */
export async function writeSummary(rows: readonly (readonly [title: string, text: string])[]): Promise<void> {
  const lines = rows.map(([title, text]) => `| ${title} | ${summaryText(text)} |`);
  try {
    await core.summary.addRaw(['', '| ICR App token | |', '| --- | --- |', ...lines, ''].join('\n'), true).write();
  } catch (error) {
    warning(
      `The job summary could not be written. Check the runner’s disk; the token is not affected. ${messageOf(error)}`,
    );
  }
}

/**
 * The text for a cell. Character references mean the character itself to HTML and to Markdown, and start nothing
 * in either (CommonMark, section 2.5). GitHub makes a link of `www.`. The names of permissions stay as they are.
 */
export function summaryText(text: string): string {
  return oneLine(text).replace(
    /[!-+/;-@[-^`{-~]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])|(?<=www)\./giu,
    (character) => `&#${character.charCodeAt(0)};`,
  );
}
