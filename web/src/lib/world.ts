/** From degrees to pixels: the Equal Earth projection (Šavrič, Patterson and Jenny, 2018), and the part of the world that is looked at. */

export interface Country {
  id: string;
  name: string;
  /** Polygons, each of rings, each of longitude and latitude. */
  rings: [number, number][][][];
}

export interface Shape {
  id: string;
  name: string;
  path: string;
}

const [A1, A2, A3, A4] = [1.340264, -0.081106, 0.000893, 0.003796];
const M = Math.sqrt(3) / 2;

/** Longitude and latitude as a point of the plane; up is positive. Areas keep their proportions. */
export function projected([longitude, latitude]: [number, number]): [number, number] {
  const t = Math.asin(M * Math.sin((latitude * Math.PI) / 180));
  const t2 = t * t;
  const t6 = t2 ** 3;
  const x = ((longitude * Math.PI) / 180) * Math.cos(t);
  return [x / (M * (A1 + 3 * A2 * t2 + t6 * (7 * A3 + 9 * A4 * t2))), t * (A1 + A2 * t2 + t6 * (A3 + A4 * t2))];
}

interface Box {
  left: number;
  right: number;
  low: number;
  high: number;
}

const around = (points: [number, number][]): Box => ({
  left: Math.min(...points.map(([x]) => x)),
  right: Math.max(...points.map(([x]) => x)),
  low: Math.min(...points.map(([, y]) => y)),
  high: Math.max(...points.map(([, y]) => y)),
});

/** Of a country its largest polygon: overseas parts would pull the view around the world. */
function mainland(country: Country): [number, number][] {
  const outer = country.rings.map((polygon) => (polygon[0] ?? []).map(projected));
  const size = (points: [number, number][]) => {
    const box = points.length ? around(points) : { left: 0, right: 0, low: 0, high: 0 };
    return (box.right - box.left) * (box.high - box.low);
  };
  return outer.sort((a, b) => size(b) - size(a))[0] ?? [];
}

/** A ring that crosses the date line, in its parts on either side: else it would be drawn across the whole map. */
function parted(ring: [number, number][]): [number, number][][] {
  const parts: [number, number][][] = [[]];
  ring.forEach((point, index) => {
    const before = ring[index - 1];
    if (before && Math.abs(point[0] - before[0]) > 180) parts.push([]);
    parts.at(-1)!.push(point);
  });
  return parts;
}

/** The countries as paths in a box of pixels: those that are shown fill it with some room around, all others are drawn as far as they reach in. */
export function fitted(countries: readonly Country[], shown: readonly string[], width: number, height: number): Shape[] {
  const wanted = countries.filter((country) => country.id && shown.includes(country.id));
  const points = (wanted.length ? wanted : countries).flatMap((country) => mainland(country));
  if (!points.length || width <= 0 || height <= 0) return [];
  const box = around(points);
  const room = 0.08 * Math.max(box.right - box.left, box.high - box.low, 0.25);
  const [spanX, spanY] = [box.right - box.left + 2 * room, box.high - box.low + 2 * room];
  const scale = Math.min(width / spanX, height / spanY);
  const [middleX, middleY] = [(box.left + box.right) / 2, (box.low + box.high) / 2];
  const place = (point: [number, number]): [number, number] => {
    const [x, y] = projected(point);
    return [width / 2 + (x - middleX) * scale, height / 2 - (y - middleY) * scale];
  };
  return countries.flatMap((country) => {
    const rings = country.rings.flatMap((polygon) => polygon.flatMap(parted).map((ring) => ring.map(place)));
    const inside = rings.some((ring) => {
      const held = around(ring);
      return held.right > 0 && held.left < width && held.high > 0 && held.low < height;
    });
    const path = rings
      .map((ring) => `M${ring.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join("L")}Z`)
      .join("");
    return inside ? [{ id: country.id, name: country.name, path }] : [];
  });
}
