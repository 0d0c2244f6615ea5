/** Countries by what they bring: the part of the world where sales are, drawn from shapes of our own, and the ranking beside it. */
import { useQuery } from "@tanstack/react-query";
import { useShop } from "@/api/shop";
import type { Answer, Row } from "@/api/types";
import { fitted, type Shape } from "@/lib/world";
import { useSize } from "@/lib/useSize";
import { numberOf } from "@/panels/answers";
import styles from "@/panels/found.module.css";
import { useDrill } from "@/panels/useDrill";
import { Failed, Skeleton } from "@/ui/Parts";

const LISTED = 12;

export function WorldMap({ answer, height, title }: { answer: Answer; height: number; title: string }) {
  const { format } = useShop();
  const drill = useDrill();
  const [box, width] = useSize();
  const shapes = useQuery({
    queryKey: ["shapes"],
    queryFn: () => import("@/lib/shapes").then((module) => module.countries()),
    staleTime: Infinity,
  });
  const most = Math.max(...answer.rows.map((row) => numberOf(row.revenue) ?? 0), 1);
  const byShape = new Map<string, Row>();
  for (const row of answer.rows) if (row.shape && !byShape.has(String(row.shape))) byShape.set(String(row.shape), row);
  const told = (row: Row) =>
    `${String(row.country ?? "Not set")}: ${format.full(row.revenue, "money")}, ${format.full(row.share, "percent")}, ${format.count(row.orders)} orders`;
  const strength = (row: Row | undefined) => (row ? Math.sqrt(Math.max(numberOf(row.revenue) ?? 0, 0) / most) : 0);
  const fill = (shape: Shape) => {
    const row = byShape.get(shape.id);
    return row ? `color-mix(in srgb, var(--accent) ${Math.round(18 + 72 * strength(row))}%, var(--sunken))` : "var(--sunken)";
  };
  const drawn = shapes.data && width ? fitted(shapes.data, [...byShape.keys()], width, height) : [];
  return (
    <div className={styles.world}>
      <div ref={box} style={{ height }} className={styles.worldBox}>
        {shapes.error ? (
          <Failed error={shapes.error} retry={() => void shapes.refetch()} />
        ) : !shapes.data ? (
          <Skeleton height={height} />
        ) : (
          <svg width={width} height={height} role="img" aria-label={`${title}: ${answer.rows.slice(0, 5).map(told).join("; ")}.`}>
            {drawn.map((shape) => {
              const row = byShape.get(shape.id);
              return (
                <path
                  key={shape.id + shape.name}
                  d={shape.path}
                  className={styles.country}
                  data-sold={row ? true : undefined}
                  style={{ fill: fill(shape) }}
                  onClick={row ? () => drill("country", row.country === null ? null : String(row.country)) : undefined}
                >
                  <title>{row ? told(row) : `${shape.name}: no sales`}</title>
                </path>
              );
            })}
          </svg>
        )}
      </div>
      <ol className={styles.places} aria-label="Countries by revenue">
        {answer.rows.slice(0, LISTED).map((row) => (
          <li key={String(row.country)}>
            <button type="button" onClick={() => drill("country", row.country === null ? null : String(row.country))}>
              {String(row.country ?? "Not set")}
              {row.country && !row.shape ? " (not on the map)" : ""}
            </button>
            <span title={format.full(row.revenue, "money")}>{format.compact(row.revenue, "money")}</span>
            <span>{format.full(row.share, "percent")}</span>
            <i aria-hidden style={{ width: `${(100 * Math.max(numberOf(row.revenue) ?? 0, 0)) / most}%` }} />
          </li>
        ))}
        {answer.rows.length > LISTED ? <li className={styles.more}>{answer.rows.length - LISTED} more in the table</li> : null}
      </ol>
    </div>
  );
}
