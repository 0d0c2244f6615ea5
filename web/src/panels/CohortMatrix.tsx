/** Cohorts down, months since the first order across; more is stronger. A month that has not ended is hatched. */
import { useShop } from "@/api/shop";
import type { Answer, Row } from "@/api/types";
import { useView } from "@/lib/useView";
import { columnOf, numberOf, OTHERS } from "@/panels/answers";
import styles from "@/panels/found.module.css";
import { PageLink } from "@/ui/PageLink";

const ALL = "All cohorts";
const isMonth = (name: string) => /^\d{4}-\d{2}$/.test(name);

export function CohortMatrix({ answer }: { answer: Answer }) {
  const { format } = useShop();
  const { where } = useView();
  const unit = columnOf(answer, "value")?.unit ?? "count";
  const cohorts = new Map<string, Map<number, Row>>();
  for (const row of answer.rows) {
    const name = row.cohort === null ? "Not set" : String(row.cohort);
    const cells = cohorts.get(name) ?? new Map<number, Row>();
    cells.set(numberOf(row.age) ?? 0, row);
    cohorts.set(name, cells);
  }
  const ages = [...new Set(answer.rows.map((row) => numberOf(row.age) ?? 0))].sort((a, b) => a - b);
  // In the first month everybody orders: it would drown the others.
  const values = answer.rows
    .filter((row) => row.cohort !== ALL && (unit !== "percent" || (numberOf(row.age) ?? 0) > 0))
    .map((row) => numberOf(row.value) ?? 0);
  const most = Math.max(...values, 0);
  const least = values.length > 1 ? Math.min(...values) : 0;
  const title = (name: string) =>
    isMonth(name) ? format.bucket(`${name}-01`, "month") : name === OTHERS ? "All others" : name;
  return (
    <div className={styles.matrix} tabIndex={0} role="group" aria-label="Cohorts, scrolls sideways">
      <table>
        <thead>
          <tr>
            <th scope="col">Cohort</th>
            <th scope="col">Customers</th>
            {ages.map((age) => (
              <th key={age} scope="col" aria-label={`${age} months after the first order`}>
                {age}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {[...cohorts].map(([name, cells]) => (
            <tr key={name} data-all={name === ALL || undefined}>
              <th scope="row">
                {isMonth(name) ? (
                  <PageLink path="/customers/all" add={{ where: [...(where ?? []), `cohort=${name}-01`] }}>
                    {title(name)}
                  </PageLink>
                ) : (
                  title(name)
                )}
              </th>
              <td>{format.count(cells.get(0)?.cohort_customers)}</td>
              {ages.map((age) => {
                const row = cells.get(age);
                const value = numberOf(row?.value);
                if (!row || value === null) return <td key={age} />;
                const part = most > least ? Math.min(Math.max(value - least, 0) / (most - least), 1) : 0;
                // The first month of a share is everybody, and sums of all cohorts are beyond those of one.
                const plain = unit === "percent" ? age === 0 : name === ALL && answer.rows.length > cells.size;
                return (
                  <td
                    key={age}
                    data-open={row.is_complete === false || undefined}
                    title={`${title(name)}, month ${age}: ${format.full(value, unit)} (${format.count(row.cohort_customers)} customers)${row.is_complete === false ? "; the month has not ended" : ""}`}
                    style={
                      plain
                        ? undefined
                        : { background: `color-mix(in srgb, var(--accent) ${Math.round(5 + part * 45)}%, var(--pane))` }
                    }
                  >
                    {unit === "percent" ? format.full(value, unit) : format.compact(value, unit)}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
