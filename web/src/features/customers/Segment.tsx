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
  "size_issue_rate",
  "new_customer_rate",
  "customer_acquisition_cost",
  "reactivation_rate",
  "second_purchase_rate",
  "mean_days",
] as const;
type Figure = (typeof FIGURES)[number];

/** What a segment is steered by, where that is not the value of its customers, and why. */
const STEERED: [Figure, string, string[]][] = [
  [
    "reactivation_rate",
    "of those who were in it before the period, who ordered again in it",
    ["Hibernating", "Lost", "About to sleep", "Single Buyers (Lapsed)"],
  ],
  ["second_purchase_rate", "of those with one order before the period, who ordered again in it", ["Single Buyers (Recent)", "New", "Promising"]],
  ["churn_rate", "without an order for 180 days", ["At risk", "At-risk customers", "Can't lose", "Needs attention"]],
];
const VALUE: [Figure, string] = ["clv_historic", "revenue of each customer so far"];

const steeredBy = (segment: string): [Figure, string] => {
  const found = STEERED.find(([, , names]) => names.includes(segment));
  return found ? [found[0], found[1]] : VALUE;
};

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
  const [lead, meaning] = steeredBy(segment);
  const column = (name: Figure) => segments.data?.columns.find((one) => one.name === name);
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
          <section className={styles.lead} aria-label={`What ${segment} is steered by`}>
            <div>
              <h2>{column(lead)?.title}</h2>
              <p>
                <strong title={format.full(row[lead], column(lead)?.unit ?? "count")}>
                  {format.compact(row[lead], column(lead)?.unit ?? "count")}
                </strong>
                <span>
                  everybody {format.compact(totals?.[lead], column(lead)?.unit ?? "count")} · {meaning}
                </span>
              </p>
            </div>
          </section>
          <dl className={styles.figures} style={{ margin: 0 }}>
            {FIGURES.filter((name) => name !== lead).map((name) => {
              const unit = column(name)?.unit ?? "count";
              const whole = name === "customers" || name === "revenue";
              return (
                <div key={name} className={styles.figure}>
                  <dt>{column(name)?.title ?? name}</dt>
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
