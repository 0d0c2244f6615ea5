import { describe, expect, it } from "vitest";
import type { Answer, BridgePanelSpec, Bucket, KpiPanelSpec, Metric, Row, SeriesPanelSpec } from "@/api/types";
import { createFormat } from "@/lib/format";
import { PALETTES } from "@/lib/tokens";
import { howMany, isBlank, isNeverSet, isUnknown, OTHERS, overBuckets, runningTotal, seriesOf } from "@/panels/answers";
import { legendOf, MOST_SERIES } from "@/panels/legend";
import { bridgeSteps } from "@/panels/pictures/bridge";
import type { PictureInput } from "@/panels/pictures/common";
import { axisValues } from "@/panels/pictures/parts";
import { lonely } from "@/panels/pictures/time";
import { pictureOf, type DrawnPanel } from "@/panels/pictures/picture";
import { panelQuestion, type AskingPanel } from "@/panels/questions";
import { askedTogether } from "@/panels/together";
import { verdict } from "@/ui/Change";
import { sparkPath } from "@/ui/Spark";

const format = createFormat({ locale: "en-GB", currency: "GBP", minorUnits: 2, timezone: "UTC" });
const bucket = (start: string, partial = false): Bucket => ({ start, end: start, label: start, partial });

function answer(rows: Row[], parts: Partial<Answer> = {}): Answer {
  const names = Object.keys(rows[0] ?? {});
  return {
    columns: names.map((name) => ({
      name,
      title: name,
      kind: name.endsWith("_compare") ? "compare" : typeof rows[0]?.[name] === "number" ? "metric" : "dimension",
      metric: name.replace("_compare", ""),
      unit: typeof rows[0]?.[name] === "number" ? "money" : null,
      better: "up",
      currency: "GBP",
      labels: null,
    })),
    rows,
    totals: null,
    row_count: rows.length,
    period: { start: "2011-01-01", end: "2011-01-03", title: "" },
    compare_period: null,
    buckets: null,
    notes: [],
    sentences: [],
    release: 1,
    as_of: null,
    sources: [],
    currency: "GBP",
    ...parts,
  };
}

const base = { id: "p", title: "Panel", span: 6, height: null, note: null };
const line: SeriesPanelSpec = {
  ...base,
  kind: "line",
  metrics: ["revenue"],
  by: [],
  grain: "auto",
  stacked: false,
  limit: 6,
};

const drawn = (panel: DrawnPanel, given: Answer, more: Partial<Omit<PictureInput<DrawnPanel>, "panel">> = {}) =>
  pictureOf({
    panel,
    answer: given,
    grain: "day",
    format,
    palette: PALETTES.light,
    width: 800,
    height: 280,
    metric: (name) => ({ title: name, unit: "money", better: "up" }),
    weekStart: 0,
    ...more,
  });

interface DrawnSeries {
  name?: string;
  type: string;
  data: unknown[];
  lineStyle?: { type?: unknown };
}
const seriesIn = (picture: ReturnType<typeof drawn>): DrawnSeries[] => picture.option.series as DrawnSeries[];

describe("what a panel asks", () => {
  const asked = {
    view: { period: "last_30_days" as const, compare: "previous" as const, where: [] },
    period: { start: "2011-11-10", end: "2011-12-09" },
  };

  it("has the view's period, comparison and filters, and a grain that fits", () => {
    expect(panelQuestion(line, asked)).toEqual({
      period: "last_30_days",
      compare: "previous",
      where: [],
      metrics: ["revenue"],
      grain: "day",
    });
    expect(panelQuestion(line, { ...asked, grain: "week" }).grain).toBe("week");
  });

  it("ranks by the metric, with the rest as one where the panel wants it", () => {
    const rank: AskingPanel = { ...base, kind: "rank", metrics: ["revenue"], by: ["country"], limit: 5, others: true };
    expect(panelQuestion(rank, asked)).toMatchObject({ by: ["country"], sort: ["-revenue"], limit: 5, others: true });
  });

  it("draws series of a dimension without comparison, the largest and the rest", () => {
    expect(panelQuestion({ ...line, by: ["channel"] }, asked)).toMatchObject({
      compare: "none",
      by: ["channel"],
      limit: 6,
      others: true,
    });
  });
});

