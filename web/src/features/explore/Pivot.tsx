/**
 * A table with one dimension across. Totals are questions of their own, so they are right for ratios and distinct counts:
 * the column "All" asks without the dimension across, the row "Total" without those down.
 */
import { useQuery } from "@tanstack/react-query";
import { answerQuery } from "@/api/queries";
import { useShop } from "@/api/shop";
import type { Answer, Cell, Question, Row } from "@/api/types";
import type { Exploration } from "@/lib/explore";
import { cellKey, pivot } from "@/lib/pivot";
import { columnOf, numberOf, wordsOf } from "@/panels/answers";
import { cellText } from "@/panels/columns";
import { PanelFrame } from "@/panels/PanelFrame";
import { useAsked } from "@/panels/Panels";
import { DataTable, type TableColumn } from "@/ui/DataTable";
import { Failed, Skeleton } from "@/ui/Parts";

const MOST_COLUMNS = 24;

export function Pivot({ asked, title }: { asked: Exploration; title: string }) {
  const { release, format, metrics } = useShop();
  const { view } = useAsked();
  const across = asked.series ?? "";
  const down = [...(asked.grain ? [asked.grain] : []), ...asked.rows];
  const time = asked.grain ? { grain: asked.grain } : {};
  const plain = { ...view, compare: "none" as const, metrics: asked.metrics };
  const question: Question = { ...plain, ...time, by: [...asked.rows, across] };
  const side = useQuery(answerQuery(release, { ...plain, ...time, ...(asked.rows.length ? { by: asked.rows } : {}) }));
  const foot = useQuery(answerQuery(release, { ...plain, by: [across] }));

  const text = (answer: Answer, name: string, value: Cell | undefined) => {
    const column = columnOf(answer, name);
    return column ? cellText(format, column, value) : String(value ?? "–");
  };

  return (
    <PanelFrame
      id="pivot"
      title={title}
      question={question}
      height={420}
      noTable
      sub={(answer) =>
        answer ? `${metrics.get(asked.metrics[0] ?? "")?.basis ?? ""} · totals are asked, not added` : ""
      }
    >
      {(answer) => {
        // Order and totals come from these two: without them the table would jump.
        for (const part of [side, foot]) {
          if (part.error) return <Failed error={part.error} retry={() => void part.refetch()} />;
          if (!part.data) return <Skeleton height={420} />;
        }
        const turned = pivot(answer.rows, down, across, asked.metrics);
        const order = new Map((foot.data?.rows ?? []).map((row) => [JSON.stringify(row[across] ?? null), row]));
        const size = (value: Cell) => numberOf(order.get(JSON.stringify(value))?.[asked.metrics[0] ?? ""]) ?? 0;
        const numbered = turned.values.every((value) => typeof value === "number");
        const values = [...turned.values]
          .sort((a, b) => (numbered ? Number(a) - Number(b) : size(b) - size(a)))
          .slice(0, MOST_COLUMNS);
        const whole = new Map(
          (side.data?.rows ?? []).map((row) => [JSON.stringify(down.map((name) => row[name] ?? null)), row]),
        );
        const wholeOf = (row: Row) => whole.get(JSON.stringify(down.map((name) => row[name] ?? null)));
        const many = asked.metrics.length > 1;
        const sortKey = cellKey("all", asked.metrics[0] ?? "");
        const rows = turned.rows
          .map((row) => ({ ...row, [sortKey]: wholeOf(row)?.[asked.metrics[0] ?? ""] ?? null }) as Row)
          .sort((a, b) => (asked.grain ? 0 : (numberOf(b[sortKey]) ?? 0) - (numberOf(a[sortKey]) ?? 0)))
          .slice(0, asked.grain ? undefined : Math.max(asked.limit, 1));
        const columns: TableColumn<Row>[] = [
          ...down.map((name, index): TableColumn<Row> => ({
            name,
            title: columnOf(answer, name)?.title ?? name,
            value: (row) => row[name] ?? null,
            text: (row) => text(answer, name, row[name]),
            show: (row) => text(answer, name, row[name]),
            ...(index === 0 ? { total: "Total" } : {}),
          })),
          ...values.flatMap((value) =>
            asked.metrics.map((metric): TableColumn<Row> => {
              const key = cellKey(value, metric);
              const words = wordsOf(value, columnOf(answer, across));
              return {
                name: key,
                title: many ? `${words}, ${metrics.get(metric)?.title ?? metric}` : words,
                right: true,
                value: (row) => numberOf(row[key]),
                text: (row) => text(answer, metric, row[key]),
                show: (row) => text(answer, metric, row[key] ?? null),
                total: text(answer, metric, order.get(JSON.stringify(value))?.[metric] ?? null),
              };
            }),
          ),
          ...asked.metrics.map((metric): TableColumn<Row> => ({
            name: `all ${metric}`,
            title: many ? `All, ${metrics.get(metric)?.title ?? metric}` : "All",
            right: true,
            value: (row) => numberOf(wholeOf(row)?.[metric]),
            text: (row) => text(answer, metric, wholeOf(row)?.[metric]),
            show: (row) => <strong>{text(answer, metric, wholeOf(row)?.[metric] ?? null)}</strong>,
            total: text(answer, metric, side.data?.totals?.[metric] ?? null),
          })),
        ];
        return (
          <DataTable
            label={title}
            columns={columns}
            rows={rows}
            rowKey={(_, index) => String(index)}
            maxHeight={560}
            totals
            more={
              turned.values.length > values.length
                ? `${turned.values.length - values.length} more columns are in the download; “All” counts them.`
                : null
            }
          />
        );
      }}
    </PanelFrame>
  );
}
