/** How one amount becomes another: totals stand on the ground, steps hang between them. */
import type { BridgePanelSpec } from "@/api/types";
import { FONT } from "@/lib/tokens";
import { numberOf } from "@/panels/answers";
import {
  base,
  categoryAxis,
  grid,
  SMALL,
  tip,
  tooltip,
  valueAxis,
  type Picture,
  type PictureInput,
} from "@/panels/pictures/common";

export interface Step {
  name: string;
  kind: "total" | "plus" | "minus";
  /** The signed amount of the step, or the total. */
  amount: number;
  /** Where the bar starts and ends. */
  from: number;
  to: number;
}

/** The steps of a bridge; an unknown amount is a step of nothing. */
export function bridgeSteps(panel: BridgePanelSpec, values: Record<string, unknown>): Step[] {
  let level = 0;
  return panel.metrics.map((name) => {
    const value = numberOf(values[name] as never) ?? 0;
    if (panel.totals.includes(name)) {
      level = value;
      return { name, kind: "total", amount: value, from: 0, to: value };
    }
    const amount = panel.minus.includes(name) ? -value : value;
    const from = level;
    level += amount;
    return { name, kind: amount < 0 ? "minus" : "plus", amount, from, to: level };
  });
}

export function bridgePicture(input: PictureInput<BridgePanelSpec>): Picture {
  const { panel, answer, palette, format, metric, width, height } = input;
  const steps = bridgeSteps(panel, answer.rows[0] ?? answer.totals ?? {});
  const unit = metric(panel.metrics[0]!).unit;
  const upright = width / steps.length >= 58 && height >= 180;
  const colors = { total: palette.comparison, plus: palette.series[0]!, minus: palette.bad };
  const titles = steps.map((step) => metric(step.name).title);
  const shown = (step: Step) =>
    step.kind === "total" ? format.compact(step.amount, unit) : format.change(step.amount, unit);
  const names = categoryAxis(palette, {
    data: titles,
    inverse: !upright,
    axisLine: { show: upright, lineStyle: { color: palette.line } },
    axisLabel: {
      color: upright ? palette.dim : palette.ink,
      fontSize: upright ? SMALL : 12.5,
      lineHeight: 14,
      interval: 0,
      overflow: "break",
      width: upright ? width / steps.length - 4 : 110,
    },
  });
  const amounts = valueAxis(palette, format, unit, { show: false });
  return {
    label: `${panel.title}: ${steps.map((step, index) => `${titles[index]} ${shown(step)}`).join(", ")}.`,
    option: {
      ...base(palette, FONT),
      grid: grid(upright ? { top: 18, right: 0 } : { top: 0, right: 74 }),
      xAxis: upright ? names : amounts,
      yAxis: upright ? amounts : names,
      tooltip: {
        ...tooltip(palette),
        trigger: "item",
        formatter: ({ dataIndex }: { dataIndex: number }) => {
          const step = steps[dataIndex];
          return step
            ? tip(titles[dataIndex] ?? "", [{ color: null, name: "Amount", value: format.full(step.amount, unit) }])
            : "";
        },
      },
      series: [
        {
          type: "bar",
          stack: "bridge",
          silent: true,
          itemStyle: { color: "transparent" },
          data: steps.map((step) => Math.min(step.from, step.to)),
        },
        {
          type: "bar",
          stack: "bridge",
          barCategoryGap: upright ? "22%" : "36%",
          label: {
            show: true,
            position: upright ? "top" : "right",
            color: palette.ink,
            fontSize: SMALL,
            formatter: ({ dataIndex }: { dataIndex: number }) => (steps[dataIndex] ? shown(steps[dataIndex]) : ""),
          },
          data: steps.map((step) => ({
            value: Math.abs(step.to - step.from),
            itemStyle: { color: colors[step.kind], borderRadius: 2 },
          })),
        },
      ],
    },
  };
}