describe("cards of a page", () => {
  const metric = (name: string, available = true): Metric => ({
    name,
    title: name,
    domain: "sales",
    unit: "money",
    better: "up",
    total: "additive",
    formula: "",
    basis: "",
    source: "",
    dimensions: name === "customers" ? ["country"] : ["country", "product"],
    grains: ["day"],
    requires: [],
    available,
    missing: [],
  });
  const known = new Map(
    [metric("revenue"), metric("orders"), metric("customers"), metric("cost", false)].map((one) => [one.name, one]),
  );
  const card = (name: string, sparkline = true): KpiPanelSpec => ({
    ...base,
    id: name,
    kind: "kpi",
    metrics: [name],
    sparkline,
  });
  const cards = [card("revenue"), card("orders", false), card("customers"), card("cost")];

  it("are asked in one question with a course and one without, those that wait for data left out", () => {
    const together = askedTogether([...cards, line], known, []);
    expect(together.get("revenue")).toEqual(["revenue", "customers"]);
    expect(together.get("orders")).toEqual(["orders"]);
    expect(together.get("cost")).toEqual(["revenue", "customers"]);
    expect(together.has("p")).toBe(false);
  });

  it("leave out a metric that a filter does not fit", () => {
    expect(askedTogether(cards, known, [{ dimension: "product" }]).get("revenue")).toEqual(["revenue"]);
  });
});

describe("reading an answer", () => {
  it("keeps a bucket without a row as unknown", () => {
    const rows = [
      { day: "2011-01-01", revenue: 5 },
      { day: "2011-01-03", revenue: 7 },
    ];
    const buckets = ["2011-01-01", "2011-01-02", "2011-01-03"].map((day) => bucket(day));
    expect(overBuckets(rows, buckets, "day", "revenue")).toEqual([5, null, 7]);
  });

  it("puts the rest last, whatever its size", () => {
    const rows = [
      { channel: OTHERS, revenue: 100 },
      { channel: "retail", revenue: 1 },
      { channel: "web", revenue: 9 },
    ];
    expect(seriesOf(answer(rows), "channel", "revenue").map((series) => series.title)).toEqual([
      "web",
      "retail",
      "All others",
    ]);
  });

  it("runs totals only as far as something is known", () => {
    expect(runningTotal([1, null, 2, null])).toEqual([1, 1, 3, null]);
  });

  it("tells nothing sold from nothing known and from a dimension that no file has", () => {
    expect(isBlank(answer([{ revenue: 0 }]))).toBe(true);
    expect(isUnknown(answer([{ revenue: 0 }]))).toBe(false);
    expect(isUnknown(answer([{ revenue: 1 }, { revenue: null }]))).toBe(false);
    expect(isNeverSet(answer([{ brand: null, revenue: 1 }]), "brand")).toBe(true);
    expect(
      isNeverSet(
        answer([
          { brand: null, revenue: 1 },
          { brand: "Acme", revenue: 1 },
        ]),
        "brand",
      ),
    ).toBe(false);
  });
});

