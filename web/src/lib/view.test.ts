import { describe, expect, it } from "vitest";
import { parseSearch, readView, stringifySearch, viewPeriod, viewQuestion } from "@/lib/view";

const periods = [
  { name: "last_30_days", title: "Last 30 days", start: "2011-11-10", end: "2011-12-09" },
  { name: "last_year", title: "Last year", start: "2010-01-01", end: "2010-12-31" },
];
const asked = (search: string) => {
  const view = readView(parseSearch(search));
  return viewQuestion(view, viewPeriod(view, periods));
};

describe("an address", () => {
  it("has plain, repeated parameters that come back as they went", () => {
    const search = { period: "last_year", where: ["country=France", "product=A & B"], compare: undefined };
    const text = stringifySearch(search);
    expect(text).toBe("?period=last_year&where=country=France&where=product=A+%26+B");
    expect(parseSearch(text)).toEqual({ period: "last_year", where: ["country=France", "product=A & B"] });
  });

  it("without a view asks for the last 30 days against the period before", () => {
    expect(asked("")).toEqual({ period: "last_30_days", compare: "previous", where: [] });
  });

  it("with own days asks for them, and has no named period", () => {
    expect(asked("?period=last_year&from=2011-01-01&to=2011-01-31&compare=last_year")).toEqual({
      from: "2011-01-01",
      to: "2011-01-31",
      compare: "last_year",
      where: [],
    });
  });

  it("with own days to compare with asks for those", () => {
    expect(asked("?compare_from=2011-01-01&compare_to=2011-01-31").compare).toEqual({
      from: "2011-01-01",
      to: "2011-01-31",
    });
  });

  it.each([
    "?from=2011-02-01&to=2011-01-01",
    "?from=2011-13-01&to=2011-14-01",
    "?from=2011-01-01",
    "?period=never_heard_of",
    "?compare=something",
    "?compare_from=2011-02-01&compare_to=2011-01-01",
  ])("that is wrong (%s) still opens, with the default in place", (search) => {
    expect(asked(search)).toEqual({ period: "last_30_days", compare: "previous", where: [] });
  });
});
