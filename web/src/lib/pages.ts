/** The pages of the rail: the eight domains, then the tools. Dashboards below a domain come from the server. */

export interface PageEntry {
  name: string;
  title: string;
  path: string;
}

export const DOMAINS: readonly PageEntry[] = [
  { name: "overview", title: "Overview", path: "/" },
  { name: "inventory", title: "Inventory", path: "/inventory" },
  { name: "sales", title: "Sales", path: "/sales" },
  { name: "customers", title: "Customers", path: "/customers" },
  { name: "returns", title: "Returns", path: "/returns" },
  { name: "ads", title: "Ads", path: "/ads" },
  { name: "pricing", title: "Pricing", path: "/pricing" },
  { name: "seasons", title: "Seasons", path: "/seasons" },
  { name: "loyalty", title: "Loyalty", path: "/loyalty" },
];

export const TOOLS: readonly PageEntry[] = [
  { name: "explore", title: "Explore", path: "/explore" },
  { name: "reports", title: "Reports", path: "/reports" },
  { name: "alerts", title: "Alerts", path: "/alerts" },
  { name: "data", title: "Data", path: "/data" },
  { name: "settings", title: "Settings", path: "/settings" },
];

/** Whether a path is a page or lies below it. */
export const isWithin = (path: string, page: string): boolean =>
  page === "/" ? path === "/" : path === page || path.startsWith(`${page}/`);
