/** Segments as areas: as large as they have customers, as strong as these have brought. Each leads to its page. */
import { useShop } from "@/api/shop";
import type { Answer } from "@/api/types";
import { treemap } from "@/lib/treemap";
import { useSize } from "@/lib/useSize";
import { useView } from "@/lib/useView";
import { numberOf } from "@/panels/answers";
import styles from "@/panels/found.module.css";
import { PageLink } from "@/ui/PageLink";

export const segmentPath = (segment: string): string => `/customers/segments/${encodeURIComponent(segment)}`;

export function SegmentMap({ answer, height }: { answer: Answer; height: number }) {
  const { format } = useShop();
  const { preset } = useView();
  const [box, width] = useSize();
  const rows = answer.rows
    .filter((row) => (numberOf(row.customers) ?? 0) > 0)
    .sort((a, b) => (numberOf(b.customers) ?? 0) - (numberOf(a.customers) ?? 0));
  const tall = width && width < 520 ? Math.round(height * 1.35) : height;
  const tiles = treemap(
    rows.map((row) => numberOf(row.customers) ?? 0),
    (width || 900) / tall,
  );
  const most = Math.max(...rows.map((row) => numberOf(row.clv_historic) ?? 0), 0);
  return (
    <div ref={box} className={styles.map} style={{ height: tall }}>
      {rows.map((row, index) => {
        const tile = tiles[index]!;
        const [wide, high] = [tile.width * width, tile.height * tall];
        const strength = most > 0 ? Math.max(numberOf(row.clv_historic) ?? 0, 0) / most : 0;
        const name = String(row.segment);
        const customers = `${format.count(row.customers)} customers`;
        const share = `${format.full(row.customers_share, "percent")} of customers`;
        const revenue = `${format.full(row.revenue_share, "percent")} of revenue`;
        const each = `${format.compact(row.clv_historic, "money")} each`;
        return (
          <PageLink
            key={name}
            path={segmentPath(name)}
            add={{ preset }}
            className={styles.tile}
            data-small={wide <= 70 || high <= 26 || undefined}
            title={`${name}: ${customers}, ${share}; ${format.full(row.revenue, "money")}, ${revenue}; ${each}`}
            aria-label={`${name}: ${customers}, ${share}, ${revenue}, ${each}`}
            style={{
              left: `${tile.left * 100}%`,
              top: `${tile.top * 100}%`,
              width: `${tile.width * 100}%`,
              height: `${tile.height * 100}%`,
              background: `color-mix(in srgb, var(--accent) ${Math.round(6 + 30 * strength)}%, var(--sunken))`,
            }}
          >
            {wide > 70 && high > 26 ? <b>{name}</b> : null}
            {wide > 100 && high > 62 ? <span>{share}</span> : null}
            {wide > 100 && high > 82 ? <span>{revenue}</span> : null}
            {wide > 100 && high > 104 ? <span>{each}</span> : null}
          </PageLink>
        );
      })}
    </div>
  );
}
