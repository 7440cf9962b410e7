/** The figures of a run: what `table.ts` collects, prints and writes as JSON. */

import { median, spread } from "../_report.ts";
import type { SystemId } from "./_systems.ts";

export { median };

export interface Row {
  name: string;
  title: string;
  unit: string;
  lessIsBetter: boolean;
  /** By system: a value for each round. */
  cells: Partial<Record<SystemId, number[]>>;
}

export interface Report {
  date: string;
  machine: string;
  command: string;
  rounds: number;
  ms: number;
  systems: { id: SystemId; head: readonly [string, string]; version: string }[];
  rows: Row[];
  /** What was missing, and what has failed. */
  remarks: string[];
}

/**
 * How many times as good as `reference` a system is: the median over the rounds, in each of which both
 * were measured within moments.
 */
export function ratio(row: Row, id: SystemId, reference: SystemId): number | undefined {
  const own = row.cells[id];
  const other = row.cells[reference];
  if (own === undefined || other === undefined) return undefined;
  return median(own.map((value, round) => {
    const quotient = value / other[round]!;
    return row.lessIsBetter ? 1 / quotient : quotient;
  }));
}

/** The largest half distance of quartiles in a row, as a share of the median. */
export function largestSpread(row: Row): number {
  return Math.max(...Object.values(row.cells).map((values) => spread(values)));
}

/** How much longer the slowest answers take when the server has other work: rows made of rows. */
export function overIdle(rows: readonly Row[]): Row[] {
  const idle = rows.find(({ name, title }) => name === "latency-idle" && title.endsWith("p99"));
  const busy = rows.filter(({ name, title }) =>
    name.startsWith("latency-") && name !== "latency-idle" && title.endsWith("p99")
  );
  if (idle === undefined) return [];
  return busy.map((row) => {
    const made: Row = { ...row, unit: "× idle", cells: {} };
    for (const [id, values] of Object.entries(row.cells) as [SystemId, number[]][]) {
      const others = idle.cells[id];
      if (others) made.cells[id] = values.map((value, round) => value / others[round]!);
    }
    return made;
  });
}
