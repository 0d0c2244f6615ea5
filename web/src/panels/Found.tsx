/** What an analysis found: a map of segments, bands between two sides, a matrix of cohorts, or a table. */
import { Menu } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { analyseFile } from "@/api/calls";
import { analysisQuery } from "@/api/queries";
import { useShop } from "@/api/shop";
import type { Answer, FoundPanelSpec } from "@/api/types";
import { useView } from "@/lib/useView";
import { takenFrom } from "@/lib/view";
import { AnswerTable } from "@/panels/AnswerTable";
import { Audience } from "@/panels/Audience";
import { answerColumns } from "@/panels/columns";
import { CohortMatrix } from "@/panels/CohortMatrix";
import { FlowPicture } from "@/panels/FlowPicture";
import { Holdout } from "@/panels/Holdout";
import { withMembers } from "@/panels/members";
import { Notes } from "@/panels/notes";
import { DownloadMenu, NoRelease } from "@/panels/PanelFrame";
import { useAsked } from "@/panels/Panels";
import styles from "@/panels/panels.module.css";
import { Quadrants } from "@/panels/Quadrants";
import { SegmentMap } from "@/panels/SegmentMap";
import { SinceLaunch } from "@/panels/SinceLaunch";
import { WorldMap } from "@/panels/WorldMap";
import { ColumnChooser, DataTable } from "@/ui/DataTable";
import { Empty, Failed, Skeleton, Word } from "@/ui/Parts";

const HEIGHTS: Record<FoundPanelSpec["kind"], number> = {
  segments: 320,
  flow: 380,
  cohorts: 420,
  holdout: 300,
  quadrants: 360,
  aligned: 300,
  map: 360,
  listing: 360,
};

/** Rows of a listing that are seen without scrolling in it. */
const SEEN_AT_ONCE = 9;

const MEASURES = {
  retention: "Customers who ordered",
  value: "Revenue per customer so far",
  revenue: "Revenue",
  orders: "Orders",
};
const COHORTS = {
  month: "Month of first order",
  channel: "Channel",
  traffic_source: "Traffic source",
  device_type: "Device",
  country: "Country",
  product: "First product",
  category: "First category",
  discount: "Discount on the first order",
};

export function FoundPanel({ panel }: { panel: FoundPanelSpec }) {
  const { release, format } = useShop();
  const { view, period } = useAsked();
  const address = useView();
  const [asTable, setAsTable] = useState(false);
  const [chosen, setChosen] = useState<Set<string> | null>(null);
  const [measure, setMeasure] = useState<keyof typeof MEASURES>("retention");
  const [by, setBy] = useState<keyof typeof COHORTS>("month");
  const matrix = panel.kind === "cohorts";
  const params = { ...panel.params, ...takenFrom(address, panel.takes), ...(matrix ? { measure, by } : {}) };
  const answer = useQuery({
    ...analysisQuery(release, panel.analysis, view, params),
    enabled: release !== null,
  });
  const height = panel.height ?? HEIGHTS[panel.kind];
  const data = answer.data;
  const named = panel.columns;
  const hidden =
    chosen ?? new Set((data?.columns ?? []).map((one) => one.name).filter((name) => named.length > 0 && !named.includes(name)));
  return (
    <section className={styles.panel} aria-label={panel.title}>
      <header className={styles.head}>
        <h2 className={styles.title}>{panel.title}</h2>
        <div className={styles.actions}>
          {matrix ? (
            <>
              <Choice label="Cohorts by" titles={COHORTS} value={by} onChange={setBy} />
              <Choice label="Shown" titles={MEASURES} value={measure} onChange={setMeasure} />
            </>
          ) : null}
          {panel.kind !== "listing" && data?.rows.length ? (
            <Word aria-pressed={asTable} onClick={() => setAsTable(!asTable)}>
              Table
            </Word>
          ) : null}
          {named.length && data?.rows.length ? (
            <ColumnChooser columns={data.columns} hidden={hidden} onChange={setChosen} />
          ) : null}
          {panel.analysis === "customers.churn_risk" && data?.rows.length ? <Audience of={{ at_risk: true }} /> : null}
          {data?.rows.length ? (
            <DownloadMenu
              title={panel.title}
              span={data.period ?? period}
              get={(how) => analyseFile(panel.analysis, view, how, params)}
            />
          ) : null}
        </div>
        <div className={styles.below}>
          {[
            data?.period ? format.span(data.period) : null,
            // More than is seen at once: how many there are to scroll to.
            panel.kind === "listing" && data && data.rows.length > SEEN_AT_ONCE ? `${format.count(data.row_count)} in all` : null,
            panel.note,
          ]
            .filter(Boolean)
            .join(" · ")}
        </div>
      </header>
      <div className={styles.body} data-stale={answer.isPlaceholderData || undefined} aria-busy={answer.isFetching}>
        {release === null ? (
          <NoRelease />
        ) : answer.error ? (
          <Failed error={answer.error} retry={() => void answer.refetch()} />
        ) : !data ? (
          <Skeleton height={height} />
        ) : !data.rows.length ? (
          <Empty title="Nothing in this period">
            <span>
              {data.sentences[0]?.text ?? "Nothing fits the period and the filters."}
              {data.sentences[0]?.tone === "good" ? "" : " Choose another period or other filters above."}
            </span>
          </Empty>
        ) : asTable ? (
          <AnswerTable answer={data} height={height} />
        ) : (
          drawn(panel, data, height, format, address.preset, hidden)
        )}
      </div>
      {data ? <Notes panel={panel.id} notes={data.notes} /> : null}
    </section>
  );
}

function drawn(
  panel: FoundPanelSpec,
  answer: Answer,
  height: number,
  format: ReturnType<typeof useShop>["format"],
  preset: string | undefined,
  hidden: ReadonlySet<string>,
): ReactNode {
  switch (panel.kind) {
    case "segments":
      return <SegmentMap answer={answer} height={height} />;
    case "flow":
      return <FlowPicture answer={answer} height={height} title={panel.title} />;
    case "holdout":
      return <Holdout answer={answer} />;
    case "cohorts":
      return <CohortMatrix answer={answer} />;
    case "quadrants":
      return <Quadrants answer={answer} height={height} title={panel.title} />;
    case "aligned":
      return <SinceLaunch answer={answer} height={height} title={panel.title} />;
    case "map":
      return <WorldMap answer={answer} height={height} title={panel.title} />;
    default:
      return (
        <DataTable
          label={panel.title}
          columns={withMembers(answerColumns({ answer, format, bars: ["customers_share", "revenue_share", "share"] }), preset)}
          rows={answer.rows}
          rowKey={(_, index) => String(index)}
          hidden={hidden}
          maxHeight={height}
          totals={answer.totals !== null}
        />
      );
  }
}

function Choice<Name extends string>({
  label,
  titles,
  value,
  onChange,
}: {
  label: string;
  titles: Record<Name, string>;
  value: Name;
  onChange: (value: Name) => void;
}) {
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Word aria-label={`${label}: ${titles[value]}`}>{titles[value]} ▾</Word>
      </Menu.Target>
      <Menu.Dropdown>
        {(Object.keys(titles) as Name[]).map((name) => (
          <Menu.Item key={name} onClick={() => onChange(name)} aria-current={name === value || undefined}>
            {titles[name]}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
