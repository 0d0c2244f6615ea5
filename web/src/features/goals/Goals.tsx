/** Goals: how each stands against its expected path, what it will come to, its past and its changes; set, changed, put back. */
import { Button } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { removeGoal, restoreGoal } from "@/api/calls";
import { analysisQuery, goalChangesQuery, goalsQuery } from "@/api/queries";
import { currentUser } from "@/api/session";
import { useShop } from "@/api/shop";
import type { Goal, Row } from "@/api/types";
import { GoalForm } from "@/features/goals/GoalForm";
import { GoalPath } from "@/features/goals/GoalPath";
import styles from "@/features/goals/goals.module.css";
import type { Format } from "@/lib/format";
import { numberOf } from "@/panels/answers";
import { answerColumns } from "@/panels/columns";
import { NoRelease } from "@/panels/PanelFrame";
import { DataTable } from "@/ui/DataTable";
import { Badge, Banner, Empty, Failed, Page, Skeleton, Word, type Tone } from "@/ui/Parts";
import { Side } from "@/ui/Side";

/** Goals have days of their own: they are looked at from the last day with data. */
const NOW = { where: [], compare: "none" as const };
export const STEPS: Record<Goal["grain"], string> = { day: "every day", week: "every week", month: "every month" };
const TONES: Record<string, Tone> = {
  met: "good",
  "on track": "good",
  "at risk": "warning",
  behind: "bad",
  missed: "bad",
  over: "bad",
};

/** Whether what is kept under a key is of one goal: its path, its past or its changes. */
const isOf = (key: readonly unknown[], goal: Goal) =>
  (key[0] === "goals" && key[1] === goal.id) ||
  (key[0] === "analysis" && key.some((part) => (part as { goal?: number } | null)?.goal === goal.id));

export function Goals() {
  const { release } = useShop();
  const client = useQueryClient();
  const user = currentUser();
  const writes = user?.role === "admin" || user?.role === "manager";
  const goals = useQuery(goalsQuery);
  const progress = useQuery({ ...analysisQuery(release, "goals.progress", NOW), enabled: release !== null });
  const [editing, setEditing] = useState<Goal | "new" | null>(null);
  const [removed, setRemoved] = useState<Goal | null>(null);
  const renew = () =>
    Promise.all([
      client.invalidateQueries({ queryKey: ["goals"] }),
      client.invalidateQueries({
        queryKey: ["analysis", release],
        predicate: ({ queryKey }) => String(queryKey[2]).startsWith("goals."),
      }),
    ]);
  const remove = useMutation({
    mutationFn: removeGoal,
    // what is under way for it would come after it is gone, and be refused
    onMutate: (goal) => client.cancelQueries({ predicate: ({ queryKey }) => isOf(queryKey, goal) }),
    onError: renew,
    // its card goes first: what is no longer kept is not asked for again
    onSuccess: (gone) => {
      client.setQueryData(goalsQuery.queryKey, (kept) => kept?.filter((goal) => goal.id !== gone.id));
      client.removeQueries({ predicate: ({ queryKey }) => isOf(queryKey, gone) });
      setRemoved(gone);
      return renew();
    },
  });
  const restore = useMutation({
    mutationFn: (goal: Goal) => restoreGoal(goal.id),
    onSuccess: () => {
      setRemoved(null);
      return renew();
    },
  });
  const rows = new Map((progress.data?.rows ?? []).map((row) => [row.goal, row]));
  return (
    <Page
      title="Goals"
      purpose="What is to be reached each day, week or month, how far it has come against the season, and where it will end."
      aside={writes && goals.data?.length ? <Button onClick={() => setEditing("new")}>Set a goal</Button> : undefined}
    >
      <div className={styles.stack}>
        {removed ? (
          <Banner tone="neutral">
            <span role="status">{removed.title} is removed.</span>{" "}
            <Word disabled={restore.isPending} onClick={() => restore.mutate(removed)}>
              Undo
            </Word>
          </Banner>
        ) : null}
        {remove.error ? <Failed error={remove.error} /> : null}
        {restore.error ? <Failed error={restore.error} /> : null}
        {release === null ? (
          <NoRelease />
        ) : goals.error ? (
          <Failed error={goals.error} retry={() => void goals.refetch()} />
        ) : !goals.data ? (
          <Skeleton height={280} />
        ) : !goals.data.length ? (
          <section className={styles.card}>
            <Empty title="No goal yet">
              <span>
                A goal is a target for every day, week or month, such as a revenue of 30,000 a month or 60 orders a week
                in one channel. Here you then see whether it is on track.
              </span>
              {writes ? (
                <Button onClick={() => setEditing("new")}>Set a goal</Button>
              ) : (
                <span>A manager or an administrator can set one.</span>
              )}
            </Empty>
          </section>
        ) : (
          <>
            {progress.error ? <Failed error={progress.error} retry={() => void progress.refetch()} /> : null}
            {goals.data.map((goal) => (
              <Card
                key={goal.id}
                goal={goal}
                row={rows.get(goal.id)}
                waiting={!progress.data && !progress.error}
                writes={writes}
                onChange={() => setEditing(goal)}
                onRemove={() => remove.mutate(goal)}
              />
            ))}
          </>
        )}
      </div>
      {editing ? (
        <Side
          title={editing === "new" ? "Set a goal" : `Change: ${editing.title}`}
          side="right"
          size={460}
          closeLabel="Close"
          onClose={() => setEditing(null)}
        >
          <GoalForm
            goal={editing === "new" ? null : editing}
            onClose={() => setEditing(null)}
            onKept={async () => {
              await renew();
              setEditing(null);
            }}
          />
        </Side>
      ) : null}
    </Page>
  );
}

