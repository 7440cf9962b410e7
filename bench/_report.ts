/** The figures of a run: what `table.ts` collects, prints, draws and writes as JSON. */

/** All measurements of one workload in one system, one for each round. */
export interface Samples {
  /** Nanoseconds or bytes for one unit of work. */
  values: number[];
  /** What the last run told beside. */
  details?: Record<string, number>;
}

export interface Row {
  name: string;
  title: string;
  unit: string;
  measured: "ns" | "ns of processor time" | "bytes";
  cells: Record<string, Samples>;
  /** By competitor: why it is missing, or in what its work differs. */
  notes: Record<string, string>;
}

export interface Report {
  date: string;
  machine: string;
  command: string;
  rounds: number;
  competitors: { id: string; label: string; version: string }[];
  /** Whose speed the others are compared with. */
  reference: string;
  rows: Row[];
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Half the distance between the quartiles, as a share of the median. */
export function spread(values: readonly number[]): number {
  return (quantile(values, 0.75) - quantile(values, 0.25)) / 2 / median(values);
}

/** The value that a share of all are below, between two of them if need be. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const place = (sorted.length - 1) * share;
  const below = sorted[Math.floor(place)]!;
  return below + (sorted[Math.ceil(place)]! - below) * (place % 1);
}

/**
 * How many times as fast (or as small) as `reference` a system is: the median over the rounds, in
 * each of which both were measured within moments.
 */
export function ratio(row: Row, id: string, reference: string): number | undefined {
  const own = row.cells[id]?.values;
  const other = row.cells[reference]?.values;
  if (own === undefined || other === undefined) return undefined;
  return median(own.map((value, round) => other[round]! / value));
}

/** The geometric mean of the ratios of all rows that are measured in time. */
export function meanRatio(report: Report, id: string, reference: string): number | undefined {
  const logs = report.rows
    .filter((row) => row.measured !== "bytes")
    .map((row) => ratio(row, id, reference))
    .filter((each) => each !== undefined)
    .map(Math.log);
  if (logs.length === 0) return undefined;
  return Math.exp(logs.reduce((sum, each) => sum + each, 0) / logs.length);
}
