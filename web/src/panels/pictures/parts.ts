/** Values of a dimension side by side: upright bars, ranks, shares and heat maps. */
import type { HeatmapPanelSpec, RankPanelSpec, Row, SeriesPanelSpec } from "@/api/types";
import { FONT } from "@/lib/tokens";
import { columnOf, isCompared, numberOf, OTHERS, wordsOf } from "@/panels/answers";
import { colorOf } from "@/panels/legend";
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

/** The value to filter by when a bar is clicked; undefined for the rest, which is no single value. */
const drillValue = (cell: Row[string] | undefined): string | null | undefined =>
  cell === OTHERS ? undefined : cell === null || cell === undefined ? null : String(cell);

/** The values of a dimension on an axis, in order: weekdays and hours all of them, also those without a sale. */
export function axisValues(rows: Row[], dimension: string, weekStart: number): Row[string][] {
  if (dimension === "hour") return Array.from({ length: 24 }, (_, hour) => hour);
  if (dimension === "weekday") return Array.from({ length: 7 }, (_, day) => (day + weekStart) % 7);
  return [...new Set(rows.map((row) => row[dimension] ?? null))];
}

function changeNote(input: PictureInput, row: Row, name: string): string | undefined {
  const rate = row[`${name}_change_rate`];
  if (rate !== undefined && rate !== null) return input.format.rate(rate);
  const change = row[`${name}_change`];
  return change === undefined || change === null ? undefined : input.format.change(change, input.metric(name).unit);
}

function rowTip(input: PictureInput, row: Row, title: string, name: string): string {
  const unit = input.metric(name).unit;
  const compare = row[`${name}_compare`];
  const note = changeNote(input, row, name);
  const rows: TipRow[] = [
    { color: 0, name: input.metric(name).title, value: input.format.full(row[name], unit), ...(note ? { note } : {}) },
  ];
  if (compare !== undefined)
    rows.push({ color: "comparison", name: "Comparison", value: input.format.full(compare, unit) });
  return tip(title, rows);
}

/** Upright bars of a dimension in its own order, such as the days of the week. */
export function columnsPicture(input: PictureInput<SeriesPanelSpec>): Picture {
  const { panel, answer, palette, format, metric } = input;
  const dimension = panel.by[0]!;
  const name = panel.metrics[0]!;
  const unit = metric(name).unit;
  const column = columnOf(answer, dimension);
  const rows = axisValues(answer.rows, dimension, input.weekStart).map(
    (value) => answer.rows.find((row) => (row[dimension] ?? null) === value) ?? { [dimension]: value },
  );
  const titles = rows.map((row) => wordsOf(row[dimension], column));
  const short = input.width / Math.max(titles.length, 1) < 76;
  const bars = (values: (number | null)[], color: string) => ({
    type: "bar",
    barMaxWidth: 44,
    barCategoryGap: "30%",
    barGap: "8%",
    itemStyle: { color, borderRadius: [2, 2, 0, 0] },
    data: values,
  });
  return {
    label: `${panel.title}: ${titles.length} values. The table has every one.`,
    drill: { dimension, values: rows.map((row) => drillValue(row[dimension])) },
    option: {
      ...base(palette, FONT),
      grid: grid(),
      xAxis: categoryAxis(palette, {
        data: titles,
        axisLabel: {
          color: palette.dim,
          fontSize: SMALL,
          interval: 0,
          formatter: (title: string) => (short && dimension === "weekday" ? title.slice(0, 3) : title),
          width: Math.max(36, (input.width - 60) / Math.max(titles.length, 1) - 6),
          overflow: "break",
        },
      }),
      yAxis: valueAxis(palette, format, unit),
      tooltip: {
        ...tooltip(palette),
        trigger: "axis",
        axisPointer: { type: "shadow", shadowStyle: { color: palette.ink, opacity: 0.05 } },
        formatter: (points: { dataIndex: number }[]) => {
          const index = points[0]?.dataIndex ?? 0;
          return rows[index] ? rowTip(input, rows[index], titles[index] ?? "", name) : "";
        },
      },
      series: [
        bars(
          rows.map((row) => numberOf(row[name])),
          palette.series[0]!,
        ),
        ...(isCompared(answer, name)
          ? [
              bars(
                rows.map((row) => numberOf(row[`${name}_compare`])),
                palette.comparison,
              ),
            ]
          : []),
      ],
    },
  };
}

