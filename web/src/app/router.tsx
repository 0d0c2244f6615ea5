/** The routes. Dashboards have none of their own: a path that no page has is looked up among the declared dashboards. */
import type { QueryClient } from "@tanstack/react-query";
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from "@tanstack/react-router";
import { dashboardQuery, dashboardsQuery, dimensionsQuery, metricsQuery, shopQuery } from "@/api/queries";
import { currentUser, signedIn } from "@/api/session";
import { Frame } from "@/app/frame/Frame";
import { Broken, Missing, Waiting } from "@/app/Outcomes";
import { SignIn } from "@/features/sign-in/SignIn";
import { parseSearch, readView, stringifySearch } from "@/lib/view";

declare module "@tanstack/react-router" {
  interface StaticDataRouteOption {
    /** The page asks questions, as dashboards do, so the top bar offers period, comparison and filters. */
    asks?: boolean;
  }
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}

const anything = (search: Record<string, unknown>): Record<string, unknown> => search;

const root = createRootRouteWithContext<{ client: QueryClient }>()({ component: Outlet, notFoundComponent: Missing });

const signIn = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  validateSearch: (search: Record<string, unknown>): { next?: string | undefined; signed?: string | undefined } => ({
    // Only a path of this page may be gone to, never another host. What is not said here stays as the address has it.
    next: typeof search.next === "string" && /^\/(?![/\\])/.test(search.next) ? search.next : undefined,
    // How signing in elsewhere ended: "in", or what went wrong.
    signed: typeof search.signed === "string" ? search.signed : undefined,
  }),
  component: SignIn,
});

const welcome = createRoute({
  getParentRoute: () => root,
  path: "/welcome",
  component: lazyRouteComponent(() => import("@/features/sign-in/Welcome"), "Welcome"),
});

const forgotten = createRoute({
  getParentRoute: () => root,
  path: "/forgotten",
  component: lazyRouteComponent(() => import("@/features/sign-in/Forgotten"), "Forgotten"),
});

const secondFactor = createRoute({
  getParentRoute: () => root,
  path: "/second-factor",
  beforeLoad: async () => {
    if (!(await signedIn())) throw redirect({ to: "/sign-in", search: {} });
  },
  component: lazyRouteComponent(() => import("@/features/accounts/SetUpFactor"), "SetUpFactor"),
});

const frame = createRoute({
  getParentRoute: () => root,
  id: "frame",
  validateSearch: (search: Record<string, unknown>) => ({ ...anything(search), ...readView(search) }),
  beforeLoad: async ({ location }) => {
    if (!(await signedIn())) {
      throw redirect({ to: "/sign-in", search: location.href === "/" ? {} : { next: location.href } });
    }
    if (currentUser()?.factor_due) throw redirect({ to: "/second-factor" });
  },
  loader: async ({ context: { client } }) => {
    await Promise.all([
      client.ensureQueryData(shopQuery),
      client.ensureQueryData(dashboardsQuery),
      client.ensureQueryData(metricsQuery),
      client.ensureQueryData(dimensionsQuery),
    ]);
  },
  component: Frame,
  pendingComponent: Waiting,
  errorComponent: Broken,
});

const page = <Path extends string>(path: Path, component: ReturnType<typeof lazyRouteComponent>, asks = false) =>
  createRoute({
    getParentRoute: () => frame,
    path,
    component,
    staticData: { asks },
    errorComponent: Broken,
  });

