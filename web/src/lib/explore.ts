/** A free question as an address holds it, the charts that can draw it, and the one that suits it best. */
import { isGrain, type Grain } from "@/lib/days";
import { list } from "@/lib/view";

export type ChartKind = "numbers" | "table" | "line" | "area" | "bar" | "combo" | "rank" | "share" | "heatmap";

export const CHART_TITLES: Record<ChartKind, string> = {
  numbers: "Numbers",
  table: "Table",
  line: "Line",
  area: "Area",
  bar: "Bars",
  combo: "Bars and line",
  rank: "Ranking",
  share: "Shares",
  heatmap: "Heat map",
};

export interface Shape {
  metrics: string[];
  /** Dimensions down the side. */
  rows: string[];
  /** The dimension of colours in a chart, of columns in a table. */
  series?: string | undefined;
  grain?: Grain | undefined;
}

export interface Exploration extends Shape {
  chart?: ChartKind | undefined;
  sort?: string | undefined;
  limit: number;
  others: boolean;
}

export const DEFAULT_LIMIT = 10;

const names = (value: unknown): string[] =>
  (list(value) ?? []).flatMap((text) => text.split(",")).filter((name) => /^[a-z][a-z0-9_]*$/.test(name));

export function readExploration(raw: Record<string, unknown>): Exploration {
  const rows = [...new Set(names(raw.by))];
  const series = names(raw.series)[0];
  const limit = Number(raw.limit);
  const sort = typeof raw.sort === "string" && /^-?[a-z][a-z0-9_]*$/.test(raw.sort) ? raw.sort : undefined;
  return {
    metrics: [...new Set(names(raw.metrics))],
    rows,
    series: series && !rows.includes(series) ? series : undefined,
    grain: isGrain(raw.grain) ? raw.grain : undefined,
    chart: typeof raw.chart === "string" && raw.chart in CHART_TITLES ? (raw.chart as ChartKind) : undefined,
    sort,
    limit: Number.isInteger(limit) && limit > 0 && limit <= 500 ? limit : DEFAULT_LIMIT,
    others: raw.others !== "false",
  };
}

/** Dimensions whose values have an order of their own. */
const ORDERED = new Set(["weekday", "hour", "cohort_age"]);

/** Every chart that can draw a question of this shape, the best one first. */
export function chartsFor({ metrics, rows, series, grain }: Shape, units: (metric: string) => string): ChartKind[] {
  const one = metrics.length === 1;
  if (!metrics.length) return [];
  if (grain) {
    if (rows.length) return ["table"];
    if (series) return one ? ["line", "area", "bar", "table"] : ["table"];
    const same = new Set(metrics.map(units)).size === 1;
    if (one || same) return ["line", "bar", "area", "table"];
    return metrics.length === 2 ? ["combo", "table"] : ["table"];
  }
  if (series) return rows.length === 1 && one ? ["heatmap", "table"] : ["table"];
  if (!rows.length) return ["numbers", "table"];
  if (!one || rows.length > 2) return ["table"];
  if (rows.length === 2) return ["table", "heatmap"];
  return ORDERED.has(rows[0] ?? "") ? ["bar", "table", "rank"] : ["rank", "share", "bar", "table"];
}