/** Horizontal bars, the largest first, each with its value; names wrap and are never cut. */
export function rankPicture(input: PictureInput<RankPanelSpec>): Picture {
  const { panel, answer, palette, format, metric, width } = input;
  const dimension = panel.by[0];
  const name = panel.metrics[0];
  const unit = metric(name).unit;
  const column = columnOf(answer, dimension);
  const titles = answer.rows.map((row) => wordsOf(row[dimension], column));
  const figures = Math.max(...answer.rows.map((row) => format.compact(row[name], unit).length), 3) * 7.4 + 6;
  // Names of things are often codes: capitals and figures are wider.
  const longest = Math.max(...titles.map((title) => title.length * 6.6 + (title.match(/[A-Z0-9]/g)?.length ?? 0) * 2), 26);
  const room = Math.min(Math.max(width * 0.4, 90), longest + 8);
  // The name with the most lines sets the height of every bar's place.
  const lines = Math.max(...titles.map((title) => Math.ceil((title.length * 7.6) / room)), 1);
  return {
    height: Math.max(titles.length, 3) * Math.max(30, lines * 14 + 10),
    label: `${panel.title}: ${titles.slice(0, 3).join(", ")} lead. The table has every value.`,
    drill: { dimension, values: answer.rows.map((row) => drillValue(row[dimension])) },
    option: {
      ...base(palette, FONT),
      grid: grid({ top: 0, right: 0 }),
      xAxis: valueAxis(palette, format, unit, { show: false }),
      yAxis: [
        categoryAxis(palette, {
          data: titles.map((_, index) => String(index)),
          inverse: true,
          axisLine: { show: false },
          triggerEvent: true,
          axisLabel: {
            color: palette.ink,
            fontSize: 12.5,
            lineHeight: 13,
            width: room,
            overflow: "break",
            interval: 0,
            formatter: (index: string) => titles[Number(index)] ?? "",
          },
        }),
        categoryAxis(palette, {
          data: answer.rows.map((row) => format.compact(row[name], unit)),
          inverse: true,
          position: "right",
          axisLine: { show: false },
          axisLabel: { color: palette.ink, fontSize: 12.5, interval: 0, align: "right", margin: figures },
        }),
      ],
      tooltip: {
        ...tooltip(palette),
        trigger: "item",
        formatter: ({ dataIndex }: { dataIndex: number }) =>
          answer.rows[dataIndex] ? rowTip(input, answer.rows[dataIndex], titles[dataIndex] ?? "", name) : "",
      },
      series: [
        {
          type: "bar",
          barMaxWidth: 16,
          barCategoryGap: "36%",
          itemStyle: { borderRadius: 2 },
          data: answer.rows.map((row) => ({
            value: numberOf(row[name]),
            itemStyle: { color: row[dimension] === OTHERS ? palette.comparison : palette.series[0] },
          })),
        },
        ...(isCompared(answer, name)
          ? [
              {
                // Where the comparison stood: a mark on the bar.
                type: "scatter",
                symbol: "rect",
                symbolSize: [2, 20],
                silent: true,
                z: 4,
                itemStyle: { color: palette.ink, opacity: 0.55 },
                data: answer.rows
                  .map((row, index) => [numberOf(row[`${name}_compare`]), index])
                  .filter(([value]) => value !== null),
              },
            ]
          : []),
      ],
    },
  };
}