const overview = page(
  "/",
  lazyRouteComponent(() => import("@/features/overview/Overview"), "Overview"),
  true,
);
const explore = page(
  "/explore",
  lazyRouteComponent(() => import("@/features/explore/Explore"), "Explore"),
  true,
);
const data = page(
  "/data",
  lazyRouteComponent(() => import("@/features/data/DataPage"), "DataPage"),
);
const load = page(
  "/data/loads/$id",
  lazyRouteComponent(() => import("@/features/data/LoadPage"), "LoadPage"),
);
const release = page(
  "/data/releases/$number",
  lazyRouteComponent(() => import("@/features/data/ReleasePage"), "ReleasePage"),
);
const job = page(
  "/data/jobs/$id",
  lazyRouteComponent(() => import("@/features/data/JobPage"), "JobPage"),
);
const table = page(
  "/data/tables/$name",
  lazyRouteComponent(() => import("@/features/data/TablePage"), "TablePage"),
);
const returnDesk = page(
  "/returns/desk",
  lazyRouteComponent(() => import("@/features/return-desk/Desk"), "Desk"),
);
const deskReturn = page(
  "/returns/desk/$id",
  lazyRouteComponent(() => import("@/features/return-desk/ReturnPage"), "ReturnPage"),
);
const returnPrevention = page(
  "/returns/prevention",
  lazyRouteComponent(() => import("@/features/return-desk/Prevention"), "Prevention"),
  true,
);
const settings = page(
  "/settings",
  lazyRouteComponent(() => import("@/features/settings/Settings"), "Settings"),
);
const users = page(
  "/settings/users",
  lazyRouteComponent(() => import("@/features/accounts/Users"), "Users"),
);
const keys = page(
  "/settings/keys",
  lazyRouteComponent(() => import("@/features/accounts/AllKeys"), "AllKeys"),
);
const backups = page(
  "/settings/backups",
  lazyRouteComponent(() => import("@/features/safety/Backups"), "Backups"),
);
const credentials = page(
  "/settings/credentials",
  lazyRouteComponent(() => import("@/features/safety/Credentials"), "Credentials"),
);
const privacy = page(
  "/settings/privacy",
  lazyRouteComponent(() => import("@/features/privacy/Privacy"), "Privacy"),
);
const audit = page(
  "/settings/audit",
  lazyRouteComponent(() => import("@/features/audit/Audit"), "Audit"),
);
const profile = page(
  "/profile",
  lazyRouteComponent(() => import("@/features/accounts/Profile"), "Profile"),
);
const goals = page(
  "/sales/goals",
  lazyRouteComponent(() => import("@/features/goals/Goals"), "Goals"),
);
const segments = page(
  "/customers/segments",
  lazyRouteComponent(() => import("@/features/customers/Segments"), "Segments"),
  true,
);
const segment = page(
  "/customers/segments/$segment",
  lazyRouteComponent(() => import("@/features/customers/Segment"), "Segment"),
  true,
);
const campaigns = page(
  "/customers/campaigns",
  lazyRouteComponent(() => import("@/features/customers/Campaigns"), "Campaigns"),
  true,
);
const customers = page(
  "/customers/all",
  lazyRouteComponent(() => import("@/features/customers/Customers"), "Customers"),
  true,
);
const customer = page(
  "/customers/all/$id",
  lazyRouteComponent(() => import("@/features/customers/Customer"), "Customer"),
);
const compare = page(
  "/sales/compare",
  lazyRouteComponent(() => import("@/features/sales/Compare"), "Compare"),
  true,
);
const declared = createRoute({
  getParentRoute: () => frame,
  path: "$",
  loader: async ({ context: { client }, location: { pathname } }) => {
    const path = pathname.replace(/(.)\/$/, "$1");
    const found = (await client.ensureQueryData(dashboardsQuery)).find((dashboard) => dashboard.path === path);
    if (found) await client.ensureQueryData(dashboardQuery(found.name));
  },
  component: lazyRouteComponent(() => import("@/app/DashboardPage"), "DashboardPage"),
  errorComponent: Broken,
});

const routes = root.addChildren([
  signIn,
  welcome,
  forgotten,
  secondFactor,
  frame.addChildren([overview, explore, data, load, release, job, table, settings, users, keys, privacy, audit, backups, credentials, profile, goals, segments, segment, campaigns, customers, customer, returnDesk, deskReturn, returnPrevention, compare, declared]),
]);

export function makeRouter(client: QueryClient) {
  return createRouter({
    routeTree: routes,
    context: { client },
    parseSearch,
    stringifySearch,
    defaultPreload: "intent",
    defaultPendingMs: 100,
    // What is there is shown: the frame of a page is not held up to look calm.
    defaultPendingMinMs: 0,
    scrollRestoration: true,
  });
}
