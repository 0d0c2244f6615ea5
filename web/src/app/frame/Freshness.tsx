/** How fresh the numbers are and whether their checks passed; and the way back to what was known on an earlier day. */
import { Popover } from "@mantine/core";
import { lazy, Suspense, useState } from "react";
import type { ChecksSummary } from "@/api/types";
import { useShop } from "@/api/shop";
import styles from "@/app/frame/frame.module.css";
import { useSetView, useView } from "@/lib/useView";
import { Facts, Skeleton } from "@/ui/Parts";
import { PageLink } from "@/ui/PageLink";
import { Popup } from "@/ui/Popup";

const DayCalendar = lazy(() => import("@/ui/Calendar").then((module) => ({ default: module.DayCalendar })));

function checksText({ failed, warned, passed }: ChecksSummary): string {
  const bad = failed || warned;
  if (!bad) return `${passed} checks passed`;
  return `${bad} of ${failed + warned + passed} checks ${failed ? "failed" : "warned"}`;
}

export function Freshness() {
  const { shop, format } = useShop();
  const view = useView();
  const setView = useSetView();
  const [open, setOpen] = useState(false);
  const { release } = shop;
  if (!release) {
    return (
      <PageLink path="/data" className={styles.fresh}>
        {shop.outdated ? "Build again" : "No data yet"}
      </PageLink>
    );
  }
  const tone = release.checks.failed ? "bad" : release.checks.warned ? "warning" : "neutral";
  const asOfDay = view.as_of?.slice(0, 10) ?? null;
  return (
    <Popup opened={open} onChange={setOpen} position="bottom-end" width={320}>
      <Popover.Target>
        <button type="button" className={styles.fresh} onClick={() => setOpen(!open)}>
          {asOfDay ? (
            <span data-tone="warning">As known on {format.day(asOfDay)}</span>
          ) : (
            <>
              <span>{release.data_to ? `Data to ${format.day(release.data_to)}` : "No dated rows"}</span>
              <span className={styles.dot}> · </span>
              <span>
                release {format.count(release.number)} ·{" "}
                <span data-tone={tone}>{checksText(release.checks)}</span>
              </span>
            </>
          )}
        </button>
      </Popover.Target>
      <Popover.Dropdown>
        <div className={styles.popover}>
          <Facts
            items={[
              [
                "Data",
                release.data_from && release.data_to
                  ? format.span({ start: release.data_from, end: release.data_to })
                  : "no dated rows",
              ],
              [
                "Release",
                release.published_at
                  ? `${release.number}, published ${format.moment(release.published_at)}`
                  : String(release.number),
              ],
              ["Known to", release.known_to ? format.moment(release.known_to) : "–"],
              ["Checks", checksText(release.checks)],
            ]}
          />
          <PageLink path="/data" onClick={() => setOpen(false)}>
            Loads, checks and releases
          </PageLink>
          <div className={styles.label}>
            Show everything as it was known on a day: the numbers of then, without what came or was corrected later.
          </div>
          <Suspense fallback={<Skeleton height={280} />}>
            <DayCalendar
              day={asOfDay}
              last={shop.today}
              weekStart={shop.week_start}
              onChoose={(day) => {
                setView({ as_of: day });
                setOpen(false);
              }}
            />
          </Suspense>
          {asOfDay ? (
            <button
              type="button"
              className={styles.choice}
              onClick={() => {
                setView({ as_of: undefined });
                setOpen(false);
              }}
            >
              Back to what is known now
            </button>
          ) : null}
        </div>
      </Popover.Dropdown>
    </Popup>
  );
}
