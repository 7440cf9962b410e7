/** A report as a table for a terminal. */

import { meanRatio, median, ratio, type Report, type Row, spread } from "./_report.ts";

const PEERS = ["effection", "effect"];

/** The library's columns that are compared. */
const OWN = ["generators", "functions"];

export function tableText(report: Report): string {
  const label = (id: string) => report.competitors.find((each) => each.id === id)?.label ?? id;
  const own = OWN.filter((id) => report.competitors.some((each) => each.id === id));
  const comparisons = own.flatMap((id) => [{ id, to: report.reference }, { id, to: "peer" }])
    .filter(({ id, to }) => id !== to);

  const grid = [[
    "per unit of work",
    ...report.competitors.map((each) => each.label),
    ...comparisons.map(({ id, to }) => `${label(id)}/${to === "peer" ? "peer" : label(to)}`),
  ]];
  for (const row of report.rows) {
    grid.push([
      `${row.title}${row.measured === "ns of processor time" ? " (cpu)" : ""}`,
      ...report.competitors.map(({ id }) => cell(row, id)),
      ...comparisons.map(({ id, to }) => times(ratio(row, id, to === "peer" ? bestPeer(row) : to))),
    ]);
  }
  grid.push([
    "geometric mean",
    ...report.competitors.map(() => ""),
    ...comparisons.map(({ id, to }) => to === "peer" ? "" : times(meanRatio(report, id, to))),
  ]);

  return [
    `${report.date} · ${report.machine}`,
    ...report.competitors.map((each) => `${each.label}: ${each.version}`),
    `Nanoseconds (or bytes) for one unit of work: median of ${report.rounds} rounds, ± half the ` +
    "distance of the quartiles;",
    "A/B: how many times as fast (or as small) A is as B; peer: the better one from npm.",
    "",
    ...alignColumns(grid),
    "",
    ...noteLines(report, label),
  ].join("\n");
}

function cell(row: Row, id: string): string {
  const values = row.cells[id]?.values;
  if (values === undefined) return "-";
  const value = median(values);
  const share = values.length > 1 ? ` ±${Math.round(spread(values) * 100)}%` : "";
  return `${value.toFixed(value < 10 ? 1 : 0)}${share}`;
}

function times(value: number | undefined): string {
  return value === undefined ? "-" : `${value.toFixed(value < 10 ? 1 : 0)}×`;
}

function bestPeer(row: Row): string {
  const present = PEERS.filter((id) => row.cells[id] !== undefined);
  const value = (id: string) => median(row.cells[id]!.values);
  return present.toSorted((a, b) => value(a) - value(b))[0] ?? "none";
}

/** The first column to the left, the others to the right. */
function alignColumns(grid: readonly string[][]): string[] {
  const widths = grid[0]!.map((_, column) => Math.max(...grid.map((row) => row[column]!.length)));
  return grid.map((row) =>
    row.map((text, column) =>
      column === 0 ? text.padEnd(widths[0]!) : text.padStart(widths[column]!)
    ).join("  ")
  );
}

function noteLines(report: Report, label: (id: string) => string): string[] {
  const shown = (id: string) => report.competitors.some((each) => each.id === id);
  return report.rows.map((row) => {
    const notes = Object.entries(row.notes).filter(([id]) => shown(id))
      .map(([id, note]) => `${label(id)}: ${note}`);
    return [`${row.title}: ${row.unit}`, ...notes].join("; ");
  });
}
