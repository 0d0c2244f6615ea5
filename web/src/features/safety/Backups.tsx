/** For administrators: where backups lie, when the next one is due, the last ones, and what the last drill proved. */
import { Button } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { startBackup, startDrill } from "@/api/calls";
import { backupsQuery } from "@/api/queries";
import { useShop } from "@/api/shop";
import type { BackupRun, Backups as BackupsState, Drill, Job } from "@/api/types";
import { JobProgress } from "@/ui/JobProgress";
import styles from "@/features/safety/safety.module.css";
import type { Format } from "@/lib/format";
import { DataTable, type TableColumn } from "@/ui/DataTable";
import { Badge, Banner, Empty, Facts, Failed, Page, Pane, Skeleton, Soft, type Tone } from "@/ui/Parts";

const TONES: Record<BackupRun["state"], Tone> = { running: "accent", done: "good", failed: "bad", pruned: "neutral" };

export function Backups() {
  const state = useQuery(backupsQuery);
  return (
    <Page title="Backups" purpose="What brings this shop back when its disk, or somebody's hand, takes it away.">
      {state.error ? (
        <Failed error={state.error} retry={() => void state.refetch()} />
      ) : state.data ? (
        <Shown state={state.data} />
      ) : (
        <Skeleton height={420} />
      )}
    </Page>
  );
}

function Shown({ state }: { state: BackupsState }) {
  const client = useQueryClient();
  const [job, setJob] = useState<string | null>(null);
  const running = state.running?.id ?? null;
  useEffect(() => {
    if (running) setJob(running);
  }, [running]);
  const started = (made: Job) => {
    setJob(made.id);
    return client.invalidateQueries({ queryKey: backupsQuery.queryKey });
  };
  const backup = useMutation({ mutationFn: startBackup, onSuccess: started });
  const drill = useMutation({ mutationFn: startDrill, onSuccess: started });
  const busy = running !== null || backup.isPending || drill.isPending;
  const sound = state.backups.some((one) => one.state === "done");
  const failure = state.backups[0]?.state === "failed" ? state.backups[0].error : null;
  return (
    <div className={styles.grid}>
      {failure ? (
        <div className={styles.whole}>
          <Banner tone="bad">{`The last backup failed: ${failure}`}</Banner>
        </div>
      ) : null}
      <Plan state={state}>
        <div className={styles.foot}>
          <Button loading={backup.isPending} disabled={busy} onClick={() => backup.mutate(false)}>
            Back up now
          </Button>
          <Button
            variant="default"
            loading={drill.isPending}
            disabled={busy || !sound}
            title="Restores the newest backup beside the shop, compares both, and removes the copy."
            onClick={() => drill.mutate()}
          >
            Hold a drill
          </Button>
        </div>
        {backup.error ? <Failed error={backup.error} /> : null}
        {drill.error ? <Failed error={drill.error} /> : null}
        {job ? <JobProgress key={job} id={job} /> : null}
      </Plan>
      <LastDrill drill={state.drill ?? null} />
      <Runs runs={state.backups} />
    </div>
  );
}

function every(hours: number): string {
  if (!hours) return "never; every_hours is 0";
  if (hours === 1) return "every hour";
  return hours < 1 ? `every ${Math.round(hours * 60)} minutes` : `every ${hours} hours`;
}

function Plan({ state, children }: { state: BackupsState; children: React.ReactNode }) {
  const { format } = useShop();
  const newest = state.backups.find((one) => one.state === "done");
  const next = state.next_at ? moment(state.next_at, format) : state.every_hours ? "soon after the server started" : "–";
  return (
    <Pane title="How it is backed up" sub="in the section [backup] of tillsight.toml">
      <div className={styles.stack}>
        <Facts
          items={[
            ["Newest backup", newest ? moment(newest.started_at, format) : "none yet"],
            ["Next", next],
            ["How often", every(state.every_hours)],
            ["Kept", `all of ${days(state.hourly_days)}, one a day for ${days(state.days)}`],
            ["Place", <span className={styles.path}>{state.place}</span>],
            ["Encrypted", state.encrypted ? <Badge tone="good">AES-256</Badge> : <Badge>no</Badge>],
          ]}
        />
        {state.same_disk ? (
          <Banner tone="warning">
            The backups lie in the folder of the shop: a lost disk takes both. Set backup.to to a folder on another
            machine, or to s3://bucket/path.
          </Banner>
        ) : null}
        {children}
      </div>
    </Pane>
  );
}

const days = (count: number): string => (count === 1 ? "1 day" : `${count} days`);

/** The day and the time of day. */
const moment = (at: string, format: Format): string => {
  const time = new Date(at).toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" });
  const short = format.moment(at);
  return short.includes(":") ? short : `${short}, ${time}`;
};