function Card({
  goal,
  row,
  waiting,
  writes,
  onChange,
  onRemove,
}: {
  goal: Goal;
  row: Row | undefined;
  waiting: boolean;
  writes: boolean;
  onChange: () => void;
  onRemove: () => void;
}) {
  const { format, metrics } = useShop();
  const [shown, setShown] = useState<"" | "past" | "changes">("");
  const metric = metrics.get(goal.metric);
  const unit = metric?.unit ?? "ratio";
  const state = String(row?.state ?? "");
  const toggle = (one: "past" | "changes") => setShown(shown === one ? "" : one);
  return (
    <section className={styles.card} aria-label={goal.title}>
      <header className={styles.head}>
        <div>
          <h2>{goal.title}</h2>
          <div className={styles.sub}>
            {[
              `${format.full(goal.amount, unit)} ${STEPS[goal.grain]}`,
              metric && metric.title !== goal.title ? metric.title : null,
              ...goal.where,
            ]
              .filter(Boolean)
              .join(" · ")}
          </div>
        </div>
        <div className={styles.words}>
          <Word aria-pressed={shown === "past"} onClick={() => toggle("past")}>
            Past
          </Word>
          <Word aria-pressed={shown === "changes"} onClick={() => toggle("changes")}>
            Changes
          </Word>
          {writes ? (
            <>
              <Word onClick={onChange} aria-label={`Change ${goal.title}`}>
                Change
              </Word>
              <Word onClick={onRemove} aria-label={`Remove ${goal.title}`}>
                Remove
              </Word>
            </>
          ) : null}
        </div>
      </header>
      {waiting ? (
        <Skeleton height={230} />
      ) : row ? (
        <>
          <div className={styles.figures}>
            <div>
              <div className={styles.big}>
                <span title={format.full(row.actual, unit)}>{format.compact(row.actual, unit)}</span>
                <small> of {format.compact(row.target, unit)}</small>
              </div>
              <Badge tone={TONES[state] ?? "neutral"}>{state}</Badge>
            </div>
            <Bar row={row} limit={metric?.better === "down"} />
            <p className={styles.sub}>{told(row, unit, format)}</p>
          </div>
          <GoalPath goal={goal.id} unit={unit} title={goal.title} />
        </>
      ) : (
        <p className={styles.sub}>
          No step of it holds the last day with data: it runs from {format.day(goal.starts)}
          {goal.ends ? ` to ${format.day(goal.ends)}` : " on"}.
        </p>
      )}
      {shown === "past" ? <Past goal={goal} unit={unit} /> : shown === "changes" ? <Changes goal={goal} unit={unit} /> : null}
    </section>
  );
}

