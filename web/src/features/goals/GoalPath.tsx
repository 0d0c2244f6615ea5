/** One goal day by day: what has come, what was to be expected, and what is to come with its interval. */
import { useQuery } from "@tanstack/react-query";
import { analysisQuery } from "@/api/queries";
import { useShop } from "@/api/shop";
import type { Answer } from "@/api/types";
import styles from "@/features/goals/goals.module.css";
import { useSize } from "@/lib/useSize";
import { numberOf } from "@/panels/answers";
import { Failed, Skeleton } from "@/ui/Parts";

const HEIGHT = 190;
const EDGE = { top: 12, right: 12, bottom: 24, left: 58 };
const NOW = { where: [], compare: "none" as const };

export function GoalPath({ goal, unit, title }: { goal: number; unit: string; title: string }) {
  const { release } = useShop();
  const path = useQuery({ ...analysisQuery(release, "goals.path", NOW, { goal }), enabled: release !== null });
  if (path.error) return <Failed error={path.error} retry={() => void path.refetch()} />;
  if (!path.data) return <Skeleton height={HEIGHT} />;
  return path.data.rows.length < 2 ? null : <Drawn answer={path.data} unit={unit} title={title} />;
}

function Drawn({ answer, unit, title }: { answer: Answer; unit: string; title: string }) {
  const { format } = useShop();
  const [box, width] = useSize();
  const rows = answer.rows;
  const values = (name: string) => rows.map((row) => numberOf(row[name]));
  const [actual, expected, forecast, lower, upper] = ["actual", "expected", "forecast", "lower", "upper"].map(values) as [
    (number | null)[],
    (number | null)[],
    (number | null)[],
    (number | null)[],
    (number | null)[],
  ];
  const target = numberOf(rows[0]?.target) ?? 0;
  const most = Math.max(target, ...[...actual, ...expected, ...upper, ...forecast].map((value) => value ?? 0)) * 1.04 || 1;
  const inner = Math.max(width - EDGE.left - EDGE.right, 10);
  const x = (at: number) => EDGE.left + (inner * at) / (rows.length - 1);
  const y = (value: number) => HEIGHT - EDGE.bottom - ((HEIGHT - EDGE.top - EDGE.bottom) * value) / most;
  const line = (series: (number | null)[]) =>
    series
      .map((value, at) => (value === null ? null : `${x(at).toFixed(1)},${y(value).toFixed(1)}`))
      .filter(Boolean)
      .join(" ");
  const coming = rows.map((_, at) => at).filter((at) => lower[at] !== null && upper[at] !== null);
  const band = [...coming.map((at) => [at, upper[at]]), ...[...coming].reverse().map((at) => [at, lower[at]])]
    .map(([at, value]) => `${x(at as number).toFixed(1)},${y(value as number).toFixed(1)}`)
    .join(" ");
  const ticks = [0, 0.5, 1].map((share) => share * target);
  const last = actual.findLastIndex((value) => value !== null);
  const words = answer.sentences[0]?.text ?? "";
  return (
    <div ref={box} className={styles.path}>
      {width ? (
        <svg width={width} height={HEIGHT} role="img" aria-label={`${title}, day by day. ${words}`}>
          {ticks.map((value) => (
            <g key={value}>
              <line x1={EDGE.left} x2={width - EDGE.right} y1={y(value)} y2={y(value)} className={value === target && target ? styles.target : styles.grid} />
              <text x={EDGE.left - 8} y={y(value)} dy="0.35em" textAnchor="end" className={styles.tick}>
                {format.axis(value, unit)}
              </text>
            </g>
          ))}
          {coming.length > 1 ? <polygon points={band} className={styles.band} /> : null}
          <polyline points={line(expected)} className={styles.expected} />
          <polyline points={line(forecast)} className={styles.forecast} />
          <polyline points={line(actual)} className={styles.actual} />
          {last >= 0 ? <circle cx={x(last)} cy={y(actual[last] ?? 0)} r={3.5} className={styles.now} /> : null}
          <text x={EDGE.left} y={HEIGHT - 6} className={styles.tick}>
            {format.bucket(String(rows[0]?.day), "day")}
          </text>
          <text x={width - EDGE.right} y={HEIGHT - 6} textAnchor="end" className={styles.tick}>
            {format.bucket(String(rows.at(-1)?.day), "day")}
          </text>
        </svg>
      ) : null}
      <ul className={styles.legend} aria-label="Legend">
        <li data-line="actual">Actual</li>
        <li data-line="expected">Expected path</li>
        {coming.length > 1 ? <li data-line="forecast">Forecast, 80% interval</li> : null}
        <li data-line="target">Target</li>
        <li className={styles.sub}>{answer.notes.at(-1)?.text}</li>
      </ul>
    </div>
  );
}
