/** Lines, bars and areas over time: one or more metrics with their comparison, or series of a dimension. */
import type { Answer, Bucket, CumulativePanelSpec, SeriesPanelSpec } from "@/api/types";
import { daysBetween, type Grain } from "@/lib/days";
import type { Format } from "@/lib/format";
import { tickIndices } from "@/lib/ticks";
import { FONT, type Palette } from "@/lib/tokens";
import { isCompared, numberOf, overBuckets, runningTotal, seriesOf } from "@/panels/answers";
import { colorOf, TARGET_COLOR } from "@/panels/legend";
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

type Values = (number | null)[];

interface Course {
  name: string;
  color: number | "comparison";
  values: Values;
  unit: string;
  draw: "line" | "bar";
  axis: 0 | 1;
  stack?: string;
  fill?: boolean;
  /** Drawn dashed: what is to be, not what is. */
  planned?: boolean;
}

const shade = (palette: Palette, color: number | "comparison"): string =>
  color === "comparison" ? palette.comparison : palette.series[color]!;

/** A bucket in words for a tooltip: its label, and that it is not complete. */
const bucketTitle = (bucket: Bucket, grain: Grain, format: Format): string => {
  const words = grain === "day" ? format.day(bucket.start) : grain === "week" ? format.span(bucket) : bucket.label;
  return bucket.partial ? `${words}, not complete` : words;
};

function timeAxis(answer: Answer, grain: Grain, format: Format, palette: Palette, width: number, bars: boolean) {
  const starts = (answer.buckets ?? []).map((bucket) => bucket.start);
  const long = starts.length > 1 && daysBetween(starts[0]!, starts.at(-1)!) > 330;
  const label = (grain === "day" || grain === "week") && long ? "month" : grain;
  const ticks = tickIndices(starts, grain, Math.floor((width - 60) / (label === "day" || label === "week" ? 58 : 72)));
  return categoryAxis(palette, {
    data: starts,
    boundaryGap: bars || starts.length === 1,
    axisLabel: {
      color: palette.dim,
      fontSize: SMALL,
      interval: (index: number) => ticks.has(index),
      formatter: (start: string) => format.bucket(start, label),
      hideOverlap: true,
    },
  });
}

/** Where a course is not final yet: it is drawn dotted from the last complete bucket on. */
function split(values: Values, buckets: Bucket[]): { solid: Values; dotted: Values | null } {
  if (!buckets.some((bucket, index) => bucket.partial && values[index] !== null))
    return { solid: values, dotted: null };
  const partial = (index: number) => buckets[index]?.partial ?? false;
  return {
    solid: values.map((value, index) => (partial(index) ? null : value)),
    dotted: values.map((value, index) =>
      partial(index) || partial(index + 1) || (index > 0 && partial(index - 1)) ? value : null,
    ),
  };
}

/** Known points without a known neighbour: no line shows them, so they are drawn as dots. */
export const lonely = (values: Values): Set<number> =>
  new Set(
    values.flatMap((value, index) =>
      value !== null && (values[index - 1] ?? null) === null && (values[index + 1] ?? null) === null ? [index] : [],
    ),
  );

