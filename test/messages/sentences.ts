/** Measures a message: where its sentences end, and which messages differ only in ids, hosts or numbers. */

/** Where each sentence ends, in UTF-16 code units. A full stop within quotation marks or backticks ends none. */
export function sentenceEnds(text: string): number[] {
  const ends: number[] = [];
  let isCode = false;
  let quotes = 0;
  for (const [index, sign] of text.split('').entries()) {
    if (sign === '`' && quotes === 0) isCode = !isCode;
    if (sign === '“' && !isCode) quotes += 1;
    if (sign === '”' && !isCode) quotes = Math.max(0, quotes - 1);
    const isOutside = !isCode && quotes === 0;
    if (isOutside && /[.!?]/.test(sign) && /^(?:\)?\s|\)?$)/.test(text.slice(index + 1))) ends.push(index + 1);
  }
  return ends.length === 0 ? [text.length] : ends;
}

/** The same text for every run of one case, with `…` for what changes. A status stays: another one is another case. */
export function normalize(text: string): string {
  return text
    .replace(/[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}/gi, '…')
    .replace(/SHA256:[\w+/=]+/g, 'SHA256:…')
    .replace(/(?:\[::1?\]|localhost|127\.0\.0\.1|[\w-]+\.example\b)(?::\d+)?/g, '…')
    .replace(/(api\.\w+\.com):\d+/g, '$1')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '…')
    .replace(/(?:[A-Za-z]:)?[/\\](?:tmp|var|private|Users)[^\s`”)]*/g, '…')
    .replace(/(?<![\w.%-])(?![1-5]\d\d(?![\d.])|8601)[-−]?\d[\d,]*(?:\.\d+)*(?!\d|-\d)/g, '…');
}
