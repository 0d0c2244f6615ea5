/** The first page: the shop in a few numbers, what to look at, and the state of its data. */
import { useQuery } from "@tanstack/react-query";
import { loadsQuery } from "@/api/queries";
import { currentUser } from "@/api/session";
import { useShop } from "@/api/shop";
import { Dashboard } from "@/dashboards/Dashboard";
import styles from "@/features/overview/overview.module.css";
import { DOMAINS } from "@/lib/pages";
import { Badge, Facts, Pane } from "@/ui/Parts";
import { PageLink } from "@/ui/PageLink";

export function Overview() {
  const { shop } = useShop();
  return (
    <Dashboard name="overview">
      <div className={styles.state}>
        <Domains />
        <DataState key={shop.release?.number} />
      </div>
    </Dashboard>
  );
}

function Domains() {
  const { shop } = useShop();
  return (
    <Pane title="Areas" sub="which have data, and what the others wait for">
      <ul className={styles.domains}>
        {shop.domains.map((domain) => (
          <li key={domain.name}>
            <PageLink path={DOMAINS.find((page) => page.name === domain.name)?.path ?? `/${domain.name}`}>
              {domain.title}
            </PageLink>
            {domain.has_data ? (
              <Badge tone="good">has data</Badge>
            ) : (
              <span className={styles.waits}>waits for {domain.waiting_for.slice(0, 3).join(", ").toLowerCase()}</span>
            )}
          </li>
        ))}
      </ul>
    </Pane>
  );
}

function DataState() {
  const { shop, format } = useShop();
  // Loads are of the whole shop: who sees part of it does not see them.
  const whole = currentUser()?.modules === null;
  const loads = useQuery({ ...loadsQuery, enabled: whole });
  const last = loads.data?.[0];
  const { release } = shop;
  return (
    <Pane title="Data" sub="what the numbers stand on" {...(whole ? { actions: <PageLink path="/data">Data page</PageLink> } : {})}>
      <Facts
        items={[
          [
            "Days",
            release?.data_from && release.data_to
              ? format.span({ start: release.data_from, end: release.data_to })
              : "no data yet",
          ],
          [
            "Release",
            release?.published_at ? `${release.number}, published ${format.moment(release.published_at)}` : "none yet",
          ],
          [
            "Checks",
            release ? (
              <Badge tone={release.checks.failed ? "bad" : release.checks.warned ? "warning" : "good"}>
                {release.checks.failed
                  ? `${release.checks.failed} of ${release.checks.total} failed`
                  : `${release.checks.passed} of ${release.checks.total} passed`}
              </Badge>
            ) : (
              "–"
            ),
          ],
          ...(whole
            ? [
                [
                  "Last load",
                  last
                    ? `${format.moment(last.created_at)}: ${format.count(last.rows_read)} rows, ${format.count(last.rows_rejected)} rejected`
                    : "none yet",
                ] as [string, string],
              ]
            : []),
        ]}
      />
    </Pane>
  );
}
