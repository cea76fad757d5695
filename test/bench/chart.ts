/** Draws a benchmark's figures as a chart that GitHub shows in Markdown. */

/** Horizontal bars. Each name has its figure, because Mermaid prints none beside a bar. */
export function barChart(
  title: string,
  unit: string,
  bars: readonly (readonly [name: string, value: number])[],
): string {
  const names = bars.map(([name, value]) => quoted(`${name}: ${value.toFixed(0)} ${unit}`));
  const most = Math.max(...bars.map(([, value]) => value));
  return `\`\`\`mermaid
---
config:
  xyChart:
    width: 800
    height: ${100 + 40 * bars.length}
  themeVariables:
    xyChart:
      plotColorPalette: "#4493f8"
---
xychart-beta horizontal
    title ${quoted(title)}
    x-axis [${names.join(', ')}]
    y-axis ${quoted(unit)} 0 --> ${Math.ceil(most / 50) * 50}
    bar [${bars.map(([, value]) => value.toFixed(0)).join(', ')}]
\`\`\`
`;
}

/** Mermaid has no escape for a quotation mark in a text. */
function quoted(text: string): string {
  return `"${text.replaceAll('"', "'")}"`;
}
