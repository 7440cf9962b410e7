/** A report as a table for a terminal. */

import { largestSpread, median, ratio, type Report, type Row } from "./_report.ts";
import type { SystemId } from "./_systems.ts";

/** Who is compared with whom. */
const RATIOS: readonly [SystemId, SystemId][] = [
  ["protocol", "bare"],
  ["protocol", "node"],
  ["protocol", "uvloop"],
  ["giving", "bare"],
  ["buffered", "bare"],
  ["functions", "protocol"],
  ["functions", "giving"],
  ["generators", "protocol"],
  ["generators", "giving"],
  ["functions", "uvloop-streams"],
  ["generators", "uvloop-streams"],
];

const RATIO_MEANING =
  "How many times as fast (or as small) as the other one ours is: the median of " +
  "the ratios within the rounds.";

export function reportText(report: Report): string {
  const seen = (id: SystemId) => report.rows.some((row) => row.cells[id] !== undefined);
  const systems = report.systems.filter(({ id }) => seen(id));
  const names = new Map(report.systems.map(({ id, head }) => [id, head]));
  const ratios = RATIOS.filter(([own, other]) =>
    report.rows.some((row) => ratio(row, own, other) !== undefined)
  );

  const figures = [
    ["", "", ...systems.map(({ head }) => head[0]), ""],
    ["", "", ...systems.map(({ head }) => head[1]), "±"],
    ...report.rows.map((row) => [
      row.title,
      row.unit,
      ...systems.map(({ id }) => cell(row, id)),
      `${Math.round(largestSpread(row) * 100)}%`,
    ]),
  ];
  const comparisons = [
    ["", "", ...ratios.map(([own]) => `${names.get(own)![1]} /`)],
    ["", "", ...ratios.map(([, other]) => names.get(other)!.join(" "))],
    ...report.rows.map((row) => [
      row.title,
      "",
      ...ratios.map(([own, other]) => ratio(row, own, other)?.toFixed(2) ?? "-"),
    ]),
  ];

  return [
    `${report.date} · ${report.machine}`,
    ...systems.map(({ head, version }) => `${head.join(" ")}: ${version}`),
    `Medians of ${report.rounds} rounds of ${report.ms} ms, in each of which every system has its turn; ` +
    "±: the largest half distance of quartiles.",
    ...report.remarks.map((remark) => `! ${remark}.`),
    "",
    ...alignColumns(figures),
    ...(ratios.length > 0 ? ["", RATIO_MEANING, "", ...alignColumns(comparisons)] : []),
  ].join("\n");
}

function cell(row: Row, id: SystemId): string {
  const values = row.cells[id];
  if (values === undefined) return "-";
  const value = median(values);
  if (value >= 1e6) return `${(value / 1e6).toFixed(2)}M`;
  if (value >= 1e4) return `${(value / 1e3).toFixed(1)}k`;
  return value.toFixed(value < 100 ? 1 : 0);
}

/** The first two columns to the left, the others to the right. */
function alignColumns(grid: readonly string[][]): string[] {
  const widths = grid[0]!.map((_, column) => Math.max(...grid.map((row) => row[column]!.length)));
  return grid.map((row) =>
    row.map((text, column) =>
      column < 2 ? text.padEnd(widths[column]!) : text.padStart(widths[column]!)
    ).join("  ").trimEnd()
  );
}
