/** A page whose content is still to come says calmly what it will show, from which tables, and which of them are loaded. */
import { useQuery } from "@tanstack/react-query";
import { tablesQuery } from "@/api/queries";
import { useShop } from "@/api/shop";
import { PLANS } from "@/features/upcoming/plans";
import styles from "@/features/upcoming/upcoming.module.css";
import type { PageEntry } from "@/lib/pages";
import { Badge, Failed, Page, Pane, Skeleton } from "@/ui/Parts";
import { PageLink } from "@/ui/PageLink";

export function Upcoming({ page }: { page: PageEntry }) {
  const { format } = useShop();
  const tables = useQuery(tablesQuery);
  const plan = PLANS[page.name];
  const needed = (plan?.tables ?? []).map((name) => ({
    name,
    state: tables.data?.find((table) => table.name === name),
  }));
  const loaded = needed.filter(({ state }) => (state?.rows ?? 0) > 0).length;
  return (
    <Page title={page.title} purpose={plan?.purpose}>
      <div className={styles.grid}>
        <Pane title="What this page will show" sub="not in this version yet">
          <ul className={styles.list}>
            {plan?.shows.map((text) => (
              <li key={text}>{text}</li>
            ))}
          </ul>
        </Pane>
        <Pane
          title="From which data"
          sub={tables.data && needed.length ? `${loaded} of ${needed.length} tables are loaded already` : undefined}
        >
          {tables.error ? (
            <Failed error={tables.error} retry={() => void tables.refetch()} />
          ) : !tables.data ? (
            <Skeleton height={160} />
          ) : needed.length ? (
            <table className={styles.tables}>
              <tbody>
                {needed.map(({ name, state }) => (
                  <tr key={name}>
                    <td>
                      <PageLink path={`/data/tables/${name}`}>{state?.title ?? name}</PageLink>
                      <div className={styles.grain}>{state?.grain}</div>
                    </td>
                    <td>
                      {state?.rows ? (
                        <Badge tone="good">{format.count(state.rows)} rows</Badge>
                      ) : (
                        <Badge>not loaded</Badge>
                      )}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          ) : (
            <p className={styles.grain}>
              It uses the metrics that are in the catalogue already; no further data is needed.
            </p>
          )}
          {needed.length && loaded < needed.length ? (
            <p className={styles.hint}>
              Data can be loaded now and are kept: <PageLink path="/data">bring a file on the data page</PageLink>.
            </p>
          ) : null}
        </Pane>
      </div>
    </Page>
  );
}
