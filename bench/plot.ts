// A plot of pairs of bars, as SVG that is readable in both colour schemes.

export interface Pair {
  readonly label: string;
  readonly ours: number;
  readonly reference: number;
  readonly referenceName: string;
}

const WIDTH = 720;
const LABELS = 300;
const BAR = 12;
const ROW = 42;

export function barPlot(title: string, pairs: readonly Pair[]): string {
  const highest = Math.max(...pairs.flatMap(({ ours, reference }) => [ours, reference]));
  const length = (value: number) => ((WIDTH - LABELS - 190) * value) / highest;
  const rows = pairs.map(({ label, ours, reference, referenceName }, i) => {
    const y = 40 + i * ROW;
    return [
      text(LABELS - 12, y + 16, label, 'end'),
      bar(y, length(ours), '#4f46e5', `${shown(ours)} ours`),
      bar(y + BAR + 3, length(reference), '#94a3b8', `${shown(reference)} ${referenceName}`),
    ].join('');
  });
  const height = 40 + pairs.length * ROW;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" font-family="system-ui, sans-serif" font-size="12"><title>${escaped(title)}</title><style>text{fill:#334155}@media(prefers-color-scheme:dark){text{fill:#cbd5e1}}</style><text x="12" y="22" font-size="15" font-weight="600">${escaped(title)}</text>${rows.join('')}</svg>\n`;
}

function bar(y: number, width: number, color: string, label: string): string {
  const end = LABELS + Math.max(1, width);
  return `<rect x="${LABELS}" y="${y}" width="${Math.max(1, width).toFixed(1)}" height="${BAR}" rx="2" fill="${color}"/>${text(end + 6, y + BAR - 2, label)}`;
}

function text(x: number, y: number, content: string, anchor = 'start'): string {
  return `<text x="${x.toFixed(0)}" y="${y}" text-anchor="${anchor}">${escaped(content)}</text>`;
}

function shown(value: number): string {
  return value < 10 ? value.toFixed(2) : value.toFixed(0);
}

function escaped(content: string): string {
  return content.replace(/[<>&]/g, (character) => `&#${character.charCodeAt(0)};`);
}
