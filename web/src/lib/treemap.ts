/** Areas for values: a squarified treemap (Bruls, Huizing and van Wijk, 2000), as parts of the whole width and height. */
export interface Tile {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** One tile for each value, in the order of the values, which come largest first; `aspect` is width ÷ height of the whole. */
export function treemap(values: readonly number[], aspect: number): Tile[] {
  const whole = values.reduce((sum, value) => sum + value, 0);
  if (whole <= 0) return values.map(() => ({ left: 0, top: 0, width: 0, height: 0 }));
  // In a box of width `aspect` and height 1.
  const areas = values.map((value) => (value / whole) * aspect);
  const tiles: Tile[] = [];
  let [left, top, width, height] = [0, 0, aspect, 1];
  for (let first = 0; first < areas.length; ) {
    const side = Math.min(width, height);
    let last = first + 1;
    while (last < areas.length && worst(areas.slice(first, last + 1), side) <= worst(areas.slice(first, last), side))
      last += 1;
    const row = areas.slice(first, last);
    const sum = row.reduce((total, area) => total + area, 0);
    const thick = side > 0 ? sum / side : 0;
    let at = 0;
    for (const area of row) {
      const long = thick > 0 ? area / thick : 0;
      tiles.push(
        width >= height
          ? { left, top: top + at, width: thick, height: long }
          : { left: left + at, top, width: long, height: thick },
      );
      at += long;
    }
    if (width >= height) [left, width] = [left + thick, width - thick];
    else [top, height] = [top + thick, height - thick];
    first = last;
  }
  return tiles.map((tile) => ({ ...tile, left: tile.left / aspect, width: tile.width / aspect }));
}

/** The ratio of the longest tile of a row. */
function worst(row: number[], side: number): number {
  const sum = row.reduce((total, area) => total + area, 0);
  return Math.max(
    ...row.map((area) => Math.max((side * side * area) / (sum * sum), (sum * sum) / (side * side * area))),
  );
}
