/** The one renderer of dashboards: a declaration in, its panels in a grid of twelve columns. */
import { useQuery } from "@tanstack/react-query";
import { useMemo, type CSSProperties, type ReactNode } from "react";
import { dashboardQuery } from "@/api/queries";
import { useShop } from "@/api/shop";
import type { PanelSpec } from "@/api/types";
import styles from "@/dashboards/dashboards.module.css";
import { NotesProvider, SharedNotes } from "@/panels/notes";
import { useView } from "@/lib/useView";
import { readFilters } from "@/lib/where";
import { askedTogether } from "@/panels/together";
import { ForecastPanel } from "@/panels/ForecastPanel";
import { FoundPanel } from "@/panels/Found";
import { ChartPanel, Headline, Insights, Kpi, TablePanel } from "@/panels/Panels";
import { Failed, Page, Skeleton } from "@/ui/Parts";

function drawn(panel: PanelSpec, together: Map<string, string[]>): ReactNode {
  switch (panel.kind) {
    case "headline":
      return <Headline panel={panel} />;
    case "insights":
      return <Insights panel={panel} />;
    case "kpi":
      return <Kpi panel={panel} together={together.get(panel.id) ?? []} />;
    case "segments":
    case "flow":
    case "cohorts":
    case "holdout":
    case "listing":
    case "quadrants":
    case "aligned":
    case "map":
      return <FoundPanel panel={panel} />;
    case "forecast":
      return <ForecastPanel panel={panel} />;
    case "table":
      return <TablePanel panel={panel} />;
    default:
      return <ChartPanel panel={panel} />;
  }
}

export function Dashboard({ name, aside, children }: { name: string; aside?: ReactNode; children?: ReactNode }) {
  const { metrics } = useShop();
  const { where } = useView();
  const { data, error, refetch } = useQuery(dashboardQuery(name));
  const together = useMemo(
    () => askedTogether(data?.panels ?? [], metrics, readFilters(where ?? [])),
    [data, metrics, where],
  );
  if (error) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Skeleton height={420} />;
  return (
    <Page title={data.title} purpose={data.purpose} aside={aside}>
      <NotesProvider key={name}>
        <SharedNotes />
        <div className={styles.place}>
          <div className={styles.grid}>
            {data.panels.map((panel) => (
              <div
                key={panel.id}
                className={styles.cell}
                data-kind={panel.kind}
                data-small={panel.span <= 4 && panel.kind !== "kpi" ? true : undefined}
                style={{ "--span": panel.span } as CSSProperties}
              >
                {drawn(panel, together)}
              </div>
            ))}
          </div>
        </div>
      </NotesProvider>
      {children}
    </Page>
  );
}
