/** A course in small: the period in the accent, the comparison behind it in grey. A gap is a gap. */
import styles from "@/ui/ui.module.css";

type Point = number | null;

/** The path of a course in a box of `width` × `height`; `low` and `high` are the ends of the scale. */
export function sparkPath(points: Point[], low: number, high: number, width: number, height: number): string {
  const step = points.length > 1 ? width / (points.length - 1) : 0;
  const scale = high > low ? height / (high - low) : 0;
  let pen = false;
  let path = "";
  points.forEach((point, index) => {
    if (point === null) {
      pen = false;
      return;
    }
    const x = Math.round(index * step * 10) / 10;
    const y = Math.round((scale ? height - (point - low) * scale : height / 2) * 10) / 10;
    path += `${pen ? "L" : "M"}${x} ${y}`;
    pen = true;
  });
  return path;
}

const WIDTH = 120;
const HEIGHT = 30;

export function Spark({ points, comparison }: { points: Point[]; comparison: Point[] }) {
  const known = [...points, ...comparison].filter((point) => point !== null);
  if (points.filter((point) => point !== null).length < 2) return null;
  const low = Math.min(...known);
  const high = Math.max(...known);
  return (
    <svg
      className={styles.spark}
      viewBox={`0 -2 ${WIDTH} ${HEIGHT + 4}`}
      preserveAspectRatio="none"
      width="100%"
      height={HEIGHT + 4}
      aria-hidden
    >
      <path
        d={sparkPath(comparison, low, high, WIDTH, HEIGHT)}
        fill="none"
        stroke="var(--comparison)"
        strokeWidth="1.25"
        vectorEffect="non-scaling-stroke"
      />
      <path
        d={sparkPath(points, low, high, WIDTH, HEIGHT)}
        fill="none"
        stroke="var(--accent)"
        strokeWidth="1.75"
        strokeLinejoin="round"
        vectorEffect="non-scaling-stroke"
      />
    </svg>
  );
}
