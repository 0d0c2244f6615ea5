/** Build a release from everything that is landed. It says what will happen, and then how far it is. */
import { Button } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { startBuild } from "@/api/calls";
import { isActive, jobQuery, jobsQuery } from "@/api/queries";
import { Failed } from "@/ui/Parts";

/** Jobs that end in another release: a build that was started beside them would find nothing new. */
const RELEASES = ["load", "build", "erase", "retention"];

export function Build({ onStarted }: { onStarted: (job: string) => void }) {
  const client = useQueryClient();
  const { data: jobs } = useQuery(jobsQuery);
  const building = jobs?.some((job) => isActive(job) && RELEASES.includes(job.kind)) ?? false;
  const build = useMutation({
    mutationFn: startBuild,
    onSuccess: (job) => {
      onStarted(job.id);
      client.setQueryData(jobQuery(job.id).queryKey, job);
      return client.invalidateQueries({ queryKey: jobsQuery.queryKey });
    },
  });
  return (
    <>
      {build.error ? <Failed error={build.error} /> : null}
      <Button
        variant="default"
        loading={build.isPending}
        disabled={building}
        title="Makes a new release from every landed file; the present one answers until it is published."
        onClick={() => build.mutate()}
      >
        {building ? "Working…" : "Build a release"}
      </Button>
    </>
  );
}
