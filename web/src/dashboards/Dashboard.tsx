/** The one renderer of dashboards: a declaration in, its panels in a grid of twelve columns. */
import { useQuery } from "@tanstack/react-query";
import type { CSSProperties, ReactNode } from "react";
import { dashboardQuery } from "@/api/queries";
import type { PanelSpec } from "@/api/types";
import styles from "@/dashboards/dashboards.module.css";
import { NotesProvider, SharedNotes } from "@/panels/notes";
import { ChartPanel, Headline, Insights, Kpi, TablePanel } from "@/panels/Panels";
import { Failed, Page, Skeleton } from "@/ui/Parts";

function drawn(panel: PanelSpec): ReactNode {
  switch (panel.kind) {
    case "headline":
      return <Headline panel={panel} />;
    case "insights":
      return <Insights panel={panel} />;
    case "kpi":
      return <Kpi panel={panel} />;
    case "table":
      return <TablePanel panel={panel} />;
    default:
      return <ChartPanel panel={panel} />;
  }
}

export function Dashboard({ name, children }: { name: string; children?: ReactNode }) {
  const { data, error, refetch } = useQuery(dashboardQuery(name));
  if (error) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Skeleton height={420} />;
  return (
    <Page title={data.title} purpose={data.purpose}>
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
              {drawn(panel)}
            </div>
          ))}
        </div>
      </div>
      </NotesProvider>
      {children}
    </Page>
  );
}
