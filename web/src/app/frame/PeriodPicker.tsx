/** Which days the page is about: every named period, or own days from a calendar. */
import { Popover } from "@mantine/core";
import { lazy, Suspense, useState } from "react";
import { useShop } from "@/api/shop";
import styles from "@/app/frame/frame.module.css";
import { useSetView, useView } from "@/lib/useView";
import { viewPeriod } from "@/lib/view";
import { ChipButton, Skeleton, Soft } from "@/ui/Parts";
import { Popup } from "@/ui/Popup";

const RangeCalendar = lazy(() => import("@/ui/Calendar").then((module) => ({ default: module.RangeCalendar })));

export function PeriodPicker() {
  const { shop, format } = useShop();
  const view = useView();
  const setView = useSetView();
  const [open, setOpen] = useState(false);
  const period = viewPeriod(view, shop.periods);
  const choose = (change: Record<string, unknown>) => {
    setView(change);
    setOpen(false);
  };
  return (
    <Popup opened={open} onChange={setOpen} position="bottom-start">
      <Popover.Target>
        <ChipButton onClick={() => setOpen(!open)} aria-label={`Period: ${period.title}, ${format.span(period)}`}>
          {period.name ? (
            <>
              {period.title}{" "}
              <span className={styles.wide}>
                <Soft>{format.span(period)}</Soft>
              </span>
            </>
          ) : (
            format.span(period)
          )}
        </ChipButton>
      </Popover.Target>
      <Popover.Dropdown>
        <div className={styles.columns}>
          <ul className={styles.choices}>
            {shop.periods.map((named) => (
              <li key={named.name}>
                <button
                  type="button"
                  className={styles.choice}
                  aria-current={named.name === period.name}
                  onClick={() => choose({ period: named.name, from: undefined, to: undefined })}
                >
                  {named.title}
                  <small>{format.span(named)}</small>
                </button>
              </li>
            ))}
          </ul>
          <Suspense fallback={<Skeleton height={300} width={260} />}>
            <RangeCalendar
              span={period}
              weekStart={shop.week_start}
              onChoose={({ start, end }) => choose({ period: undefined, from: start, to: end })}
            />
          </Suspense>
        </div>
      </Popover.Dropdown>
    </Popup>
  );
}
