/** Reading answers: numbers, the words of a dimension, series over buckets, and whether there is anything to draw. */
import type { Answer, Bucket, Cell, Column, Row } from "@/api/types";

/** What the server calls the rest beyond the first N. */
export const OTHERS = "(all others)";
const NOT_SET = "Not set";

export const numberOf = (cell: Cell | undefined): number | null => {
  if (cell === null || cell === undefined || cell === "" || typeof cell === "boolean") return null;
  const number = Number(cell);
  return Number.isFinite(number) ? number : null;
};

/** A dimension's value in words; an unknown one is "Not set". */
export function wordsOf(cell: Cell | undefined, column: Column | undefined): string {
  if (cell === null || cell === undefined || cell === "") return NOT_SET;
  if (cell === OTHERS) return "All others";
  return column?.labels?.[Number(cell)] ?? String(cell);
}

export const columnOf = (answer: Answer, name: string): Column | undefined =>
  answer.columns.find((column) => column.name === name);

/**
 * How many rows there are to scroll to. A table that is compared has those as well that only the other period has: they
 * are not of this period, and the words may not say so. Where every row is there, it is seen whether there are such.
 */
export function howMany(answer: Answer, count: (rows: number) => string): string {
  const figures = answer.columns.filter((column) => column.kind === "metric");
  const gone = (row: Row) => figures.every((column) => !numberOf(row[column.name]));
  const whole = !answer.buckets && answer.rows.length >= answer.row_count;
  const both = answer.compare_period !== null && !(whole && !answer.rows.some(gone));
  return `${count(answer.row_count)} ${both ? "in either period" : "in all"}`;
}

/** Values of a metric, one for each bucket; null where there is no row. */
export function overBuckets(rows: Row[], buckets: Bucket[], grain: string, name: string): (number | null)[] {
  const byStart = new Map(rows.map((row) => [String(row[grain]).slice(0, 10), row]));
  return buckets.map((bucket) => numberOf(byStart.get(bucket.start)?.[name]));
}

export interface Series {
  /** The value of the dimension, as the answer has it. */
  value: Cell;
  title: string;
  rest: boolean;
  rows: Row[];
}

/** The rows of each value of a dimension, in the order of the answer's totals, the rest last. */
export function seriesOf(answer: Answer, dimension: string, metric: string): Series[] {
  const column = columnOf(answer, dimension);
  const found = new Map<string, Series & { size: number }>();
  for (const row of answer.rows) {
    const value = row[dimension] ?? null;
    const key = JSON.stringify(value);
    let series = found.get(key);
    if (!series) {
      series = { value, title: wordsOf(value, column), rest: value === OTHERS, rows: [], size: 0 };
      found.set(key, series);
    }
    series.rows.push(row);
    series.size += Math.abs(numberOf(row[metric]) ?? 0);
  }
  return [...found.values()].sort((a, b) => Number(a.rest) - Number(b.rest) || b.size - a.size);
}

/** Whether a dimension is unknown in every row: then no loaded file has it. */
export const isNeverSet = (answer: Answer, dimension: string): boolean =>
  answer.rows.length > 0 && answer.rows.every((row) => row[dimension] === null || row[dimension] === "");

const holds = (answer: Answer, test: (value: number | null) => boolean): boolean => {
  const names = answer.columns.filter((column) => column.kind === "metric").map((column) => column.name);
  return answer.rows.every((row) => names.every((name) => test(numberOf(row[name]))));
};

/** Whether no row has a value of any metric, or all are zero. */
export const isBlank = (answer: Answer): boolean => holds(answer, (value) => !value);

/** Whether no row has a known value of any metric. */
export const isUnknown = (answer: Answer): boolean => holds(answer, (value) => value === null);

/** Whether there is anything to compare a metric with. */
export const isCompared = (answer: Answer, metric: string): boolean =>
  answer.rows.some((row) => numberOf(row[`${metric}_compare`]) !== null);

/** Running totals; unknown buckets after the last known one stay unknown. */
export function runningTotal(values: (number | null)[]): (number | null)[] {
  const last = values.findLastIndex((value) => value !== null);
  let sum = 0;
  return values.map((value, index) => {
    sum += value ?? 0;
    return index > last ? null : sum;
  });
}
