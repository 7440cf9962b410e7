/** A report as an SVG picture. */

import { ratio, type Report } from "./_report.ts";

const ROW_HEIGHT = 26;
const TOP = 64;
const LEFT = 210;
const PLOT_WIDTH = 560;
const WIDTH = LEFT + PLOT_WIDTH + 30;

const COLOURS: Record<string, string> = {
  generators: "#0b6bcb",
  functions: "#56b4e9",
  host: "#bbbbbb",
  immediate: "#888888",
  effection: "#cc79a7",
  effect: "#d55e00",
  asyncio: "#e6b800",
  uvloop: "#2e8b57",
};

/** A row for each workload, and on it a dot for each system: how many times as fast as the reference. */
export function picture(report: Report): string {
  const rows = report.rows.map((row) => ({
    title: row.title,
    dots: report.competitors.flatMap(({ id }) => {
      const value = ratio(row, id, report.reference);
      return value === undefined ? [] : [{ id, value }];
    }),
  })).filter(({ dots }) => dots.length > 0);
  const values = rows.flatMap(({ dots }) => dots.map(({ value }) => value));
  const low = Math.floor(Math.log10(Math.min(0.1, ...values)));
  const high = Math.ceil(Math.log10(Math.max(10, ...values)));
  const x = (value: number) => LEFT + PLOT_WIDTH * (Math.log10(value) - low) / (high - low);
  const bottom = TOP + rows.length * ROW_HEIGHT;
  const reference = report.competitors.find(({ id }) => id === report.reference);

  const out: string[] = [];
  const text = (left: number, top: number, content: string, attributes = "") =>
    out.push(`<text x="${round(left)}" y="${round(top)}" ${attributes}>${escape(content)}</text>`);
  text(10, 20, `Speed, in times that of ${reference?.version}`, 'font-weight="bold"');

  let left = 10;
  for (const { id, label } of report.competitors) {
    out.push(dot(left + 5, 40, id));
    text(left + 14, 44, label);
    left += 30 + label.length * 7;
  }
  for (let power = low; power <= high; power++) {
    const at = x(10 ** power);
    const width = power === 0 ? 2 : 0.5;
    out.push(
      `<line x1="${round(at)}" x2="${round(at)}" y1="${TOP}" y2="${bottom}" stroke="#999" ` +
        `stroke-width="${width}"/>`,
    );
    text(
      at,
      bottom + 16,
      `${power < 0 ? `1/${10 ** -power}` : 10 ** power}×`,
      'text-anchor="middle"',
    );
  }
  rows.forEach(({ title, dots }, index) => {
    const middle = TOP + (index + 0.5) * ROW_HEIGHT;
    out.push(
      `<line x1="${LEFT}" x2="${LEFT + PLOT_WIDTH}" y1="${middle}" y2="${middle}" ` +
        `stroke="#ddd" stroke-width="0.5"/>`,
    );
    text(LEFT - 8, middle + 4, title, 'text-anchor="end"');
    // The library's own dots lie above the others.
    for (const { id, value } of dots.toReversed()) out.push(dot(x(value), middle, id, value));
  });
  text(10, bottom + 38, `${report.date}, ${report.machine}`, 'fill="#666"');
  text(10, bottom + 54, report.command, 'fill="#666" font-family="monospace"');

  const height = bottom + 64;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" ` +
    `width="${WIDTH}" height="${height}" font-family="sans-serif" font-size="12" fill="#222">`,
    `<rect width="100%" height="100%" fill="#fff"/>`,
    ...out,
    "</svg>\n",
  ].join("\n");
}

function dot(left: number, top: number, id: string, value?: number): string {
  const title = value === undefined ? "" : `<title>${id}: ${value.toPrecision(2)}×</title>`;
  return `<circle cx="${round(left)}" cy="${round(top)}" r="5" fill="${COLOURS[id] ?? "#000"}" ` +
    `stroke="#fff" stroke-width="0.5">${title}</circle>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
