/** The way around: eight domains, then the tools. The pages of the open domain are listed below it. */
import { useSuspenseQuery } from "@tanstack/react-query";
import { useRouterState } from "@tanstack/react-router";
import styles from "@/app/frame/frame.module.css";
import { dashboardsQuery } from "@/api/queries";
import { UserMenu } from "@/app/frame/UserMenu";
import { currentUser } from "@/api/session";
import { BESIDE, DOMAINS, SETTINGS, TOOLS, isOpen, isWithin, type PageEntry } from "@/lib/pages";
import { PageLink } from "@/ui/PageLink";

export function Rail({ onGo }: { onGo?: () => void }) {
  const path = useRouterState({ select: (state) => state.location.pathname });
  const { data: dashboards } = useSuspenseQuery(dashboardsQuery);
  const user = currentUser();
  const open = (page: PageEntry) => isOpen(page, user?.modules ?? null);
  const entry = (page: PageEntry) => {
    const active = isWithin(path, page.path);
    const below: readonly PageEntry[] =
      page.name === "settings"
        ? SETTINGS.filter((one) => !one.admin || user?.role === "admin")
        : [...dashboards.filter((dashboard) => dashboard.domain === page.name), ...(BESIDE[page.name] ?? [])];
    // A page below one that is listed (one return of the desk, one customer of all) is found there.
    const above = below.find((one) => one.path !== page.path && path !== one.path && isWithin(path, one.path));
    return (
      <li key={page.name}>
        <PageLink
          path={page.path}
          className={styles.item}
          data-active={active || undefined}
          aria-current={path === page.path ? "page" : undefined}
          onClick={onGo}
        >
          {page.title}
        </PageLink>
        {active && below.length > 1 ? (
          <ul className={styles.below}>
            {below.map((dashboard) => (
              <li key={dashboard.name}>
                <PageLink
                  path={dashboard.path}
                  aria-current={path === dashboard.path ? "page" : dashboard === above ? "true" : undefined}
                  onClick={onGo}
                >
                  {dashboard.title}
                </PageLink>
              </li>
            ))}
          </ul>
        ) : null}
      </li>
    );
  };
  return (
    <nav className={styles.nav} aria-label="Pages">
      <PageLink path="/" className={styles.mark} aria-label="Tillsight, overview" onClick={onGo}>
        till<span>sight</span>
      </PageLink>
      <ul className={styles.list}>{DOMAINS.filter(open).map(entry)}</ul>
      <ul className={styles.list}>{TOOLS.filter(open).map(entry)}</ul>
      <div className={styles.foot}>
        <UserMenu />
      </div>
    </nav>
  );
}
