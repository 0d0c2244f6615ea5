/** Products by how much they sell (across, in steps of ten) and how much of it stays (up), parted into four. A dot leads to its product. */
import { useState } from "react";
import { useShop } from "@/api/shop";
import type { Answer, Row } from "@/api/types";
import { useSize } from "@/lib/useSize";
import { numberOf } from "@/panels/answers";
import styles from "@/panels/found.module.css";
import { useDrill } from "@/panels/useDrill";

const [LEFT, RIGHT, TOP, BOTTOM] = [44, 12, 10, 34];
const MOST = 400;

/** The share of a place between two ends, on a scale of factors. */
const logShare = (value: number, low: number, high: number): number =>
  high > low ? (Math.log(value) - Math.log(low)) / (Math.log(high) - Math.log(low)) : 0.5;

const steps = (low: number, high: number): number[] => {
  const found = [];
  for (let step = 10 ** Math.floor(Math.log10(low)); step <= high; step *= 10)
    for (const one of [step, step * 3]) if (one >= low && one <= high) found.push(one);
  return found;
};

export function Quadrants({ answer, height, title }: { answer: Answer; height: number; title: string }) {
  const { format } = useShop();
  const drill = useDrill();
  const [box, width] = useSize();
  const [pointed, setPointed] = useState<Row | null>(null);
  const rows = answer.rows.filter((row) => (numberOf(row.units) ?? 0) > 0).slice(0, MOST);
  const units = rows.map((row) => numberOf(row.units) ?? 1);
  const margins = rows.map((row) => numberOf(row.margin) ?? 0);
  const [low, high] = [Math.min(...units) * 0.85, Math.max(...units) * 1.15];
  const [least, most] = [Math.min(...margins, 0 < Math.min(...margins) ? Math.min(...margins) - 3 : 0), Math.min(Math.max(...margins) + 3, 100)];
  const [wide, tall] = [Math.max(width - LEFT - RIGHT, 10), height - TOP - BOTTOM];
  const across = (value: number) => LEFT + logShare(value, low, high) * wide;
  const up = (value: number) => TOP + (1 - (value - least) / Math.max(most - least, 1)) * tall;
  const middle = numberOf(answer.totals?.units) ?? 1;
  const usual = numberOf(answer.totals?.margin) ?? 0;
  const largest = Math.max(...rows.map((row) => numberOf(row.revenue) ?? 0), 1);
  const size = (row: Row) => 3.5 + 7 * Math.sqrt(Math.max(numberOf(row.revenue) ?? 0, 0) / largest);
  const told = (row: Row) =>
    `${String(row.product ?? row.product_id)}: ${format.count(row.units)} units, margin ${format.full(row.margin, "percent")}, ${format.compact(row.revenue, "money")} revenue`;
  const corners = [
    { text: "Little sold, high margin", x: LEFT + 6, y: TOP + 14, anchor: "start" },
    { text: "Much sold, high margin", x: LEFT + wide - 4, y: TOP + 14, anchor: "end" },
    { text: "Little sold, low margin", x: LEFT + 6, y: TOP + tall - 8, anchor: "start" },
    { text: "Much sold, low margin", x: LEFT + wide - 4, y: TOP + tall - 8, anchor: "end" },
  ] as const;
  const five = Math.max((most - least) / 4, 1);
  return (
    <div ref={box} className={styles.scatter} style={{ height: height + 22 }}>
      {width ? (
        <svg
          width={width}
          height={height}
          role="img"
          aria-label={`${title}: ${rows.length} products; the middle is ${format.count(middle)} units, the margin of all ${format.full(usual, "percent")}.`}
          onMouseLeave={() => setPointed(null)}
        >
          {[0, 1, 2, 3, 4].map((step) => (
            <g key={step}>
              <line x1={LEFT} x2={LEFT + wide} y1={up(least + five * step)} y2={up(least + five * step)} className={styles.gridLine} />
              <text x={LEFT - 6} y={up(least + five * step) + 4} textAnchor="end" className={styles.tick}>
                {Math.round(least + five * step)}%
              </text>
            </g>
          ))}
          {steps(low, high).map((step) => (
            <text key={step} x={across(step)} y={TOP + tall + 16} textAnchor="middle" className={styles.tick}>
              {format.compact(step, "count")}
            </text>
          ))}
          <text x={LEFT + wide} y={height - 3} textAnchor="end" className={styles.tick}>
            Units sold; margin upwards; dots as large as revenue
          </text>
          <line x1={across(middle)} x2={across(middle)} y1={TOP} y2={TOP + tall} className={styles.divide} />
          <line x1={LEFT} x2={LEFT + wide} y1={up(usual)} y2={up(usual)} className={styles.divide} />
          {rows.map((row) => (
            <circle
              key={String(row.product_id)}
              cx={across(numberOf(row.units) ?? 1)}
              cy={up(numberOf(row.margin) ?? 0)}
              r={size(row)}
              className={styles.dot}
              data-quadrant={String(row.quadrant)}
              data-pointed={pointed === row || undefined}
              onMouseEnter={() => setPointed(row)}
              onClick={() => drill("product_id", String(row.product_id))}
            >
              <title>{told(row)}</title>
            </circle>
          ))}
          {corners.map(({ text, x, y, anchor }) => (
            <text key={text} x={x} y={y} textAnchor={anchor} className={styles.corner}>
              {text}
            </text>
          ))}
        </svg>
      ) : null}
      <p className={styles.pointed} aria-hidden>
        {pointed ? told(pointed) : "Point at a dot to read it; press it to see that product alone."}
      </p>
    </div>
  );
}