/** Parts of a whole as a ring; the list beside it has names, values and shares. */
export function sharePicture(input: PictureInput<RankPanelSpec>): Picture {
  const { panel, answer, palette, format, metric } = input;
  const dimension = panel.by[0];
  const name = panel.metrics[0];
  const unit = metric(name).unit;
  const column = columnOf(answer, dimension);
  const titles = answer.rows.map((row) => wordsOf(row[dimension], column));
  const whole = answer.rows.reduce((sum, row) => sum + Math.max(numberOf(row[name]) ?? 0, 0), 0);
  return {
    label: `${panel.title}: ${titles.length} parts. The list beside has every value.`,
    drill: { dimension, values: answer.rows.map((row) => drillValue(row[dimension])) },
    option: {
      ...base(palette, FONT),
      tooltip: {
        ...tooltip(palette),
        trigger: "item",
        formatter: ({ dataIndex, value }: { dataIndex: number; value: number }) =>
          tip(titles[dataIndex] ?? "", [
            {
              color: colorOf(dataIndex, answer.rows[dataIndex]?.[dimension] === OTHERS),
              name: metric(name).title,
              value: format.full(value, unit),
              note: format.full((value / whole) * 100, "percent"),
            },
          ]),
      },
      series: [
        {
          type: "pie",
          radius: ["62%", "94%"],
          center: ["50%", "50%"],
          label: { show: false },
          itemStyle: { borderColor: palette.pane, borderWidth: 2 },
          emphasis: { scale: false },
          data: answer.rows.map((row, index) => ({
            name: titles[index],
            value: Math.max(numberOf(row[name]) ?? 0, 0),
            itemStyle: { color: palette.series[colorOf(index, row[dimension] === OTHERS)] },
          })),
        },
      ],
    },
  };
}

/** One metric over two dimensions: the first down, the second across; more is stronger. */
export function heatmapPicture(input: PictureInput<HeatmapPanelSpec>): Picture {
  const { panel, answer, palette, format, metric, width } = input;
  const [down, across] = panel.by;
  const name = panel.metrics[0];
  const unit = metric(name).unit;
  const downColumn = columnOf(answer, down);
  const acrossColumn = columnOf(answer, across);
  const ys = axisValues(answer.rows, down, input.weekStart);
  const xs = axisValues(answer.rows, across, input.weekStart);
  const cells = new Map(answer.rows.map((row) => [`${row[down]}|${row[across]}`, numberOf(row[name])]));
  const data = ys.flatMap((y, yIndex) =>
    xs.map((x, xIndex) => [xIndex, yIndex, cells.get(`${y}|${x}`) ?? null] as [number, number, number | null]),
  );
  const highest = Math.max(...data.map(([, , value]) => value ?? 0), 0);
  const acrossTitle = (value: Row[string]) =>
    across === "hour" ? `${String(value).padStart(2, "0")}:00` : wordsOf(value, acrossColumn);
  const narrow = width < 520;
  const every = narrow ? 6 : width < 760 ? 3 : 2;
  const best = data.reduce((top, cell) => ((cell[2] ?? 0) > (top[2] ?? 0) ? cell : top), data[0] ?? [0, 0, 0]);
  return {
    label: `${panel.title}: the most on ${wordsOf(ys[best[1]], downColumn)} at ${acrossTitle(xs[best[0]] ?? "")}.`,
    option: {
      ...base(palette, FONT),
      grid: grid({ top: 2, right: 2 }),
      xAxis: categoryAxis(palette, {
        data: xs.map(acrossTitle),
        axisLine: { show: false },
        axisLabel: {
          color: palette.dim,
          fontSize: SMALL,
          interval: (index: number) => across !== "hour" || index % every === 0,
          ...(across === "hour" ? {} : { width: Math.max(36, (width - 90) / Math.max(xs.length, 1) - 6), overflow: "break", lineHeight: 14 }),
        },
      }),
      yAxis: categoryAxis(palette, {
        data: ys.map((value) => wordsOf(value, downColumn)),
        inverse: true,
        axisLine: { show: false },
        axisLabel: {
          color: palette.dim,
          fontSize: SMALL,
          interval: 0,
          formatter: (title: string) => (narrow && down === "weekday" ? title.slice(0, 3) : title),
        },
      }),
      visualMap: {
        show: false,
        min: 0,
        max: highest || 1,
        dimension: 2,
        inRange: { color: [palette.sunken, palette.series[0]] },
      },
      tooltip: {
        ...tooltip(palette),
        trigger: "item",
        formatter: ({ value: [x, y, value] }: { value: [number, number, number | null] }) =>
          tip(`${wordsOf(ys[y], downColumn)}, ${acrossTitle(xs[x] ?? "")}`, [
            { color: 0, name: metric(name).title, value: format.full(value, unit) },
          ]),
      },
      series: [
        {
          type: "heatmap",
          data: data.map(([x, y, value]) => [x, y, value ?? 0]),
          itemStyle: { borderColor: palette.pane, borderWidth: 2, borderRadius: 3 },
          emphasis: { itemStyle: { borderColor: palette.ink, borderWidth: 1 } },
        },
      ],
    },
  };
}
