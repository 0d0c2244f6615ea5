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
import { ChipButton, Soft } from "@/ui/Parts";
import ui from "@/ui/ui.module.css";

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
          <span className={styles.grow} />
          <span className={styles.last}>
            <Freshness />
          </span>
          <span className={styles.second}>
            <Search />
          </span>
        </div>
        {asked ? <FilterChips /> : null}
      </header>
    </>
  );
}