describe("pictures", () => {
  const days = ["2011-01-01", "2011-01-02", "2011-01-03"];
  const rows = days.map((day, index) => ({ day, revenue: index + 1, revenue_compare: 10 - index }));

  it("draw what is not complete dotted, from the last complete point on", () => {
    const given = answer(rows, { buckets: [bucket(days[0]!), bucket(days[1]!), bucket(days[2]!, true)] });
    const [solid, dotted, comparison] = seriesIn(drawn(line, given));
    expect(solid?.data).toEqual([1, 2, null]);
    expect(dotted?.data).toEqual([null, 2, 3]);
    expect(dotted?.lineStyle?.type).toEqual([2, 4]);
    expect(comparison?.data).toEqual([10, 9, 8]);
  });

  it("show a point that stands alone as a dot", () => {
    expect([...lonely([null, 3, null, 1, 2, null, 4])]).toEqual([1, 6]);
    expect([...lonely([7])]).toEqual([0]);
  });

  it("leave the comparison out where there is none, in the legend too", () => {
    const alone = answer(
      rows.map((row) => ({ ...row, revenue_compare: null })),
      { buckets: days.map((day) => bucket(day)) },
    );
    expect(seriesIn(drawn(line, alone))).toHaveLength(1);
    expect(legendOf(line, alone, String, format)).toEqual([]);
  });

  it("start bars at zero, and lines of amounts too; lines of rates need not", () => {
    const given = answer(rows, { buckets: days.map((day) => bucket(day)) });
    const scale = (panel: DrawnPanel, unit: "money" | "percent") =>
      (
        drawn(panel, given, { metric: (name) => ({ title: name, unit, better: "up" }) }).option.yAxis as {
          scale: boolean;
        }[]
      )[0]?.scale;
    expect(scale({ ...line, kind: "bar" }, "percent")).toBe(false);
    expect(scale(line, "money")).toBe(false);
    expect(scale(line, "percent")).toBe(true);
  });

  it("give the legend the colours of the series, the rest that of the rest", () => {
    const panel: SeriesPanelSpec = { ...line, by: ["channel"] };
    const given = answer(
      [
        { day: days[0]!, channel: "web", revenue: 3 },
        { day: days[0]!, channel: OTHERS, revenue: 9 },
      ],
      { buckets: [bucket(days[0]!)] },
    );
    expect(legendOf(panel, given, String, format).map((item) => item.color)).toEqual([0, MOST_SERIES]);
    expect(seriesIn(drawn(panel, given)).map((series) => series.name)).toEqual(["web", "All others"]);
  });

  it("filter by the value that is clicked: null where it is unknown, nothing for the rest", () => {
    const given = answer([
      { country: "France", revenue: 3 },
      { country: null, revenue: 2 },
      { country: OTHERS, revenue: 1 },
    ]);
    const picture = drawn(
      { ...base, kind: "rank", metrics: ["revenue"], by: ["country"], limit: 2, others: true },
      given,
    );
    expect(picture.drill).toEqual({ dimension: "country", values: ["France", null, undefined] });
  });

  it("have every hour and every weekday, the week beginning where the shop's does", () => {
    expect(axisValues([], "hour", 0)).toHaveLength(24);
    expect(axisValues([], "weekday", 6)).toEqual([6, 0, 1, 2, 3, 4, 5]);
    const given = answer([{ weekday: "1", hour: "9", revenue: 4 }]);
    const [cells] = seriesIn(drawn({ ...base, kind: "heatmap", metrics: ["revenue"], by: ["weekday", "hour"] }, given));
    expect(cells?.data).toHaveLength(7 * 24);
    expect(cells?.data).toContainEqual([9, 1, 4]);
  });

  it("escape names in tooltips", () => {
    const given = answer([{ country: "<img src=x>", revenue: 3 }]);
    const { option } = drawn(
      { ...base, kind: "rank", metrics: ["revenue"], by: ["country"], limit: 2, others: false },
      given,
    );
    const tip = (option.tooltip as { formatter: (point: { dataIndex: number }) => string }).formatter({ dataIndex: 0 });
    expect(tip).not.toContain("<img");
    expect(tip).toContain("£3.00");
  });
});

