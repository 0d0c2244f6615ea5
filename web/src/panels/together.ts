/** Cards that can be asked in one question: one pass over the data instead of one for each card. */
import type { KpiPanelSpec, Metric, PanelSpec } from "@/api/types";

/** The dimension that a metric is filtered by and does not know; undefined when every filter holds for it. */
export const unknownFilter = (metric: Metric, filters: readonly { dimension: string }[]): string | undefined =>
  filters.find(({ dimension }) => !metric.dimensions.includes(dimension))?.dimension;

/**
 * For each card by its id, the metrics that it is asked with. Cards with a course are asked with a grain, the others
 * without, so these are two questions; a metric that waits for data, or that a filter does not fit, spoils none.
 */
export function askedTogether(
  panels: readonly PanelSpec[],
  metrics: ReadonlyMap<string, Metric>,
  filters: readonly { dimension: string }[],
): Map<string, string[]> {
  const cards = panels.filter((panel): panel is KpiPanelSpec => panel.kind === "kpi");
  const names = (sparkline: boolean): string[] => [
    ...new Set(
      cards
        .filter((card) => card.sparkline === sparkline)
        .map((card) => card.metrics[0])
        .filter((name) => {
          const metric = metrics.get(name);
          return metric?.available && unknownFilter(metric, filters) === undefined;
        }),
    ),
  ];
  const groups = { course: names(true), plain: names(false) };
  return new Map(cards.map((card) => [card.id, card.sparkline ? groups.course : groups.plain]));
}
