/** Draws a benchmark's figures as a chart that GitHub shows in Markdown. */

/** Bars that lie, one below the other, with the figure behind each name. Mermaid prints no figures beside bars. */
export function barChart(
  title: string,
  unit: string,
  bars: readonly (readonly [name: string, value: number])[],
): string {
  const names = bars.map(([name, value]) => quoted(`${name}: ${value.toFixed(0)} ${unit}`));
  const most = Math.max(...bars.map(([, value]) => value));
  return [
    '```mermaid',
    'xychart-beta horizontal',
    `    title ${quoted(title)}`,
    `    x-axis [${names.join(', ')}]`,
    `    y-axis ${quoted(unit)} 0 --> ${Math.ceil(most / 50) * 50}`,
    `    bar [${bars.map(([, value]) => value.toFixed(0)).join(', ')}]`,
    '```\n',
  ].join('\n');
}

/** Mermaid has no escape for a quotation mark in a text. */
function quoted(text: string): string {
  return `"${text.replaceAll('"', "'")}"`;
}
