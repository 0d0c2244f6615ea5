import { expect, test } from "vitest";
import { treemap } from "@/lib/treemap";

test("tiles have the areas of their values, fill the whole, and do not lie on each other", () => {
  const values = [40, 25, 20, 10, 5];
  const tiles = treemap(values, 2.5);
  tiles.forEach((tile, index) => expect(tile.width * tile.height).toBeCloseTo((values[index] ?? 0) / 100, 9));
  for (const [index, one] of tiles.entries()) {
    expect(one.left + one.width).toBeLessThanOrEqual(1 + 1e-9);
    expect(one.top + one.height).toBeLessThanOrEqual(1 + 1e-9);
    for (const other of tiles.slice(index + 1)) {
      const across = Math.min(one.left + one.width, other.left + other.width) - Math.max(one.left, other.left);
      const down = Math.min(one.top + one.height, other.top + other.height) - Math.max(one.top, other.top);
      expect(Math.min(across, down)).toBeLessThanOrEqual(1e-9);
    }
  }
});

test("nothing has no area", () => {
  expect(treemap([], 2)).toEqual([]);
  expect(treemap([0, 0], 2)).toEqual([
    { left: 0, top: 0, width: 0, height: 0 },
    { left: 0, top: 0, width: 0, height: 0 },
  ]);
});