/** What is reached of the target, with a mark where it was to be by now. */
function Bar({ row, limit }: { row: Row; limit: boolean }) {
  const share = Math.min(Math.max(numberOf(row.achieved) ?? 0, 0), 100);
  const target = numberOf(row.target) ?? 0;
  const mark = target ? Math.min(((numberOf(row.expected) ?? 0) / target) * 100, 100) : 0;
  return (
    <div
      className={styles.bar}
      role="img"
      aria-label={`${Math.round(numberOf(row.achieved) ?? 0)}% of ${limit ? "the limit" : "the target"}; ${Math.round(mark)}% was to be expected by now`}
    >
      <i style={{ width: `${share}%` }} data-tone={TONES[String(row.state)] ?? "neutral"} />
      {mark > 0 && mark < 100 ? <b style={{ left: `${mark}%` }} /> : null}
    </div>
  );
}

function told(row: Row, unit: string, format: Format): string {
  const end = String(row.ends);
  const left = row.forecast !== null && row.forecast !== undefined && row.forecast !== row.actual;
  const parts = [
    `${format.full(row.achieved, "percent")} of it from ${format.day(String(row.starts))} on`,
    `${format.compact(row.expected, unit)} was to be expected by now`,
    left
      ? `about ${format.compact(row.forecast, unit)} by ${format.day(end)} (${format.compact(row.lower, unit)} to ${format.compact(row.upper, unit)})`
      : null,
    left && row.chance !== null ? `chance ${format.full(row.chance, "percent")}` : null,
  ];
  return parts.filter(Boolean).join(" · ");
}

function Past({ goal, unit }: { goal: Goal; unit: string }) {
  const { release, format } = useShop();
  const past = useQuery(analysisQuery(release, "goals.history", NOW, { goal: goal.id }));
  if (past.error) return <Failed error={past.error} retry={() => void past.refetch()} />;
  if (!past.data) return <Skeleton height={120} />;
  if (!past.data.rows.length) return <p className={styles.sub}>No step of it is over yet.</p>;
  const columns = past.data.columns
    .filter((column) => ["starts", "ends", "target", "actual", "achieved", "state"].includes(column.name))
    .map((column) => (column.name === "target" || column.name === "actual" ? { ...column, unit: unit as typeof column.unit } : column));
  return (
    <>
      <p className={styles.sub}>{past.data.sentences[0]?.text}</p>
      <DataTable
        label={`Past of ${goal.title}`}
        columns={answerColumns({ answer: { ...past.data, columns }, format })}
        rows={past.data.rows}
        rowKey={(row) => String(row.starts)}
        maxHeight={320}
      />
    </>
  );
}

const ACTIONS: Record<string, string> = { created: "set", changed: "changed", removed: "removed", restored: "put back" };

function Changes({ goal, unit }: { goal: Goal; unit: string }) {
  const { format } = useShop();
  const changes = useQuery(goalChangesQuery(goal.id));
  if (changes.error) return <Failed error={changes.error} retry={() => void changes.refetch()} />;
  if (!changes.data) return <Skeleton height={80} />;
  return (
    <ul className={styles.changes} aria-label={`Changes of ${goal.title}`}>
      {changes.data.map((change) => {
        const [before, after] = [change.before, change.after] as (Record<string, string> | null)[];
        const moved = before && after && before.amount !== after.amount;
        return (
          <li key={change.at}>
            <span className={styles.sub}>{format.moment(change.at)}</span>
            <span>
              {change.who}: {ACTIONS[change.action]}
              {moved
                ? `, from ${format.full(before.amount, unit)} to ${format.full(after.amount, unit)}`
                : after && change.action !== "changed"
                  ? `, ${format.full(after.amount, unit)} ${STEPS[after.grain as Goal["grain"]]}`
                  : ""}
            </span>
          </li>
        );
      })}
    </ul>
  );
}
