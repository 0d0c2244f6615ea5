/** What was, what is expected and between which ends: the past as a line, the days ahead dashed, the interval as a band. */
import type { ForecastPanelSpec } from "@/api/types";
import { daysBetween } from "@/lib/days";
import { tickIndices } from "@/lib/ticks";
import { FONT } from "@/lib/tokens";
import { columnOf, numberOf } from "@/panels/answers";
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
  type TipRow,
} from "@/panels/pictures/common";

export function forecastPicture({ panel, answer, format, palette, width }: PictureInput<ForecastPanelSpec>): Picture {
  const days = answer.rows.map((row) => String(row.day).slice(0, 10));
  const values = (name: string) => answer.rows.map((row) => numberOf(row[name]));
  const [actual, expected, lower, upper, tried] = [
    values("actual"),
    values("forecast"),
    values("lower"),
    values("upper"),
    values("tried"),
  ];
  const unit = columnOf(answer, "forecast")?.unit ?? "ratio";
  const title = columnOf(answer, "actual")?.title ?? panel.title;
  const first = expected.findIndex((value) => value !== null);
  // The days ahead begin where the known ones end, so that the line does not break.
  const joined = expected.map((value, index) => (index === first - 1 ? (actual[index] ?? null) : value));
  const long = days.length > 1 && daysBetween(days[0]!, days.at(-1)!) > 330;
  const label = long ? "month" : "day";
  const ticks = tickIndices(days, "day", Math.floor((width - 60) / (long ? 72 : 58)));
  const [now, ahead] = [palette.series[0]!, palette.series[1]!];
  const line = {
    type: "line",
    symbol: "circle",
    symbolSize: 5,
    showSymbol: false,
    connectNulls: false,
    emphasis: { disabled: true },
  };
  const band = { ...line, stack: "interval", lineStyle: { opacity: 0 }, silent: true, z: 1 };
  return {
    label: `${panel.title}: ${title}, ${days.length} days, of which ${expected.filter((value) => value !== null).length} lie ahead. The table has every value.`,
    option: {
      ...base(palette, FONT),
      grid: grid(),
      xAxis: categoryAxis(palette, {
        data: days,
        boundaryGap: false,
        axisLabel: {
          color: palette.dim,
          fontSize: SMALL,
          interval: (index: number) => ticks.has(index),
          formatter: (start: string) => format.bucket(start, label),
          hideOverlap: true,
        },
      }),
      yAxis: valueAxis(palette, format, unit),
      tooltip: {
        ...tooltip(palette),
        trigger: "axis",
        axisPointer: { type: "line", lineStyle: { color: palette.comparison } },
        formatter: (points: { dataIndex: number }[]) => {
          const index = points[0]?.dataIndex ?? 0;
          const rows: TipRow[] = [];
          if (actual[index] !== null) rows.push({ color: 0, name: title, value: format.full(actual[index], unit) });
          if (tried[index] !== null)
            rows.push({ color: "comparison", name: "Forecast in the test", value: format.full(tried[index], unit) });
          if (expected[index] !== null) {
            rows.push({ color: 1, name: "Expected", value: format.full(expected[index], unit) });
            const ends = `${format.full(lower[index], unit)} – ${format.full(upper[index], unit)}`;
            rows.push({ color: null, name: "Interval", value: ends });
          }
          return tip(format.day(days[index] ?? ""), rows);
        },
      },
      series: [
        { ...band, data: lower },
        {
          ...band,
          data: upper.map((value, index) => (value === null ? null : value - (lower[index] ?? 0))),
          areaStyle: { color: ahead, opacity: 0.18 },
        },
        { ...line, data: tried, lineStyle: { color: palette.comparison, width: 1.4 }, itemStyle: { color: palette.comparison }, z: 2 },
        { ...line, data: actual, lineStyle: { color: now, width: 2 }, itemStyle: { color: now }, z: 3 },
        { ...line, data: joined, lineStyle: { color: ahead, width: 2, type: [5, 4] }, itemStyle: { color: ahead }, z: 4 },
      ],
    },
  };
}
