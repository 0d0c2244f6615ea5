/** Filters: as chips on the page, as `country=France` in an address, as objects in a question. */

import type { AskedFilter } from "@/api/types";

export type Op = "=" | "!=" | ">=" | "<=" | ">" | "<" | "contains" | "is null" | "is not null";

/** Several values mean any of them (with `!=`: none of them). */
export interface Filter {
  dimension: string;
  op: Op;
  values: string[];
}

const FORM = /^([a-z][a-z0-9_]*)(?: (is null|is not null)|(!=|>=|<=|=|>|<|~)(.*))$/s;

/** How a chip reads: `Country is France or Germany`. */
export const OP_WORDS: Record<Op, string> = {
  "=": "is",
  "!=": "is not",
  ">=": "at least",
  "<=": "at most",
  ">": "over",
  "<": "under",
  contains: "contains",
  "is null": "is unknown",
  "is not null": "is known",
};

/** Read the filters of an address; what cannot be read is left out. Equal dimension and operator become one filter. */
export function readFilters(texts: readonly string[]): Filter[] {
  const filters: Filter[] = [];
  for (const text of texts) {
    const match = FORM.exec(text);
    if (!match) continue;
    const [, dimension = "", unary, sign, value = ""] = match;
    const op = (unary ?? (sign === "~" ? "contains" : sign)) as Op;
    const same = filters.find((filter) => filter.dimension === dimension && filter.op === op);
    if (!same) filters.push({ dimension, op, values: unary ? [] : [value] });
    else if (!unary && !same.values.includes(value)) same.values.push(value);
  }
  return filters;
}

export const writeFilters = (filters: readonly Filter[]): string[] =>
  filters.flatMap(({ dimension, op, values }) =>
    op === "is null" || op === "is not null"
      ? [`${dimension} ${op}`]
      : values.map((value) => `${dimension}${op === "contains" ? "~" : op}${value}`),
  );

/** Filters as a question has them: several values make `=` an `in`. */
export const askFilters = (filters: readonly Filter[]): AskedFilter[] =>
  filters.map(({ dimension, op, values }) => ({
    dimension,
    op: values.length > 1 && op === "=" ? "in" : values.length > 1 && op === "!=" ? "not in" : op,
    values,
  }));

const isChoice = (filter: Filter): boolean => filter.op === "=" || filter.op === "is null";

/** Drill into a value (null: the rows where it is unknown): the dimension then has this value alone. */
export function drill(texts: readonly string[], dimension: string, value: string | null): string[] {
  const others = readFilters(texts).filter((filter) => filter.dimension !== dimension || !isChoice(filter));
  const chosen: Filter =
    value === null ? { dimension, op: "is null", values: [] } : { dimension, op: "=", values: [value] };
  return writeFilters([...others, chosen]);
}

/** Put a filter in place of those with the same dimension and operator. */
export function withFilter(texts: readonly string[], filter: Filter): string[] {
  return writeFilters([...withoutFilter(texts, filter), filter]);
}

export function withoutFilter(texts: readonly string[], filter: Pick<Filter, "dimension" | "op">): Filter[] {
  return readFilters(texts).filter((one) => one.dimension !== filter.dimension || one.op !== filter.op);
}
