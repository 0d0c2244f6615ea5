import { expect, test } from "vitest";
import { sides } from "@/lib/flow";

const flows = [
  { from: "A", to: "A", size: 60 },
  { from: "A", to: "B", size: 20 },
  { from: "B", to: "A", size: 5 },
  { from: "B", to: "B", size: 15 },
];

test("nodes are as high as what goes through them, and bands fill them without overlap", () => {
  const { left, right, bands } = sides(flows, 110, 10);
  expect(left.map((node) => [node.name, node.top, node.height])).toEqual([
    ["A", 0, 80],
    ["B", 90, 20],
  ]);
  expect(right.map((node) => [node.name, node.height])).toEqual([
    ["A", 65],
    ["B", 35],
  ]);
  expect(bands.map((band) => [band.from, band.to, band.fromTop, band.toTop, band.height])).toEqual([
    ["A", "A", 0, 0, 60],
    ["A", "B", 60, 75, 20],
    ["B", "A", 90, 60, 5],
    ["B", "B", 95, 95, 15],
  ]);
});

test("nothing flows", () => {
  expect(sides([], 100, 10)).toEqual({ left: [], right: [], bands: [] });
});
