import { describe, expect, it } from "vitest";
import { askFilters, drill, readFilters, withFilter, writeFilters } from "@/lib/where";

describe("filters in an address", () => {
  it("come back as they went", () => {
    const texts = [
      "country=France",
      "country=Germany",
      "channel!=web",
      "product~lamp",
      "brand is null",
      "day>=2011-01-01",
    ];
    expect(writeFilters(readFilters(texts))).toEqual(texts);
  });

  it("keep signs inside a value", () => {
    expect(readFilters(["product=SALT & PEPPER = 2"])).toEqual([
      { dimension: "product", op: "=", values: ["SALT & PEPPER = 2"] },
    ]);
  });

  it("leave out what cannot be read", () => {
    expect(readFilters(["nonsense", "", "=x", "Country=France"])).toEqual([]);
  });

  it("join values of the same dimension, which then mean any of them", () => {
    expect(askFilters(readFilters(["country=France", "country=Germany", "channel!=web"]))).toEqual([
      { dimension: "country", op: "in", values: ["France", "Germany"] },
      { dimension: "channel", op: "!=", values: ["web"] },
    ]);
  });
});

describe("drilling", () => {
  it("puts one value in place of the chosen ones, and keeps the others", () => {
    expect(drill(["country=France", "country=Germany", "channel!=web"], "country", "Spain")).toEqual([
      "channel!=web",
      "country=Spain",
    ]);
  });

  it("into an unknown value asks for the rows without one", () => {
    expect(drill(["brand=Acme"], "brand", null)).toEqual(["brand is null"]);
  });

  it("replaces a filter of the same dimension and operator", () => {
    expect(withFilter(["country=France"], { dimension: "country", op: "=", values: ["Spain", "Italy"] })).toEqual([
      "country=Spain",
      "country=Italy",
    ]);
  });
});
