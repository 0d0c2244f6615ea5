/** Launches laid over each other: units so far by weeks since launch, a line for each product, and the usual launch dashed. */
import { useShop } from "@/api/shop";
import type { Answer } from "@/api/types";
import { useSize } from "@/lib/useSize";
import { numberOf } from "@/panels/answers";
import styles from "@/panels/found.module.css";
import panels from "@/panels/panels.module.css";

const [LEFT, RIGHT, TOP, BOTTOM] = [44, 12, 10, 34];

/** Round marks from nothing up, five or so, the last at or past the end. */
function marks(end: number, sizes: readonly number[]): number[] {
  const scale = 10 ** Math.max(Math.floor(Math.log10(end / 4)), 0);
  const step = [...sizes, ...sizes.map((size) => size * scale)].sort((a, b) => a - b).find((size) => size * 5 >= end) ?? end;
  return Array.from({ length: Math.ceil(end / step) + 1 }, (_, index) => index * step);
}

export function SinceLaunch({ answer, height, title }: { answer: Answer; height: number; title: string }) {
  const { format } = useShop();
  const [box, width] = useSize();
  const courses = new Map<string, { name: string; usual: boolean; points: [number, number][] }>();
  for (const row of answer.rows) {
    const key = row.product_id === null ? "" : String(row.product_id);
    const course = courses.get(key) ?? { name: String(row.product ?? key), usual: key === "", points: [[0, 0]] };
    course.points.push([numberOf(row.week) ?? 0, numberOf(row.units) ?? 0]);
    courses.set(key, course);
  }
  const all = [...courses.values()].sort((a, b) => Number(a.usual) - Number(b.usual));
  const longest = Math.max(...all.flatMap((course) => course.points.map(([week]) => week)), 1);
  const units = marks(Math.max(...all.flatMap((course) => course.points.map(([, sold]) => sold)), 1), [1, 2, 5, 10]);
  const most = units.at(-1) ?? 1;
  const [wide, tall] = [Math.max(width - LEFT - RIGHT, 10), height - TOP - BOTTOM];
  const across = (week: number) => LEFT + (week / longest) * wide;
  const up = (sold: number) => TOP + (1 - sold / most) * tall;
  const color = (index: number, usual: boolean) => (usual ? "var(--comparison)" : `var(--series-${index % 7})`);
  const weeks = marks(longest, [1, 2, 4, 13, 26, 52]).filter((week) => week <= longest);
  return (
    <div>
      <ul className={panels.legend} aria-label="Legend">
        {all.map((course, index) => (
          <li key={course.name} className={panels.key}>
            <i style={{ background: color(index, course.usual) }} />
            {course.name}
          </li>
        ))}
      </ul>
      <div ref={box} style={{ height }}>
        {width ? (
          <svg
            width={width}
            height={height}
            role="img"
            aria-label={`${title}: ${all.map((course) => `${course.name} ${format.count(course.points.at(-1)?.[1])} units after ${course.points.at(-1)?.[0]} weeks`).join(", ")}.`}
          >
            {units.map((mark) => (
              <g key={mark}>
                <line x1={LEFT} x2={LEFT + wide} y1={up(mark)} y2={up(mark)} className={styles.gridLine} />
                <text x={LEFT - 6} y={up(mark) + 4} textAnchor="end" className={styles.tick}>
                  {format.compact(mark, "count")}
                </text>
              </g>
            ))}
            {weeks.map((week) => (
              <text key={week} x={across(week)} y={TOP + tall + 16} textAnchor="middle" className={styles.tick}>
                {week}
              </text>
            ))}
            <text x={LEFT + wide} y={height - 3} textAnchor="end" className={styles.tick}>
              Weeks since launch
            </text>
            {all.map((course, index) => (
              <polyline
                key={course.name}
                points={course.points.map(([week, units]) => `${across(week)},${up(units)}`).join(" ")}
                className={styles.line}
                data-usual={course.usual || undefined}
                style={{ stroke: color(index, course.usual) }}
              >
                <title>{course.name}</title>
              </polyline>
            ))}
          </svg>
        ) : null}
      </div>
    </div>
  );
}
