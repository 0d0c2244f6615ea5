/** What stands in place of a page: while the shop is asked for, when it cannot be reached, and when there is no such page. */
import { Link, useRouter } from "@tanstack/react-router";
import styles from "@/app/frame/frame.module.css";
import { Failed, Page, Skeleton } from "@/ui/Parts";

export function Waiting() {
  return (
    <div className={styles.frame} role="status" aria-label="Loading">
      <div className={styles.rail} />
      <div className={styles.content} style={{ paddingTop: 18 }}>
        <Skeleton height={32} width={420} />
        <div style={{ height: 24 }} />
        <Skeleton height={26} width={220} />
        <div style={{ height: 18 }} />
        <Skeleton height={130} />
        <div style={{ height: 12 }} />
        <Skeleton height={300} />
      </div>
    </div>
  );
}

export function Broken({ error, reset }: { error: unknown; reset: () => void }) {
  const router = useRouter();
  // What failed may have been asked for by the page or by its route: both begin anew.
  const retry = () => {
    reset();
    void router.invalidate();
  };
  return (
    <div className={styles.content} style={{ paddingTop: 40 }}>
      <Failed error={error} retry={retry} />
    </div>
  );
}

export function Missing() {
  return (
    <Page title="No such page" purpose="The address leads nowhere: it may be mistyped, or the page was removed.">
      <p>
        <Link to="/">Go to the overview</Link>
      </p>
    </Page>
  );
}
