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

/** Pages of a domain that are no dashboards; they follow those in the rail. */
export const BESIDE: Readonly<Record<string, readonly PageEntry[]>> = {
  sales: [{ name: "sales_goals", title: "Goals", path: "/sales/goals" }],
  customers: [{ name: "customers_all", title: "All customers", path: "/customers/all" }],
  returns: [{ name: "returns_desk", title: "Desk", path: "/returns/desk" }],
};

/** The pages of the settings; some are for administrators. */
export const SETTINGS: readonly (PageEntry & { admin?: boolean })[] = [
  { name: "shop", title: "Shop", path: "/settings" },
  { name: "users", title: "Users and roles", path: "/settings/users", admin: true },
  { name: "keys", title: "Keys of programs", path: "/settings/keys", admin: true },
  { name: "privacy", title: "Privacy", path: "/settings/privacy", admin: true },
  { name: "audit", title: "Audit log", path: "/settings/audit", admin: true },
  { name: "backups", title: "Backups", path: "/settings/backups", admin: true },
  { name: "credentials", title: "Credentials", path: "/settings/credentials", admin: true },
];

/** Whether a page of the rail has something for somebody who sees these modules only; null stands for all. */
export const isOpen = (page: PageEntry, modules: readonly string[] | null): boolean =>
  modules === null ||
  (DOMAINS.includes(page) ? page.name === "overview" || modules.includes(page.name) : page.name !== "data");

/** Whether a path is a page or lies below it. */
export const isWithin = (path: string, page: string): boolean =>
  page === "/" ? path === "/" : path === page || path.startsWith(`${page}/`);
