import { describe, expect, it } from "vitest";
import { autoGrain, daysBetween, isDay } from "@/lib/days";
import { tickIndices } from "@/lib/ticks";

const addDays = (day: string, count: number): string =>
  new Date(Date.parse(`${day}T00:00:00Z`) + count * 86_400_000).toISOString().slice(0, 10);
const span = (start: string, days: number) => ({ start, end: addDays(start, days - 1) });
const daily = (start: string, days: number) => Array.from({ length: days }, (_, index) => addDays(start, index));

describe("days", () => {
  it("counts both ends, over leap days and changes of the clock", () => {
    expect(daysBetween("2024-02-28", "2024-03-01")).toBe(3);
    expect(daysBetween("2026-03-28", "2026-03-30")).toBe(3);
  });

  it("knows a day from something else", () => {
    expect(isDay("2024-02-29")).toBe(true);
    expect(isDay("2024-2-9")).toBe(false);
    expect(isDay(20240229)).toBe(false);
  });

  it("takes the grain that fits a span", () => {
    expect(autoGrain(span("2011-01-01", 1))).toBe("day");
    expect(autoGrain(span("2011-01-01", 90))).toBe("day");
    expect(autoGrain(span("2011-01-01", 365))).toBe("week");
    expect(autoGrain(span("2009-01-01", 1100))).toBe("month");
    expect(autoGrain(span("1990-01-01", 12_000))).toBe("year");
  });
});

describe("labels of a time axis", () => {
  it("never have more than the room", () => {
    for (const [days, room] of [
      [7, 3],
      [30, 8],
      [92, 10],
      [365, 6],
      [2000, 5],
    ] as const) {
      const ticks = tickIndices(daily("2010-12-01", days), "day", room);
      expect(ticks.size).toBeGreaterThan(1);
      expect(ticks.size).toBeLessThanOrEqual(room);
    }
  });

  it("fall on Mondays, then on the first of a month", () => {
    const starts = daily("2011-11-10", 30);
    expect([...tickIndices(starts, "day", 6)].map((index) => starts[index])).toEqual([
      "2011-11-14",
      "2011-11-21",
      "2011-11-28",
      "2011-12-05",
    ]);
    const year = daily("2011-01-01", 365);
    for (const index of tickIndices(year, "day", 12)) expect(year[index]).toMatch(/-01$/);
  });

  it("are all there when there is room", () => {
    expect(tickIndices(daily("2011-11-10", 5), "day", 9).size).toBe(5);
  });
});
