/** Owns the table in the job's summary; it holds no secrets, and a summary that cannot be written fails nothing. */
import * as core from '@actions/core';
import { messageOf, warning } from './log.ts';
import { summaryText } from './sanitize.ts';

/** Appends a table with a row for each pair of a title and a text. */
export async function writeSummary(rows: readonly (readonly [title: string, text: string])[]): Promise<void> {
  const lines = rows.map(([title, text]) => `| ${title} | ${summaryText(text)} |`);
  try {
    await core.summary.addRaw(['', '| ICR App token | |', '| --- | --- |', ...lines, ''].join('\n'), true).write();
  } catch (error) {
    warning(`The job summary could not be written: ${messageOf(error)}`);
  }
}
