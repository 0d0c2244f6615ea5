/** A path below the frame: a declared dashboard, or a domain whose pages are still to come, or nothing. */
import { useSuspenseQuery } from "@tanstack/react-query";
import { useRouterState } from "@tanstack/react-router";
import { dashboardsQuery } from "@/api/queries";
import { Missing } from "@/app/Outcomes";
import { Dashboard } from "@/dashboards/Dashboard";
import { Upcoming } from "@/features/upcoming/Upcoming";
import { DOMAINS, TOOLS } from "@/lib/pages";

export function DashboardPage() {
  const path = useRouterState({ select: (state) => state.location.pathname.replace(/(.)\/$/, "$1") });
  const { data: dashboards } = useSuspenseQuery(dashboardsQuery);
  const dashboard = dashboards.find((one) => one.path === path);
  if (dashboard) return <Dashboard key={dashboard.name} name={dashboard.name} />;
  const page = [...DOMAINS, ...TOOLS].find((one) => one.path === path);
  return page ? <Upcoming page={page} /> : <Missing />;
}
