/** One job with its whole log. */
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { jobQuery } from "@/api/queries";
import { useShop } from "@/api/shop";
import { JobProgress } from "@/ui/JobProgress";
import { Back } from "@/features/data/parts";
import { Facts, Failed, Page, Pane, Skeleton } from "@/ui/Parts";
import { PageLink } from "@/ui/PageLink";

export function JobPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const { format } = useShop();
  const job = useQuery(jobQuery(id));
  if (job.error) return <Failed error={job.error} retry={() => void job.refetch()} />;
  if (!job.data) return <Skeleton height={320} />;
  const { title, created_at, created_by, started_at, finished_at, attempts, result } = job.data;
  const load = result?.load;
  const release = result?.release;
  return (
    <Page title={title} purpose="Work in the background: how far it is and what it said." aside={<Back />}>
      <Pane title="Job">
        <Facts
          items={[
            ["Asked", `${format.moment(created_at)}${created_by ? ` by ${created_by}` : ""}`],
            ["Started", started_at ? format.moment(started_at) : "not yet"],
            ["Ended", finished_at ? format.moment(finished_at) : "not yet"],
            ["Attempts", format.count(attempts)],
            ...(typeof load === "string"
              ? ([["Load", <PageLink path={`/data/loads/${load}`}>{load}</PageLink>]] as [string, React.ReactNode][])
              : []),
            ...(typeof release === "number"
              ? ([["Release", <PageLink path={`/data/releases/${release}`}>{`Release ${release}`}</PageLink>]] as [
                  string,
                  React.ReactNode,
                ][])
              : []),
          ]}
        />
      </Pane>
      <Pane title="Progress">
        <JobProgress id={id} whole />
      </Pane>
    </Page>
  );
}
