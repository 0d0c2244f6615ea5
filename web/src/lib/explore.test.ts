import { describe, expect, it } from "vitest";
import { chartsFor, readExploration } from "@/lib/explore";
import { find } from "@/lib/find";
import { cellKey, pivot } from "@/lib/pivot";

const units = (metric: string) => (metric === "orders" ? "count" : "money");

describe("the chart that is suggested", () => {
  it.each([
    [{ metrics: ["revenue"], rows: [] }, "numbers"],
    [{ metrics: ["revenue"], rows: ["country"] }, "rank"],
    [{ metrics: ["revenue"], rows: ["weekday"] }, "bar"],
    [{ metrics: ["revenue"], rows: [], grain: "month" as const }, "line"],
    [{ metrics: ["revenue", "orders"], rows: [], grain: "month" as const }, "combo"],
    [{ metrics: ["revenue", "net_sales"], rows: [], grain: "month" as const }, "line"],
    [{ metrics: ["revenue"], rows: [], series: "channel", grain: "month" as const }, "line"],
    [{ metrics: ["orders"], rows: ["weekday"], series: "hour" }, "heatmap"],
    [{ metrics: ["revenue", "orders"], rows: ["country"] }, "table"],
    [{ metrics: ["revenue"], rows: ["country"], grain: "month" as const }, "table"],
  ])("for %j is %s", (shape, chart) => {
    expect(chartsFor(shape, units)[0]).toBe(chart);
  });

  it("is always one that the table can stand in for", () => {
    expect(chartsFor({ metrics: ["revenue"], rows: ["a", "b", "c"], series: "d" }, units)).toContain("table");
    expect(chartsFor({ metrics: [], rows: ["a"] }, units)).toEqual([]);
  });
});

describe("a question in an address", () => {
  it("takes names with commas or repeated, each once, and leaves out what is no name", () => {
    expect(
      readExploration({ metrics: ["revenue,orders", "revenue"], by: "country,<script>", limit: "20" }),
    ).toMatchObject({
      metrics: ["revenue", "orders"],
      rows: ["country"],
      limit: 20,
    });
  });

  it("does not use a dimension twice, and keeps the number of rows within bounds", () => {
    const read = readExploration({
      metrics: "revenue",
      by: "country",
      series: "country",
      limit: "100000",
      sort: "x;y",
    });
    expect(read.series).toBeUndefined();
    expect(read.limit).toBe(10);
    expect(read.sort).toBeUndefined();
  });
});

describe("finding", () => {
  const items = [
    { title: "Gross sales", about: "sum(unit price × quantity)" },
    { title: "Average order value", about: "revenue ÷ orders" },
    { title: "Total revenue", about: "sum of line totals" },
    { title: "Repeat purchase rate", about: "customers with 2+ orders" },
  ];

  it("looks at the name first, then at the meaning", () => {
    expect(find(items, "revenue").map((item) => item.title)).toEqual(["Total revenue", "Average order value"]);
  });

  it("knows what people call things", () => {
    expect(find(items, "aov").map((item) => item.title)).toEqual(["Average order value"]);
    expect(find(items, "turnover")[0]?.title).toBe("Total revenue");
  });

  it("wants every word, and gives all for none", () => {
    expect(find(items, "gross nonsense")).toEqual([]);
    expect(find(items, " ")).toHaveLength(4);
  });
});

describe("a table with a dimension across", () => {
  it("has a row for each value down and a column for each value across; a missing pair is no cell", () => {
    const rows = [
      { country: "France", channel: "web", revenue: 3 },
      { country: "France", channel: null, revenue: 1 },
      { country: "Spain", channel: "web", revenue: 2 },
    ];
    const turned = pivot(rows, ["country"], "channel", ["revenue"]);
    expect(turned.values).toEqual(["web", null]);
    expect(turned.rows[0]?.[cellKey("web", "revenue")]).toBe(3);
    expect(turned.rows[0]?.[cellKey(null, "revenue")]).toBe(1);
    expect(turned.rows[1]?.[cellKey(null, "revenue")]).toBeUndefined();
  });
});
