/** What the period is compared with. */
import { Popover } from "@mantine/core";
import { lazy, Suspense, useState } from "react";
import { useShop } from "@/api/shop";
import styles from "@/app/frame/frame.module.css";
import { useSetView, useView } from "@/lib/useView";
import { COMPARE_TITLES, DEFAULT_COMPARE, viewPeriod, type CompareKind } from "@/lib/view";
import { ChipButton, Skeleton, Soft } from "@/ui/Parts";
import { Popup } from "@/ui/Popup";

const RangeCalendar = lazy(() => import("@/ui/Calendar").then((module) => ({ default: module.RangeCalendar })));

const KINDS: CompareKind[] = ["previous", "last_year", "none"];

export function ComparePicker() {
  const { shop, format } = useShop();
  const view = useView();
  const setView = useSetView();
  const [open, setOpen] = useState(false);
  const kind = view.compare ?? DEFAULT_COMPARE;
  const own = view.compare_from && view.compare_to ? { start: view.compare_from, end: view.compare_to } : null;
  const title = kind === "custom" && own ? format.span(own) : COMPARE_TITLES[kind];
  const choose = (change: Record<string, unknown>) => {
    setView(change);
    setOpen(false);
  };
  return (
    <Popup opened={open} onChange={setOpen} position="bottom-start">
      <Popover.Target>
        <ChipButton onClick={() => setOpen(!open)} aria-label={`Comparison: ${title}`}>
          {kind === "none" ? null : (
            <span className={styles.wider}>
              <Soft>against</Soft>{" "}
            </span>
          )}
          {title}
        </ChipButton>
      </Popover.Target>
      <Popover.Dropdown>
        <div className={styles.columns}>
          <ul className={styles.choices}>
            {KINDS.map((one) => (
              <li key={one}>
                <button
                  type="button"
                  className={styles.choice}
                  aria-current={one === kind}
                  onClick={() => choose({ compare: one, compare_from: undefined, compare_to: undefined })}
                >
                  {COMPARE_TITLES[one].replace(/^./, (letter) => letter.toUpperCase())}
                </button>
              </li>
            ))}
            <li className={styles.label} style={{ padding: "8px 10px" }}>
              Or choose own days in the calendar.
            </li>
          </ul>
          <Suspense fallback={<Skeleton height={300} width={260} />}>
            <RangeCalendar
              span={own ?? viewPeriod(view, shop.periods)}
              weekStart={shop.week_start}
              onChoose={({ start, end }) => choose({ compare: "custom", compare_from: start, compare_to: end })}
            />
          </Suspense>
        </div>
      </Popover.Dropdown>
    </Popup>
  );
}
