/** How far a job is: its stage, a bar, its last words, and a way to cancel it. When it ends, everything is asked anew. */
import { Progress } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { cancelJob } from "@/api/calls";
import { isActive, jobQuery } from "@/api/queries";
import { useShop } from "@/api/shop";
import type { JobState } from "@/api/types";
import styles from "@/ui/job.module.css";
import { PageLink } from "@/ui/PageLink";
import { Badge, Banner, Failed, Skeleton, Word, type Tone } from "@/ui/Parts";

const JOB_TONES: Record<JobState, Tone> = {
  queued: "neutral",
  running: "accent",
  done: "good",
  failed: "bad",
  cancelled: "warning",
};

export const JobBadge = ({ state }: { state: JobState }) => <Badge tone={JOB_TONES[state]}>{state}</Badge>;

export function JobProgress({ id, whole = false }: { id: string; whole?: boolean }) {
  const { format } = useShop();
  const client = useQueryClient();
  const { data: job, error, refetch } = useQuery(jobQuery(id));
  const cancel = useMutation({
    mutationFn: () => cancelJob(id),
    onSuccess: () => client.invalidateQueries({ queryKey: ["jobs"] }),
  });
  const active = job ? isActive(job) : true;
  const was = useRef(active);
  useEffect(() => {
    if (was.current && !active) {
      for (const key of ["shop", "metrics", "dimensions", "loads", "releases", "tables", "jobs"])
        void client.invalidateQueries({ queryKey: [key] });
    }
    was.current = active;
  }, [active, client]);
  if (error) return <Failed error={error} retry={() => void refetch()} />;
  if (!job) return <Skeleton height={80} />;
  const lines = whole ? job.log : job.log.slice(-4);
  const percent = job.progress === null ? null : Math.round(job.progress * 100);
  return (
    <div className={styles.job}>
      <div className={styles.jobHead}>
        <span>
          <JobBadge state={job.state} /> {active ? job.stage.replace(/^./, (letter) => letter.toUpperCase()) : null}
          {active && percent !== null ? `, ${percent}%` : null}
        </span>
        <span>
          {active ? (
            <Word disabled={cancel.isPending} onClick={() => cancel.mutate()}>
              {cancel.isPending ? "Cancelling…" : "Cancel"}
            </Word>
          ) : (
            <PageLink path={`/data/jobs/${job.id}`}>Whole log</PageLink>
          )}
        </span>
      </div>
      {active ? (
        <Progress
          size="sm"
          value={percent ?? 100}
          animated={percent === null}
          aria-label={`${job.title}: ${percent === null ? "working" : `${percent}%`}`}
        />
      ) : null}
      {cancel.error ? <Failed error={cancel.error} /> : null}
      {job.error ? <Banner tone="bad">{job.error}</Banner> : null}
      {lines.length ? (
        <ol className={styles.log} aria-live="polite" aria-label="Log" tabIndex={0}>
          {lines.map((line, index) => (
            <li key={`${line.at}${index}`}>
              <time dateTime={line.at}>{format.moment(line.at)}</time>
              {line.text}
            </li>
          ))}
        </ol>
      ) : null}
    </div>
  );
}
