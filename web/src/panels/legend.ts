/** The legend of a picture: the same colours by the same rule as the picture itself. */
import type { Answer } from "@/api/types";
import type { Format } from "@/lib/format";
import { isCompared, seriesOf } from "@/panels/answers";
import type { AskingPanel } from "@/panels/questions";

export interface LegendItem {
  title: string;
  /** An index into the series colours, or the comparison. */
  color: number | "comparison";
  shape: "line" | "box";
}

export const MOST_SERIES = 7;
/** What is to be reached. */
export const TARGET_COLOR = 1;

/** The colour of a series: the last of the palette is for the rest. */
export const colorOf = (index: number, rest: boolean): number => (rest ? MOST_SERIES : index % MOST_SERIES);

export function legendOf(
  panel: AskingPanel,
  answer: Answer,
  titles: (metric: string) => string,
  format: Format,
  aims = false,
): LegendItem[] {
  if (
    panel.kind !== "line" &&
    panel.kind !== "bar" &&
    panel.kind !== "area" &&
    panel.kind !== "combo" &&
    panel.kind !== "cumulative"
  )
    return [];
  const box = panel.kind === "bar" || panel.kind === "area" ? "box" : "line";
  const by = panel.kind === "cumulative" ? undefined : panel.by[0];
  const timed = panel.kind === "cumulative" || panel.grain !== null;
  if (by && timed) {
    return seriesOf(answer, by, panel.metrics[0]!).map((series, index) => ({
      title: series.title,
      color: colorOf(index, series.rest),
      shape: box,
    }));
  }
  if (panel.metrics.length === 1) {
    const compared = isCompared(answer, panel.metrics[0]!);
    if (!compared && !aims) return [];
    const items: LegendItem[] = [
      { title: answer.period ? format.span(answer.period) : "this period", color: 0, shape: box },
    ];
    if (compared)
      items.push({
        title: answer.compare_period ? format.span(answer.compare_period) : "comparison",
        color: "comparison",
        shape: box,
      });
    return aims ? [...items, { title: "target", color: TARGET_COLOR, shape: box }] : items;
  }
  return panel.metrics.map((metric, index) => ({
    title: titles(metric),
    color: index,
    shape: panel.kind === "combo" ? (index === 0 ? "box" : "line") : box,
  }));
}
