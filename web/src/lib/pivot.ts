/** Rows of an answer turned so that the values of one dimension become columns. */

type Cell = string | number | boolean | null;
type Row = Record<string, Cell>;

export interface Pivoted {
  /** The values that became columns, in the order in which they come. */
  values: Cell[];
  /** One row for each combination of `rows`; cells by the key of their value and metric. */
  rows: Row[];
}

export const cellKey = (value: Cell, metric: string): string => `${JSON.stringify(value)}|${metric}`;

export function pivot(
  rows: readonly Row[],
  down: readonly string[],
  across: string,
  metrics: readonly string[],
): Pivoted {
  const values = new Map<string, Cell>();
  const made = new Map<string, Row>();
  for (const row of rows) {
    const value = row[across] ?? null;
    values.set(JSON.stringify(value), value);
    const key = JSON.stringify(down.map((name) => row[name] ?? null));
    let out = made.get(key);
    if (!out) {
      out = Object.fromEntries(down.map((name) => [name, row[name] ?? null]));
      made.set(key, out);
    }
    for (const metric of metrics) out[cellKey(value, metric)] = row[metric] ?? null;
  }
  return { values: [...values.values()], rows: [...made.values()] };
}