function drawn(course: Course, buckets: Bucket[], palette: Palette): object[] {
  const color = shade(palette, course.color);
  const dots = lonely(course.values);
  const common = { name: course.name, yAxisIndex: course.axis, ...(course.stack ? { stack: course.stack } : {}) };
  if (course.draw === "bar") {
    return [
      {
        ...common,
        type: "bar",
        barMaxWidth: 34,
        barCategoryGap: "28%",
        barGap: "8%",
        itemStyle: { color, borderRadius: course.stack ? 0 : [2, 2, 0, 0] },
        data: course.values.map((value, index) =>
          buckets[index]?.partial && course.color !== "comparison"
            ? {
                value,
                itemStyle: {
                  color,
                  opacity: 0.55,
                  decal: {
                    symbol: "rect",
                    dashArrayX: [1, 0],
                    dashArrayY: [2, 4],
                    rotation: -Math.PI / 4,
                    color: palette.pane,
                  },
                },
              }
            : value,
        ),
      },
    ];
  }
  const line = {
    ...common,
    type: "line",
    symbol: "circle",
    symbolSize: dots.size ? (_: unknown, { dataIndex }: { dataIndex: number }) => (dots.has(dataIndex) ? 6 : 0) : 6,
    showSymbol: dots.size > 0,
    itemStyle: { color },
    connectNulls: false,
    emphasis: { disabled: false, scale: false },
    z: course.color === "comparison" ? 2 : 3,
  };
  const width = course.color === "comparison" ? 1.4 : 2;
  if (course.fill || course.planned || course.color === "comparison" || buckets.length === 1) {
    return [
      {
        ...line,
        lineStyle: {
          color: course.stack ? palette.pane : color,
          width: course.stack ? 1 : course.planned ? 1.4 : width,
          ...(course.planned ? { type: [6, 4] } : {}),
        },
        ...(course.fill ? { areaStyle: { color, opacity: course.stack ? 0.88 : 0.14 } } : {}),
        data: course.values,
      },
    ];
  }
  const { solid, dotted } = split(course.values, buckets);
  const parts: object[] = [{ ...line, lineStyle: { color, width }, data: solid }];
  if (dotted) parts.push({ ...line, lineStyle: { color, width, type: [2, 4] }, data: dotted, silent: true });
  return parts;
}

interface Layout {
  courses: Course[];
  /** Unit and, where there are two, name of each value axis. */
  axes: { unit: string; name?: string }[];
  zero: boolean;
}

function picture(input: PictureInput, grain: Grain, { courses, axes, zero }: Layout, label: string): Picture {
  const { answer, format, palette, width } = input;
  const buckets = answer.buckets ?? [];
  const two = axes.length > 1;
  const comparison = courses.find((course) => course.color === "comparison");
  return {
    label,
    option: {
      ...base(palette, FONT),
      grid: grid(two ? { top: 28, right: 2 } : {}),
      xAxis: timeAxis(
        answer,
        grain,
        format,
        palette,
        width,
        courses.some((course) => course.draw === "bar"),
      ),
      yAxis: axes.map((axis, index) =>
        valueAxis(palette, format, axis.unit, {
          scale: !zero,
          ...(two
            ? {
                name: axis.name,
                nameTextStyle: { color: palette.dim, fontSize: SMALL, align: index ? "right" : "left" },
              }
            : {}),
          ...(index ? { splitLine: { show: false }, position: "right", alignTicks: true } : {}),
        }),
      ),
      tooltip: {
        ...tooltip(palette),
        trigger: "axis",
        axisPointer: {
          type: courses.every((course) => course.draw === "bar") ? "shadow" : "line",
          lineStyle: { color: palette.comparison },
          shadowStyle: { color: palette.ink, opacity: 0.05 },
        },
        formatter: (points: { dataIndex: number }[]) => {
          const index = points[0]?.dataIndex ?? 0;
          const bucket = buckets[index];
          if (!bucket) return "";
          const rows: TipRow[] = courses.map((course) => ({
            color: course.color,
            name: course.name,
            value: format.full(course.values[index], course.unit),
          }));
          const now = courses[0]?.values[index];
          const then = comparison?.values[index];
          if (rows[0] && now !== null && now !== undefined && then)
            rows[0].note =
              courses[0]!.unit === "percent"
                ? format.change(now - then, "percent")
                : format.rate(((now - then) / Math.abs(then)) * 100);
          if (courses.some((course) => course.stack) && courses.length > 1) {
            const sum = courses.reduce((total, course) => total + (course.values[index] ?? 0), 0);
            rows.push({ color: null, name: "Together", value: format.full(sum, courses[0]!.unit) });
          }
          return tip(bucketTitle(bucket, grain, format), rows);
        },
      },
      series: courses.flatMap((course) => drawn(course, buckets, palette)),
    },
  };
}