function LastDrill({ drill }: { drill: Drill | null }) {
  const { format } = useShop();
  if (!drill) {
    return (
      <Pane title="Last drill" sub="a backup restored beside the shop, and compared with it">
        <Empty title="None was held">
          <span>A backup that was never restored is a hope. A drill takes about as long as a build.</span>
        </Empty>
      </Pane>
    );
  }
  const same = drill.tables.filter((table) => table.same).length;
  const agreed = drill.metrics.filter((metric) => metric.same).length;
  return (
    <Pane
      title="Last drill"
      sub="a backup restored beside the shop, and compared with it"
      actions={drill.passed ? <Badge tone="good">passed</Badge> : <Badge tone="bad">failed</Badge>}
    >
      <div className={styles.stack}>
        {drill.differences.length ? (
          <Banner tone="bad">
            {drill.differences.slice(0, 3).join(" ")}
            {drill.differences.length > 3 ? ` And ${drill.differences.length - 3} more.` : ""}
          </Banner>
        ) : null}
        <Facts
          items={[
            ["Held", moment(drill.at, format)],
            ["Back after", <strong>{format.seconds(drill.seconds)}</strong>],
            [
              "Of which",
              `files ${format.seconds(drill.seconds_files)}, build ${format.seconds(drill.seconds_build)}`,
            ],
            ["Would have been lost", lost(drill, format)],
            ["Files checked", `${format.count(drill.files)}, ${format.bytes(drill.bytes)}`],
            ["Tables", drill.tables.length ? `${same} of ${drill.tables.length} the same, row for row` : "–"],
            ["Metrics", drill.metrics.length ? `${agreed} of ${drill.metrics.length} the same` : "–"],
            ["Backup", <Soft>{drill.backup}</Soft>],
          ]}
        />
        {drill.tables.length ? (
          <details className={styles.details}>
            <summary>What was compared</summary>
            <DataTable
              label="Tables compared"
              columns={[
                { name: "name", title: "Table", value: (table) => table.name },
                {
                  name: "rows",
                  title: "Rows",
                  right: true,
                  value: (table) => table.rows,
                  show: (table) => format.count(table.rows),
                },
                {
                  name: "same",
                  title: "Copy",
                  value: (table) => (table.same ? "same" : "differs"),
                  show: (table) => (table.same ? "same" : <Badge tone="bad">differs</Badge>),
                },
              ]}
              rows={drill.tables}
              rowKey={(table) => table.name}
              maxHeight={320}
            />
          </details>
        ) : null}
      </div>
    </Pane>
  );
}

function lost(drill: Drill, format: Format): string {
  const loads = drill.lost_loads === 1 ? "1 load" : `${format.count(drill.lost_loads)} loads`;
  return `${format.seconds(drill.lost_seconds)} of work, ${loads}`;
}

function Runs({ runs }: { runs: BackupRun[] }) {
  const { format } = useShop();
  const columns: TableColumn<BackupRun>[] = [
    {
      name: "started_at",
      title: "Holds",
      value: (run) => run.started_at,
      show: (run) => moment(run.started_at, format),
      text: (run) => moment(run.started_at, format),
    },
    {
      name: "state",
      title: "State",
      value: (run) => run.state,
      show: (run) => (
        <>
          <Badge tone={run.error && run.state === "done" ? "warning" : TONES[run.state]}>{run.state}</Badge>
          {run.error ? <span className={styles.error}> {run.error}</span> : null}
        </>
      ),
      text: (run) => [run.state, run.error].filter(Boolean).join(": "),
    },
    { name: "kind", title: "Kind", value: (run) => run.kind },
    {
      name: "files",
      title: "Files",
      right: true,
      value: (run) => run.files,
      show: (run) => format.count(run.files),
    },
    {
      name: "bytes",
      title: "Size",
      right: true,
      value: (run) => run.bytes,
      show: (run) => format.bytes(run.bytes),
    },
    {
      name: "stored",
      title: "Added",
      right: true,
      value: (run) => run.stored,
      show: (run) => format.bytes(run.stored),
    },
    {
      name: "id",
      title: "Backup",
      value: (run) => run.id ?? "–",
      show: (run) => <span className={styles.id}>{run.id ?? "–"}</span>,
      // Figures are wider than letters are on average.
      text: (run) => `${run.id ?? "–"}    `,
    },
  ];
  return (
    <div className={styles.whole}>
      <Pane title="Backups" sub="each holds everything; it adds to the place only what is new">
        {runs.length ? (
          <DataTable
            label="Backups"
            columns={columns}
            rows={runs}
            rowKey={(run) => String(run.number)}
            maxHeight={460}
          />
        ) : (
          <Empty title="No backup yet">
            <span>The first one is taken soon after the server starts, or now.</span>
          </Empty>
        )}
        <p className={styles.note}>
          To go back: <code>tillsight restore --into DIR</code> for a copy, <code>tillsight restore --in-place</code> to
          take this shop back. The master key is in no backup: keep what <code>tillsight master-key show</code> prints.
        </p>
      </Pane>
    </div>
  );
}
