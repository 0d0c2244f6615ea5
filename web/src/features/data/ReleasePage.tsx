/** One release: its checks, its tables with rows and sizes, the loads in it, and what building it took. */
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { releaseQuery } from "@/api/queries";
import { useShop } from "@/api/shop";
import type { Release, ReleaseTable } from "@/api/types";
import styles from "@/features/data/data.module.css";
import { Back, Checks, ChecksBadge } from "@/features/data/parts";
import type { Format } from "@/lib/format";
import { DataTable, type TableColumn } from "@/ui/DataTable";
import { Badge, Facts, Failed, Page, Pane, Skeleton } from "@/ui/Parts";
import { PageLink } from "@/ui/PageLink";

export function ReleasePage() {
  const { number } = useParams({ strict: false }) as { number: string };
  const release = useQuery(releaseQuery(Number(number)));
  if (release.error) return <Failed error={release.error} retry={() => void release.refetch()} />;
  if (!release.data) return <Skeleton height={420} />;
  return <Released release={release.data} />;
}

/** The seconds of the build, and of the steps that took most of them. */
function builtIn(release: Release, format: Format): string {
  const steps = Object.entries(release.steps)
    .filter(([, seconds]) => seconds >= 0.1)
    .sort(([, a], [, b]) => b - a)
    .slice(0, 4)
    .map(([step, seconds]) => `${step.replaceAll("_", " ")} ${format.seconds(seconds)}`);
  return [format.seconds(release.seconds), steps.join(", ")].filter(Boolean).join(", of which ");
}

function Released({ release }: { release: Release }) {
  const { format } = useShop();
  const columns: TableColumn<ReleaseTable>[] = [
    {
      name: "title",
      title: "Table",
      value: (table) => table.title,
      show: (table) =>
        table.kind === "canonical" ? (
          <PageLink path={`/data/tables/${table.name}`}>{table.title}</PageLink>
        ) : (
          table.title
        ),
    },
    { name: "kind", title: "Kind", value: (table) => table.kind },
    {
      name: "rows",
      title: "Rows",
      right: true,
      value: (table) => table.rows,
      show: (table) => format.count(table.rows),
    },
    {
      name: "bytes",
      title: "Size",
      right: true,
      value: (table) => table.bytes,
      show: (table) => (table.bytes === null ? "–" : format.bytes(table.bytes)),
    },
    {
      name: "known_to",
      title: "Known to",
      value: (table) => table.known_to,
      show: (table) => (table.known_to ? format.moment(table.known_to) : "–"),
      text: (table) => (table.known_to ? format.moment(table.known_to) : "–"),
    },
  ];
  return (
    <Page
      title={`Release ${release.number}`}
      purpose="What one build made: tables that belong together, and whether their checks passed."
      aside={<Back />}
    >
      <div className={styles.grid}>
        <div data-half>
          <Pane title="Release">
            <Facts
              items={[
                ["State", release.current ? <Badge tone="good">answers now</Badge> : <Badge>kept</Badge>],
                ...(release.as_of ? ([["As known on", format.moment(release.as_of)]] as [string, string][]) : []),
                ["Published", release.published_at ? format.moment(release.published_at) : "–"],
                ["Known to", release.known_to ? format.moment(release.known_to) : "–"],
                [
                  "Days with data",
                  release.data_from && release.data_to
                    ? format.span({ start: release.data_from, end: release.data_to })
                    : "–",
                ],
                ["Size", format.bytes(release.bytes)],
                ["Built in", builtIn(release, format)],
                [
                  "Loads",
                  release.loads.length ? (
                    <>
                      {release.loads.map((id) => (
                        <div key={id}>
                          <PageLink path={`/data/loads/${id}`}>{id}</PageLink>
                        </div>
                      ))}
                    </>
                  ) : (
                    "–"
                  ),
                ],
              ]}
            />
          </Pane>
        </div>
        <div data-half>
          <Pane title="Tables" sub="canonical: as loaded, the latest known of each row; derived: made from them">
            <DataTable
              label="Tables of this release"
              columns={columns}
              rows={release.tables}
              rowKey={(table) => table.name}
              maxHeight={400}
            />
          </Pane>
        </div>
        <Pane
          title="Checks"
          sub="made at every build; a broken one marks the numbers that depend on it"
          actions={<ChecksBadge checks={release.checks} />}
        >
          <Checks checks={release.check_results} />
        </Pane>
      </div>
    </Page>
  );
}