/** Rates may hide their change when the axis starts at zero; amounts always start there, as bars and areas do. */
const fromZero = (unit: string, kind: string): boolean =>
  kind !== "line" || !["percent", "ratio", "days"].includes(unit);

export function timePicture(input: PictureInput<SeriesPanelSpec>): Picture {
  const { panel, answer, grain: asked, metric } = input;
  const grain = asked ?? "day";
  const buckets = answer.buckets ?? [];
  const by = panel.by[0];
  const [first, ...others] = panel.metrics as [string, ...string[]];
  const unit = metric(first).unit;
  const draw = panel.kind === "bar" || panel.kind === "combo" ? "bar" : "line";
  const label = `${panel.title}: ${buckets.length} steps by ${grain.replace("_", " ")}. The table has every value.`;
  if (by) {
    const courses = seriesOf(answer, by, first).map((series, index): Course => {
      const values = overBuckets(series.rows, buckets, grain, first);
      return {
        name: series.title,
        color: colorOf(index, series.rest),
        values: panel.stacked ? values.map((value) => value ?? 0) : values,
        unit,
        draw,
        axis: 0,
        ...(panel.stacked ? { stack: "all" } : {}),
        fill: panel.kind === "area",
      };
    });
    return picture(input, grain, { courses, axes: [{ unit }], zero: fromZero(unit, panel.kind) }, label);
  }
  const course = (name: string, index: number): Course => ({
    name: metric(name).title,
    color: index,
    values: overBuckets(answer.rows, buckets, grain, name),
    unit: metric(name).unit,
    draw: panel.kind === "combo" && index > 0 ? "line" : draw,
    axis: panel.kind === "combo" && index > 0 ? 1 : 0,
    ...(panel.stacked ? { stack: "all" } : {}),
    fill: panel.kind === "area",
  });
  const courses = [course(first, 0), ...others.map((name, index) => course(name, index + 1))];
  if (panel.metrics.length === 1 && isCompared(answer, first)) {
    courses[0]!.name = "This period";
    courses.push({
      name: "Comparison",
      color: "comparison",
      values: overBuckets(answer.rows, buckets, grain, `${first}_compare`),
      unit,
      draw,
      axis: 0,
    });
  }
  const axes: Layout["axes"] =
    panel.kind === "combo" && others[0]
      ? [
          { unit, name: metric(first).title },
          { unit: metric(others[0]).unit, name: metric(others[0]).title },
        ]
      : [{ unit }];
  return picture(input, grain, { courses, axes, zero: fromZero(unit, panel.kind) }, label);
}

/** The running total of a metric; the comparison's total is the reference. */
export function cumulativePicture(input: PictureInput<CumulativePanelSpec>): Picture {
  const { panel, answer, grain: asked, metric, format, target } = input;
  const grain = asked ?? "day";
  const buckets = answer.buckets ?? [];
  const name = panel.metrics[0];
  const unit = metric(name).unit;
  const now = runningTotal(overBuckets(answer.rows, buckets, grain, name));
  const courses: Course[] = [{ name: "This period", color: 0, values: now, unit, draw: "line", axis: 0 }];
  if (isCompared(answer, name)) {
    const then = runningTotal(overBuckets(answer.rows, buckets, grain, `${name}_compare`));
    courses.push({ name: "Comparison", color: "comparison", values: then, unit, draw: "line", axis: 0 });
  }
  const aims = target?.rows ?? [];
  if (aims.length) {
    const values = buckets.map(({ end }) => numberOf(aims.findLast((row) => String(row.day) <= end)?.expected));
    courses.push({ name: "Target", color: TARGET_COLOR, values, unit, draw: "line", axis: 0, planned: true });
  }
  const end = now.findLast((value) => value !== null) ?? numberOf(answer.totals?.[name]);
  const aim = aims.length ? ` The target is ${format.full(numberOf(aims.at(-1)?.target), unit)}.` : "";
  const label = `${panel.title}: ${format.full(end, unit)} by the end of the period.${aim}`;
  return picture(input, grain, { courses, axes: [{ unit }], zero: true }, label);
}
