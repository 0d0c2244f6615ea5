/** What each panel asks: its declaration and the view of the one who looks make one question. */
import type { PanelSpec, Question, ViewQuestion } from "@/api/types";
import { autoGrain, type Grain, type Span } from "@/lib/days";

export type AskingPanel = Exclude<
  PanelSpec,
  { kind: "headline" | "insights" } | { kind: "segments" | "flow" | "cohorts" | "holdout" | "listing" | "quadrants" | "aligned" | "map" | "forecast" }
>;

export interface Asked {
  view: ViewQuestion;
  period: Span;
  /** The grain that the view asks for, over the panel's own. */
  grain?: Grain | undefined;
}

/** The grain of a panel's time axis, or undefined when it has none. */
export function panelGrain(panel: AskingPanel, { period, grain }: Asked): Grain | undefined {
  switch (panel.kind) {
    case "line":
    case "bar":
    case "area":
    case "combo":
      if (!panel.grain) return undefined;
      return grain ?? (panel.grain === "auto" ? autoGrain(period) : panel.grain);
    case "cumulative":
      return grain ?? autoGrain(period);
    case "kpi":
      return panel.sparkline ? autoGrain(period) : undefined;
    case "table":
      return panel.grain ?? undefined;
    default:
      return undefined;
  }
}

export function panelQuestion(panel: AskingPanel, asked: Asked): Question {
  const grain = panelGrain(panel, asked);
  const base: Question = { ...asked.view, metrics: [...panel.metrics], ...(grain ? { grain } : {}) };
  const alone: Question = { ...base, compare: "none" };
  switch (panel.kind) {
    case "kpi":
    case "cumulative":
      return base;
    case "bridge":
      return alone;
    case "heatmap":
      return { ...alone, by: [...panel.by] };
    case "rank":
    case "share":
      return { ...base, by: [...panel.by], sort: [`-${panel.metrics[0]}`], limit: panel.limit, others: panel.others };
    case "table":
      return { ...base, by: [...panel.by], sort: [...panel.sort], limit: panel.limit };
    default:
      if (!panel.by.length) return base;
      // Series of a dimension are drawn without the comparison: twice as many lines would say less.
      if (grain)
        return { ...alone, by: [...panel.by], sort: [`-${panel.metrics[0]}`], limit: panel.limit, others: true };
      return { ...base, by: [...panel.by], sort: [...panel.by] };
  }
}
