/** What was asked for is being built by a job: how far it is. When it is done, everything that waits is asked again. */
import { Progress } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { ApiError } from "@/api/client";
import { isActive, jobQuery } from "@/api/queries";
import styles from "@/ui/ui.module.css";

export function Building({ id, message }: { id: string; message: string }) {
  const client = useQueryClient();
  const { data: job } = useQuery(jobQuery(id));
  const done = job?.state === "done";
  useEffect(() => {
    if (!done) return;
    const waits = (error: unknown) => error instanceof ApiError && error.job === id;
    void client.invalidateQueries({ predicate: ({ state }) => waits(state.error) });
  }, [done, client, id]);
  const ended = job && !isActive(job) && !done;
  const percent = job?.progress == null ? null : Math.round(job.progress * 100);
  return (
    <div className={`${styles.state} ${styles.building}`} role="status" title={message}>
      <strong>{ended ? "It was not built" : "Being built"}</strong>
      {ended ? <span>{job.error ?? "Its job was cancelled."}</span> : <span className={styles.said}>{message}</span>}
      {ended ? null : (
        <Progress
          w="100%"
          maw={220}
          size="sm"
          aria-label="How far it is"
          value={percent ?? 100}
          animated={percent === null}
          striped={percent === null}
        />
      )}
    </div>
  );
}