describe("a bridge", () => {
  const panel: BridgePanelSpec = {
    ...base,
    kind: "bridge",
    metrics: ["gross_sales", "discounts", "returned_sales", "net_sales", "taxes", "total_sales"],
    totals: ["gross_sales", "net_sales", "total_sales"],
    minus: ["discounts", "returned_sales"],
  };
  const values = { gross_sales: 100, discounts: 10, returned_sales: 5, net_sales: 85, taxes: -2, total_sales: 83 };

  it("hangs every step where the one before ended, so that the steps meet the totals", () => {
    const steps = bridgeSteps(panel, values);
    expect(steps.map((step) => step.to)).toEqual([100, 90, 85, 85, 83, 83]);
    expect(steps.map((step) => step.kind)).toEqual(["total", "minus", "minus", "total", "minus", "total"]);
  });

  it("says its figures in words for those who do not see it", () => {
    expect(drawn(panel, answer([values])).label).toContain("gross_sales £100.00, discounts −£10.00");
  });
});

describe("cards", () => {
  it("colour a change by whether it is better, not by its sign", () => {
    expect(verdict(5, "up")).toBe("good");
    expect(verdict(5, "down")).toBe("bad");
    expect(verdict(-5, "down")).toBe("good");
    expect(verdict(5, null)).toBe("neutral");
    expect(verdict(0, "up")).toBe("neutral");
    expect(verdict(null, "up")).toBe("neutral");
  });

  it("leave a gap in a sparkline where nothing is known", () => {
    expect(sparkPath([0, null, 10], 0, 10, 100, 20)).toBe("M0 20M100 0");
    expect(sparkPath([5, 5], 5, 5, 100, 20)).toBe("M0 10L100 10");
  });
});

describe("colours", () => {
  const luminance = (hex: string): number => {
    const parts = [1, 3, 5].map((at) => {
      const part = parseInt(hex.slice(at, at + 2), 16) / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * parts[0]! + 0.7152 * parts[1]! + 0.0722 * parts[2]!;
  };
  const contrast = (a: string, b: string): number => {
    const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
    return (high + 0.05) / (low + 0.05);
  };

  it.each(["light", "dark"] as const)("of text stand out 4.5 to 1 in the %s scheme", (scheme) => {
    const palette = PALETTES[scheme];
    for (const ground of [palette.bg, palette.pane, palette.sunken]) {
      expect(contrast(palette.ink, ground)).toBeGreaterThan(4.5);
      expect(contrast(palette.dim, ground)).toBeGreaterThan(4.5);
    }
    expect(contrast(palette.accent, palette.pane)).toBeGreaterThan(4.5);
    expect(contrast(palette.accent, palette.accentSoft)).toBeGreaterThan(4.5);
    expect(contrast(palette.accentInk, palette.accent)).toBeGreaterThan(4.5);
    expect(contrast(palette.good, palette.goodSoft)).toBeGreaterThan(4.5);
    expect(contrast(palette.bad, palette.badSoft)).toBeGreaterThan(4.5);
    expect(contrast(palette.warning, palette.warningSoft)).toBeGreaterThan(4.5);
  });

  it.each(["light", "dark"] as const)("of series stand out 3 to 1 in the %s scheme", (scheme) => {
    const { series, pane } = PALETTES[scheme];
    for (const color of series.slice(0, MOST_SERIES)) expect(contrast(color, pane)).toBeGreaterThan(3);
  });
});

describe("how many rows a table has", () => {
  const now = { customer_id: "C1", returned_units: 2 };
  const before = { start: "2010-12-29", end: "2010-12-31", title: "" };
  const said = (rows: Row[], parts: Partial<Answer>) => howMany(answer(rows, parts), format.count);

  it("says of those that only the other period has that they are not of this one", () => {
    expect(said([now], { row_count: 46 })).toBe("46 in all");
    expect(said([now], { row_count: 79, compare_period: before })).toBe("79 in either period");
    expect(said([now, { ...now, returned_units: 0 }], { compare_period: before })).toBe("2 in either period");
    expect(said([now, now], { compare_period: before })).toBe("2 in all");
  });
});
