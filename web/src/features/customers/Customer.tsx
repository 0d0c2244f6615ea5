/** One customer: who, standing and segment, every order and return, and every segment he was in. */
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { customerQuery } from "@/api/queries";
import { useShop } from "@/api/shop";
import type { Answer } from "@/api/types";
import styles from "@/features/customers/customers.module.css";
import { RulesPicker } from "@/features/customers/RulesPicker";
import { useView } from "@/lib/useView";
import { answerColumns } from "@/panels/columns";
import { segmentPath } from "@/panels/SegmentMap";
import { DataTable } from "@/ui/DataTable";
import { PageLink } from "@/ui/PageLink";
import { Empty, Facts, Failed, Page, Pane, Skeleton } from "@/ui/Parts";

export function Customer() {
  const { id } = useParams({ strict: false }) as { id: string };
  const { release, format } = useShop();
  const { preset } = useView();
  const customer = useQuery({ ...customerQuery(release, id, preset), enabled: release !== null, retry: false });
  const row = customer.data?.profile.rows[0];
  const name = row?.customer_name ? String(row.customer_name) : id;
  const day = (value: unknown) => (typeof value === "string" ? format.day(value.slice(0, 10)) : "–");
  const text = (value: unknown) => (value === null || value === undefined ? "–" : String(value));
  return (
    <Page
      title={name}
      purpose={row ? `Customer ${id}; standing on ${day(customer.data?.profile.period?.end)}.` : `Customer ${id}`}
      aside={<RulesPicker />}
    >
      {customer.error ? (
        <Failed error={customer.error} retry={() => void customer.refetch()} />
      ) : !customer.data || !row ? (
        <Skeleton height={320} />
      ) : (
        <div className={styles.stack}>
          <dl className={styles.figures} style={{ margin: 0 }}>
            <div className={styles.figure}>
              <dt>Segment</dt>
              <dd>
                <PageLink path={segmentPath(String(row.segment))} add={{ preset }}>
                  {String(row.segment)}
                </PageLink>
                <small>
                  R {text(row.r)}, F {text(row.f)}, M {text(row.m)}
                </small>
              </dd>
            </div>
            <div className={styles.figure}>
              <dt>Orders</dt>
              <dd>
                {format.count(row.orders)}
                <small>{format.full(row.average_order_value, "money")} on average</small>
              </dd>
            </div>
            <div className={styles.figure}>
              <dt>Revenue</dt>
              <dd title={format.full(row.revenue, "money")}>
                {format.compact(row.revenue, "money")}
                <small>before later returns</small>
              </dd>
            </div>
            <div className={styles.figure}>
              <dt>Last order</dt>
              <dd>
                {day(row.last_day)}
                <small>{Number(row.days) === 1 ? "1 day" : `${format.count(row.days)} days`} before</small>
              </dd>
            </div>
          </dl>
          <div className={styles.two}>
            <Pane title="Who">
              <Facts
                items={[
                  ["Name", text(row.customer_name)],
                  ["E-mail", text(row.email)],
                  ["Telephone", text(row.phone)],
                  ["Place", [row.city, row.country].filter(Boolean).join(", ") || "–"],
                  ["Registered", day(row.registered_day)],
                  ["First order", day(row.first_day)],
                ]}
              />
            </Pane>
            <Pane title="Segments" sub="seen at the end of each month">
              <Listed answer={customer.data.history} label="Segments" hidden={["customer_id"]} />
            </Pane>
          </div>
          <Pane
            title="Orders"
            sub={[
              `${format.count(customer.data.orders.row_count)} in all, newest first`,
              customer.data.orders.sentences[0]?.text.replace(/\.$/, ""),
            ]
              .filter(Boolean)
              .join(" · ")}
          >
            <Listed answer={customer.data.orders} label="Orders" />
          </Pane>
          <Pane title="Returns" sub={`${format.count(customer.data.returns.row_count)} items, newest first`}>
            <Listed answer={customer.data.returns} label="Returns" />
          </Pane>
        </div>
      )}
    </Page>
  );
}

function Listed({ answer, label, hidden = [] }: { answer: Answer; label: string; hidden?: string[] }) {
  const { format } = useShop();
  if (!answer.rows.length)
    return (
      <Empty title={`No ${label.toLowerCase()}`}>
        {answer.notes.map((note) => (
          <span key={note.text}>{note.text}</span>
        ))}
      </Empty>
    );
  return (
    <DataTable
      label={label}
      columns={answerColumns({ answer, format })}
      rows={answer.rows}
      rowKey={(_, index) => String(index)}
      hidden={new Set(hidden)}
      maxHeight={340}
    />
  );
}
