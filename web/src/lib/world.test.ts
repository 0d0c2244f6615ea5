import { describe, expect, it } from "vitest";
import { countries } from "@/lib/shapes";
import { fitted, projected } from "@/lib/world";

describe("the map", () => {
  it("keeps areas: the whole earth has the area of its sphere", () => {
    expect(projected([0, 0])).toEqual([0, 0]);
    const [x] = projected([180, 0]);
    expect(x).toBeCloseTo(2.7066, 3);
    expect(projected([0, 90])[1]).toBeCloseTo(1.3174, 3);
  });

  it("knows the countries by their ISO numbers", () => {
    const known = new Map(countries().map((country) => [country.id, country.name]));
    expect(known.get("276")).toBe("Germany");
    expect(known.get("040")).toBe("Austria");
    expect(known.size).toBeGreaterThan(170);
  });

  it("looks at the countries that are shown, without their parts overseas", () => {
    const shapes = fitted(countries(), ["250", "276"], 600, 300);
    const names = shapes.map((shape) => shape.name);
    expect(names).toEqual(expect.arrayContaining(["France", "Germany", "Switzerland"]));
    expect(names).not.toContain("Brazil");
    expect(fitted([], ["276"], 600, 300)).toEqual([]);
  });
});
