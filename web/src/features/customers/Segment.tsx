/** One segment: its rule, its figures against those of everybody, who came and went, and its members. */
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { analysisQuery } from "@/api/queries";
import { useShop } from "@/api/shop";
import styles from "@/features/customers/customers.module.css";
import { CustomerTable } from "@/features/customers/CustomerTable";
import { RulesPicker } from "@/features/customers/RulesPicker";
import { useView } from "@/lib/useView";
import { answerColumns } from "@/panels/columns";
import { useAsked } from "@/panels/Panels";
import { DataTable } from "@/ui/DataTable";
import { Empty, Failed, Page, Pane, Skeleton } from "@/ui/Parts";

/** The figures that a segment is steered by, in their order. */
const FIGURES = [
  "customers",
  "revenue",
  "average_order_value",
  "clv_historic",
  "repeat_purchase_rate",
  "retention_rate_30d",
  "churn_rate",
  "return_rate",
  "new_customer_rate",
  "reactivation_rate",
  "second_purchase_rate",
  "mean_days",
] as const;

export function Segment() {
  const { segment } = useParams({ strict: false }) as { segment: string };
  const { release, format } = useShop();
  const { view } = useAsked();
  const { preset } = useView();
  const rules: Record<string, string> = preset ? { preset } : {};
  const asked = { enabled: release !== null };
  const segments = useQuery({ ...analysisQuery(release, "customers.segments", view, rules), ...asked });
  const moves = useQuery({
    ...analysisQuery(release, "customers.segment_changes", view, { ...rules, by: "segment", segment, step: "week" }),
    ...asked,
    retry: false,
  });
  const row = segments.data?.rows.find((one) => one.segment === segment);
  const totals = segments.data?.totals;
  return (
    <Page
      title={segment}
      purpose={row ? `${String(row.rule)}, at the end of the period.` : "A segment of customers."}
      aside={<RulesPicker />}
    >
      {segments.error ? (
        <Failed error={segments.error} retry={() => void segments.refetch()} />
      ) : !segments.data ? (
        <Skeleton height={160} />
      ) : !row ? (
        <Empty title={`Nobody is in ${segment}`}>
          <span>These rules have no such segment, or nobody is in it. Choose other rules above.</span>
        </Empty>
      ) : (
        <div className={styles.stack}>
          <dl className={styles.figures} style={{ margin: 0 }}>
            {FIGURES.map((name) => {
              const column = segments.data.columns.find((one) => one.name === name);
              const unit = column?.unit ?? "count";
              const whole = name === "customers" || name === "revenue";
              return (
                <div key={name} className={styles.figure}>
                  <dt>{column?.title ?? name}</dt>
                  <dd title={format.full(row[name], unit)}>
                    {format.compact(row[name], unit)}
                    <small>
                      {whole
                        ? `${format.full(row[`${name}_share`], "percent")} of all`
                        : `everybody ${format.compact(totals?.[name], unit)}`}
                    </small>
                  </dd>
                </div>
              );
            })}
          </dl>
          <Pane title="Members" sub="the most revenue first; press a number to see all about one">
            <CustomerTable segment={segment} />
          </Pane>
          <Pane title="Who came and went" sub="at the end of each week of the period">
            {moves.error ? (
              <Failed error={moves.error} retry={() => void moves.refetch()} />
            ) : moves.data ? (
              <DataTable
                label="Who came and went"
                columns={answerColumns({ answer: moves.data, format })}
                rows={moves.data.rows}
                rowKey={(_, index) => String(index)}
                maxHeight={320}
                hidden={ONE}
              />
            ) : (
              <Skeleton height={120} />
            )}
          </Pane>
        </div>
      )}
    </Page>
  );
}

const ONE: ReadonlySet<string> = new Set(["segment"]);
