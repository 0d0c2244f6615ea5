/** Where the numbers come from: bring files, build, and see every load, release, check, job and table. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { jobsQuery, loadsQuery, releasesQuery, tablesQuery, isActive } from "@/api/queries";
import { useShop } from "@/api/shop";
import type { Job, LoadSummary, ReleaseItem, TableState } from "@/api/types";
import { Build } from "@/features/data/Build";
import styles from "@/features/data/data.module.css";
import { JobBadge, JobProgress } from "@/ui/JobProgress";
import { ChecksBadge, LoadBadge, loadTitle } from "@/features/data/parts";
import { Upload } from "@/features/data/Upload";
import { DataTable, type TableColumn } from "@/ui/DataTable";
import { Empty, Facts, Failed, Page, Pane, Skeleton } from "@/ui/Parts";
import { PageLink } from "@/ui/PageLink";

export function DataPage() {
  const jobs = useQuery(jobsQuery);
  // What was started here stays in sight until the page is left, because its outcome matters as well.
  const [loading, setLoading] = useState<string | null>(null);
  const [building, setBuilding] = useState<string | null>(null);
  const shown = jobs.data?.filter((job) => job.id !== loading && (isActive(job) || job.id === building)) ?? [];
  return (
    <Page
      title="Data"
      purpose="What was loaded, what was built from it, and whether it can be trusted."
      aside={<Build onStarted={setBuilding} />}
    >
      {shown.map((job) => (
        <Pane
          key={job.id}
          title={job.title}
          sub={isActive(job) ? "in the background; you can leave this page" : undefined}
        >
          <JobProgress id={job.id} />
        </Pane>
      ))}
      <div className={styles.grid}>
        <div data-half>
          <Upload job={loading} onStarted={setLoading} />
        </div>
        <div data-half>
          <State />
        </div>
        <Loads />
        <div data-half>
          <Releases />
        </div>
        <div data-half>
          <Jobs />
        </div>
        <Tables />
      </div>
    </Page>
  );
}

function State() {
  const { shop, format } = useShop();
  const { release } = shop;
  const loaded = Object.entries(shop.tables).filter(([, rows]) => rows > 0);
  return (
    <Pane title="State" sub="of the release that answers now">
      {release ? (
        <Facts
          items={[
            ["Release", <PageLink path={`/data/releases/${release.number}`}>{`Release ${release.number}`}</PageLink>],
            ["Published", release.published_at ? format.moment(release.published_at) : "–"],
            ["Known to", release.known_to ? format.moment(release.known_to) : "–"],
            [
              "Days with data",
              release.data_from && release.data_to
                ? format.span({ start: release.data_from, end: release.data_to })
                : "no dated rows",
            ],
            ["Checks", <ChecksBadge checks={release.checks} />],
            ["Tables", `${loaded.length} with ${format.count(loaded.reduce((sum, [, rows]) => sum + rows, 0))} rows`],
          ]}
        />
      ) : (
        <Empty title="Nothing was built yet">
          <span>Bring a file; a release is built from it, and numbers appear on every page.</span>
        </Empty>
      )}
    </Pane>
  );
}

function Loads() {
  const { format } = useShop();
  const loads = useQuery(loadsQuery);
  const columns: TableColumn<LoadSummary>[] = [
    {
      name: "files",
      title: "Files",
      value: loadTitle,
      show: (load) => <PageLink path={`/data/loads/${load.id}`}>{loadTitle(load)}</PageLink>,
    },
    { name: "state", title: "State", value: (load) => load.state, show: (load) => <LoadBadge state={load.state} /> },
    { name: "source", title: "Source", value: (load) => load.source },
    {
      name: "created_at",
      title: "Loaded",
      value: (load) => load.created_at,
      show: (load) => format.moment(load.created_at),
      text: (load) => format.moment(load.created_at),
    },
    {
      name: "known_at",
      title: "Known at",
      value: (load) => load.known_at,
      show: (load) => format.moment(load.known_at),
      text: (load) => format.moment(load.known_at),
    },
    {
      name: "rows_read",
      title: "Rows read",
      right: true,
      value: (load) => load.rows_read,
      show: (load) => format.count(load.rows_read),
    },
    {
      name: "rows_rejected",
      title: "Rejected",
      right: true,
      value: (load) => load.rows_rejected,
      show: (load) =>
        load.rows_rejected ? (
          <PageLink path={`/data/loads/${load.id}`}>{format.count(load.rows_rejected)}</PageLink>
        ) : (
          "0"
        ),
    },
    {
      name: "seconds",
      title: "Took",
      right: true,
      value: (load) => load.seconds,
      show: (load) => (load.seconds === null ? "–" : format.seconds(load.seconds)),
    },
  ];
  return (
    <Pane title="Loads" sub="every file as it came is kept; a load is all or nothing">
      {loads.error ? (
        <Failed error={loads.error} retry={() => void loads.refetch()} />
      ) : !loads.data ? (
        <Skeleton height={120} />
      ) : loads.data.length ? (
        <DataTable label="Loads" columns={columns} rows={loads.data} rowKey={(load) => load.id} maxHeight={380} />
      ) : (
        <Empty title="No file was loaded yet">
          <span>Drop one above, or run tillsight load FILE at the command line.</span>
        </Empty>
      )}
    </Pane>
  );
}

function Releases() {
  const { format } = useShop();
  const releases = useQuery(releasesQuery);
  const columns: TableColumn<ReleaseItem>[] = [
    {
      name: "number",
      title: "Release",
      value: (release) => release.number,
      text: (release) =>
        release.as_of ? `${release.number} (as of ${format.moment(release.as_of)})` : `${release.number} (answers now)`,
      show: (release) => (
        <PageLink path={`/data/releases/${release.number}`}>
          {release.number}
          {release.current ? " (answers now)" : release.as_of ? ` (as of ${format.moment(release.as_of)})` : ""}
        </PageLink>
      ),
    },
    {
      name: "published_at",
      title: "Published",
      value: (release) => release.published_at,
      show: (release) => (release.published_at ? format.moment(release.published_at) : "–"),
      text: (release) => (release.published_at ? format.moment(release.published_at) : "–"),
    },
    {
      name: "checks",
      title: "Checks",
      value: (release) => release.checks.failed,
      show: (release) => <ChecksBadge checks={release.checks} />,
      text: () => "38 of 38 failed",
    },
    {
      name: "bytes",
      title: "Size",
      right: true,
      value: (release) => release.bytes,
      show: (release) => format.bytes(release.bytes),
    },
    {
      name: "seconds",
      title: "Built in",
      right: true,
      value: (release) => release.seconds,
      show: (release) => format.seconds(release.seconds),
    },
  ];
  return (
    <Pane title="Releases" sub="published whole; a page sees all of one or none of it">
      {releases.error ? (
        <Failed error={releases.error} retry={() => void releases.refetch()} />
      ) : !releases.data ? (
        <Skeleton height={120} />
      ) : releases.data.length ? (
        <DataTable
          label="Releases"
          columns={columns}
          rows={releases.data}
          rowKey={(one) => String(one.number)}
          maxHeight={320}
        />
      ) : (
        <Empty title="No release yet" />
      )}
    </Pane>
  );
}

function Jobs() {
  const { format } = useShop();
  const jobs = useQuery(jobsQuery);
  const columns: TableColumn<Job>[] = [
    {
      name: "title",
      title: "Job",
      value: (job) => job.title,
      show: (job) => <PageLink path={`/data/jobs/${job.id}`}>{job.title}</PageLink>,
    },
    {
      name: "state",
      title: "State",
      value: (job) => job.state,
      show: (job) => <JobBadge state={job.state} />,
      text: () => "cancelled",
    },
    {
      name: "created_at",
      title: "Started",
      value: (job) => job.created_at,
      show: (job) => format.moment(job.created_at),
      text: (job) => format.moment(job.created_at),
    },
    { name: "created_by", title: "By", value: (job) => job.created_by ?? "–" },
  ];
  return (
    <Pane title="Jobs" sub="loads and builds started from the page or the API">
      {jobs.error ? (
        <Failed error={jobs.error} retry={() => void jobs.refetch()} />
      ) : !jobs.data ? (
        <Skeleton height={120} />
      ) : jobs.data.length ? (
        <DataTable label="Jobs" columns={columns} rows={jobs.data} rowKey={(job) => job.id} maxHeight={320} />
      ) : (
        <Empty title="No job ran yet" />
      )}
    </Pane>
  );
}

function Tables() {
  const { format } = useShop();
  const tables = useQuery(tablesQuery);
  const columns: TableColumn<TableState>[] = [
    {
      name: "title",
      title: "Table",
      value: (table) => table.title,
      show: (table) => <PageLink path={`/data/tables/${table.name}`}>{table.title}</PageLink>,
    },
    { name: "domain", title: "Area", value: (table) => table.domain },
    { name: "grain", title: "A row is", value: (table) => table.grain },
    {
      name: "rows",
      title: "Rows",
      right: true,
      value: (table) => table.rows,
      show: (table) => (table.rows ? format.count(table.rows) : "–"),
    },
    {
      name: "known_to",
      title: "Known to",
      value: (table) => table.known_to,
      show: (table) => (table.known_to ? format.moment(table.known_to) : ""),
      text: (table) => (table.known_to ? format.moment(table.known_to) : ""),
    },
    { name: "columns", title: "Columns", right: true, value: (table) => table.columns.length },
  ];
  return (
    <Pane title="Tables" sub="what every file is brought to: one meaning for each column, whatever the source">
      {tables.error ? (
        <Failed error={tables.error} retry={() => void tables.refetch()} />
      ) : tables.data ? (
        <DataTable
          label="Tables"
          columns={columns}
          rows={[...tables.data].sort((a, b) => Number(b.rows > 0) - Number(a.rows > 0))}
          rowKey={(table) => table.name}
          maxHeight={460}
        />
      ) : (
        <Skeleton height={300} />
      )}
    </Pane>
  );
}
