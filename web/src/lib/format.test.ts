import { describe, expect, it } from "vitest";
import { createFormat } from "@/lib/format";

const gb = createFormat({ locale: "en-GB", currency: "GBP", minorUnits: 2, timezone: "Europe/London" });
const de = createFormat({ locale: "de-DE", currency: "EUR", minorUnits: 2, timezone: "Europe/Berlin" });
const jp = createFormat({ locale: "en-GB", currency: "JPY", minorUnits: 0, timezone: "Asia/Tokyo" });
/** Locale data separate with several kinds of spaces. */
const plain = (text: string) => text.replace(/[\u00a0\u202f]/g, " ");

describe("values", () => {
  it("writes the whole value with the locale's separators and the currency's places", () => {
    expect(gb.full(1234567.891, "money")).toBe("£1,234,567.89");
    expect(plain(de.full(1234567.891, "money"))).toBe("1.234.567,89 €");
    expect(jp.full(1234.4, "money")).toBe("¥1,234");
    expect(gb.full(12.345, "units")).toBe("12.35");
    expect(gb.full(9214, "count")).toBe("9,214");
  });

  it("writes days with one decimal, so that the points of a column stand under each other", () => {
    expect([7.9, 1, 0].map((value) => gb.full(value, "days"))).toEqual(["7.9 d", "1.0 d", "0.0 d"]);
  });

  it("takes percentages as percent, with one decimal", () => {
    expect(gb.full(41.24, "percent")).toBe("41.2%");
    expect(plain(de.full(41.24, "percent"))).toBe("41,2 %");
  });

  it("shows what is unknown as a dash, never as zero", () => {
    for (const unit of ["money", "percent", "count"]) expect(gb.full(null, unit)).toBe("–");
    expect(gb.compact(undefined, "money")).toBe("–");
    expect(gb.change(null, "money")).toBe("–");
    expect(gb.full(0, "money")).toBe("£0.00");
  });

  it("shortens for cards, and never to a thousand of the next smaller", () => {
    expect(gb.compact(482612.4, "money")).toBe("£482.6k");
    expect(gb.compact(9999.99, "money")).toBe("£9,999.99");
    expect(gb.compact(999_960, "money")).toBe("£1.00M");
    expect(gb.compact(1_614_114, "money")).toBe("£1.61M");
    expect(gb.compact(25_000_000, "money")).toBe("£25.0M");
    expect(gb.compact(9214, "count")).toBe("9,214");
    expect(gb.compact(831_276, "units")).toBe("831.3k");
    expect(plain(de.compact(482612.4, "money"))).toBe("482,6k €");
  });

  it("signs changes, with a true minus, and says points for percentages", () => {
    expect(gb.change(12300, "money")).toBe("+£12.3k");
    expect(gb.change(-12300, "money")).toBe("−£12.3k");
    expect(gb.change(-0.4, "percent")).toBe("−0.4 pt");
    expect(gb.rate(8.4)).toBe("+8.4%");
    expect(gb.rate(-2310.4)).toBe("−2,310%");
  });

  it("gives a change that rounds to nothing no sign", () => {
    expect(gb.change(-0.01, "percent")).toBe("0.0 pt");
    expect(gb.rate(0.01)).toBe("0.0%");
  });

  it("reads exact decimals that come as text", () => {
    expect(gb.full("10271433.063", "money")).toBe("£10,271,433.06");
  });
});

describe("days", () => {
  it("writes days and spans once", () => {
    expect(gb.day("2026-09-14")).toBe("14 Sep 2026");
    expect(gb.span({ start: "2026-09-01", end: "2026-10-31" })).toBe("1 Sep – 31 Oct 2026");
    expect(gb.span({ start: "2026-09-01", end: "2026-09-01" })).toBe("1 Sep 2026");
    expect(gb.span({ start: "2025-12-30", end: "2026-01-02" })).toBe("30 Dec 2025 – 2 Jan 2026");
  });

  it("labels buckets by their grain", () => {
    expect(gb.bucket("2026-09-01", "day")).toBe("1 Sep");
    expect(gb.bucket("2026-09-01", "month")).toBe("Sep 2026");
    expect(gb.bucket("2026-10-01", "quarter")).toBe("Q4 2026");
    expect(gb.bucket("2026-01-01", "year")).toBe("2026");
  });

  it("falls back to English where the browser does not know the locale", () => {
    const odd = createFormat({ locale: "xx-notalocale-0", currency: "EUR", minorUnits: 2, timezone: "UTC" });
    expect(odd.full(1, "money")).toBe("€1.00");
  });
});

describe("moments", () => {
  it("writes the day that a moment has in the shop, not in UTC", () => {
    expect(de.dayOf("2026-11-21T23:03:00Z")).toContain("22");
    expect(gb.dayOf("2026-11-21T23:03:00Z")).toBe("21 Nov 2026");
  });
});
