/** What every picture shares: its input, axes, tooltips. Builders are pure: an answer in, ECharts options out. */
import type { EChartsCoreOption } from "echarts/core";
import type { Answer, Metric, PanelSpec } from "@/api/types";
import type { Grain } from "@/lib/days";
import type { Format } from "@/lib/format";
import type { Palette } from "@/lib/tokens";

export interface PictureInput<Panel extends PanelSpec = PanelSpec> {
  panel: Panel;
  answer: Answer;
  grain: Grain | undefined;
  format: Format;
  palette: Palette;
  /** What is to be reached by each day, summed from the first one on: `day`, `expected`. */
  target?: Answer | undefined;
  /** Pixels of the picture's box. */
  width: number;
  height: number;
  metric: (name: string) => Pick<Metric, "title" | "unit" | "better">;
  /** The weekday that a week starts with, 0 is Monday. */
  weekStart: number;
}

/** The category of the picture that a click means, for drilling: null where the answer has an unknown. */
export interface Picture {
  option: EChartsCoreOption;
  /** The picture in words, for those who do not see it. */
  label: string;
  /** Pixels that it needs, where that follows from the answer. */
  height?: number;
  /** What stands at each index of the category axis, when a click on it filters. */
  drill?: { dimension: string; values: (string | null | undefined)[] };
}

export const SMALL = 11.5;

export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);

export interface TipRow {
  color: number | "comparison" | null;
  name: string;
  value: string;
  note?: string;
}

/** A tooltip; colours are classes, because the content security policy allows no style in markup. */
export function tip(title: string, rows: TipRow[]): string {
  const lines = rows.map(
    ({ color, name, value, note }) =>
      `<tr><td><i class="tip-${color ?? "none"}"></i>${escapeHtml(name)}</td><td>${escapeHtml(value)}</td>` +
      `<td>${note ? escapeHtml(note) : ""}</td></tr>`,
  );
  return `<div class="tip"><b>${escapeHtml(title)}</b><table>${lines.join("")}</table></div>`;
}

export const tooltip = (palette: Palette) => ({
  confine: true,
  transitionDuration: 0,
  backgroundColor: palette.pane,
  borderColor: palette.line,
  borderWidth: 1,
  padding: [8, 10],
  extraCssText: "box-shadow:none;border-radius:8px;",
  textStyle: { color: palette.ink, fontSize: 12.5 },
});

export const valueAxis = (palette: Palette, format: Format, unit: string, more: object = {}) => ({
  type: "value" as const,
  splitNumber: 4,
  axisLine: { show: false },
  axisTick: { show: false },
  splitLine: { lineStyle: { color: palette.line } },
  axisLabel: { color: palette.dim, fontSize: SMALL, formatter: (value: number) => format.axis(value, unit) },
  ...more,
});

export const categoryAxis = (palette: Palette, more: object = {}) => ({
  type: "category" as const,
  axisLine: { lineStyle: { color: palette.line } },
  axisTick: { show: false },
  axisLabel: { color: palette.dim, fontSize: SMALL },
  ...more,
});

export const grid = (more: object = {}) => ({
  left: 0,
  right: 6,
  top: 10,
  bottom: 6,
  outerBoundsMode: "same" as const,
  outerBoundsContain: "axisLabel" as const,
  ...more,
});

export const base = (palette: Palette, font: string) => ({
  animation: false,
  textStyle: { fontFamily: font, color: palette.ink },
});
