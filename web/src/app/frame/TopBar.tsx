/** Shop, period, comparison and filters on the left; freshness, search and the user on the right. */
import { useSuspenseQuery } from "@tanstack/react-query";
import { useMatches, useRouterState } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { dashboardsQuery } from "@/api/queries";
import { useShop } from "@/api/shop";
import { ComparePicker } from "@/app/frame/ComparePicker";
import { AddFilter, FilterChips } from "@/app/frame/Filters";
import styles from "@/app/frame/frame.module.css";
import { Freshness } from "@/app/frame/Freshness";
import { PeriodPicker } from "@/app/frame/PeriodPicker";
import { Search } from "@/app/frame/Search";
import { useView } from "@/lib/useView";
import { COMPARE_TITLES, DEFAULT_COMPARE, viewPeriod } from "@/lib/view";
import { ChipButton, Soft } from "@/ui/Parts";
import ui from "@/ui/ui.module.css";

/** What the controls say, for paper. */
function Printed() {
  const { shop, format } = useShop();
  const view = useView();
  const period = viewPeriod(view, shop.periods);
  const kind = view.compare ?? DEFAULT_COMPARE;
  const own = view.compare_from && view.compare_to ? { start: view.compare_from, end: view.compare_to } : null;
  return (
    <p className={styles.printed}>
      {[
        `${shop.name} · ${shop.currency}`,
        format.span(period),
        kind === "none" ? null : `against ${own ? format.span(own) : COMPARE_TITLES[kind]}`,
        ...(view.where ?? []),
        view.as_of ? `as known on ${format.day(view.as_of.slice(0, 10))}` : null,
        shop.release ? `release ${shop.release.number}` : null,
      ]
        .filter(Boolean)
        .join(" · ")}
    </p>
  );
}

export function TopBar({ onMenu }: { onMenu: () => void }) {
  const { shop } = useShop();
  const [scrolled, setScrolled] = useState(false);
  const mark = useRef<HTMLDivElement>(null);
  const { data: dashboards } = useSuspenseQuery(dashboardsQuery);
  const path = useRouterState({ select: (state) => state.location.pathname });
  const asks = useMatches({ select: (matches) => matches.some((match) => match.staticData.asks) });
  const asked = asks || dashboards.some((dashboard) => dashboard.path === path);
  useEffect(() => {
    if (!mark.current) return;
    const observer = new IntersectionObserver(([entry]) => setScrolled(!entry?.isIntersecting));
    observer.observe(mark.current);
    return () => observer.disconnect();
  }, []);
  return (
    <>
      <div ref={mark} />
      <header className={styles.top} data-scrolled={scrolled || undefined}>
        <Printed />
        <div className={styles.topRow}>
          <span className={styles.menuOnly}>
            <ChipButton onClick={onMenu}>Menu</ChipButton>
          </span>
          <span className={`${ui.chip} ${styles.shop}`} title={`${shop.timezone} · ${shop.locale}`}>
            {shop.name} <Soft>· {shop.currency}</Soft>
          </span>
          {asked ? (
            <span className={styles.asks}>
              <PeriodPicker />
              <ComparePicker />
              <AddFilter />
            </span>
          ) : null}
          <span className={styles.state}>
            <span className={styles.last}>
              <Freshness />
            </span>
            <span className={styles.second}>
              <Search />
            </span>
          </span>
        </div>
        {asked ? <FilterChips /> : null}
      </header>
    </>
  );
}
