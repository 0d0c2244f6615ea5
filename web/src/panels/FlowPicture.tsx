/** From where to where: bands as wide as the customers who went that way. Pointing at a side shows its bands alone. */
import { useState } from "react";
import { useShop } from "@/api/shop";
import type { Answer } from "@/api/types";
import { sides, type Node } from "@/lib/flow";
import { useSize } from "@/lib/useSize";
import { numberOf } from "@/panels/answers";
import styles from "@/panels/found.module.css";

const NODE = 10;
const LINE = 16;

export function FlowPicture({ answer, height, title }: { answer: Answer; height: number; title: string }) {
  const { format } = useShop();
  const [box, width] = useSize();
  const [chosen, setChosen] = useState<string | null>(null);
  const flows = answer.rows.map((row) => ({
    from: String(row.from_segment),
    to: String(row.to_segment),
    size: numberOf(row.customers) ?? 0,
  }));
  const { left, right, bands } = sides(flows, height, 12);
  const names = [...new Set([...right, ...left].map((node) => node.name))];
  const color = (name: string) => `var(--series-${Math.min(names.indexOf(name), 7)})`;
  // Where there is no room beside the picture, names stand on its bands.
  const inside = width < 560;
  const label = inside ? 0 : 190;
  const [from, to] = [label, width - label];
  const middle = (from + to) / 2;
  const moved = flows.filter((flow) => flow.from !== flow.to).reduce((sum, flow) => sum + flow.size, 0);
  const hidden = (node: Node) => node.height < 1;
  const text = (node: Node, side: "left" | "right") => {
    const at = node.top + node.height / 2;
    const away = inside ? -NODE - 6 : 8;
    const x = side === "left" ? from - away : to + away;
    const tall = node.height > LINE * 1.8;
    const room = inside ? width / 2 - NODE - 12 : label - 12;
    const lines = wrapped(node.name, Math.floor(room / 6.7));
    if (lines.length === 1 && tall) lines.push(format.count(node.size));
    return hidden(node) ? null : (
      <text key={node.name} x={x} y={at} textAnchor={(side === "left") === inside ? "start" : "end"} className={styles.flowName} data-inside={inside || undefined}>
        <title>{`${node.name}: ${format.count(node.size)}`}</title>
        {lines.map((line, index) => (
          <tspan
            key={line}
            x={x}
            dy={index ? "1.2em" : lines.length > 1 ? "-0.2em" : "0.35em"}
            className={index && !node.name.includes(line) ? styles.flowSize : undefined}
          >
            {line}
          </tspan>
        ))}
      </text>
    );
  };
  return (
    <div ref={box} className={styles.flow}>
      {width ? (
        <svg
          width={width}
          height={height}
          viewBox={`0 0 ${width} ${height}`}
          role="img"
          aria-label={`${title}: ${format.count(moved)} of ${format.count(flows.reduce((sum, flow) => sum + flow.size, 0))} customers changed segment or are new. The table has every move.`}
        >
          <g>
            {bands.map((band) => {
              const [a, b] = [band.fromTop, band.toTop];
              const on = chosen === null || chosen === `from ${band.from}` || chosen === `to ${band.to}`;
              return (
                <path
                  key={`${band.from}|${band.to}`}
                  d={`M${from + NODE},${a} C${middle},${a} ${middle},${b} ${to - NODE},${b} L${to - NODE},${b + band.height} C${middle},${b + band.height} ${middle},${a + band.height} ${from + NODE},${a + band.height} Z`}
                  fill={color(band.from)}
                  fillOpacity={on ? (band.from === band.to ? 0.22 : 0.5) : 0.06}
                >
                  <title>{`${band.from} → ${band.to}: ${format.count(band.size)} customers`}</title>
                </path>
              );
            })}
          </g>
          {(["left", "right"] as const).map((side) =>
            (side === "left" ? left : right).map((node) => (
              <g
                key={`${side} ${node.name}`}
                onPointerEnter={() => setChosen(`${side === "left" ? "from" : "to"} ${node.name}`)}
                onPointerLeave={() => setChosen(null)}
              >
                <rect
                  x={side === "left" ? from : to - NODE}
                  y={node.top}
                  width={NODE}
                  height={Math.max(node.height, 0.5)}
                  rx={2}
                  fill={color(node.name)}
                />
                {text(node, side)}
              </g>
            )),
          )}
        </svg>
      ) : null}
      <div className={styles.flowFoot}>
        <span>before the period</span>
        <span>at its end</span>
      </div>
    </div>
  );
}

/** A name in lines of up to `most` letters, broken between words and never cut. */
function wrapped(name: string, most: number): string[] {
  const lines: string[] = [];
  for (const word of name.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && `${last} ${word}`.length <= most) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
