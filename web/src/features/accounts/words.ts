/** Roles, scopes and states in words. */
import type { ApiKey, Person, Role, User } from "@/api/types";

export const ROLES: readonly { value: Role; label: string; may: string }[] = [
  { value: "admin", label: "Administrator", may: "everything: users, keys of all, settings of accounts" },
  { value: "manager", label: "Manager", may: "sees everything, loads data, builds releases" },
  { value: "analyst", label: "Analyst", may: "sees everything; names and addresses of persons are masked" },
  { value: "limited", label: "Limited", may: "sees only the modules and rows that were opened; persons are masked" },
];

export const roleTitle = (role: Role): string => ROLES.find((one) => one.value === role)?.label ?? role;

/** What of the shop somebody sees, in one line. */
export function seen(person: Pick<Person, "role" | "modules" | "rows">): string {
  if (person.role !== "limited") return "All modules";
  const modules = person.modules.length ? person.modules.join(", ") : "No module yet";
  const rows = Object.entries(person.rows).map(([name, values]) => `${name.replaceAll("_", " ")}: ${values.join(", ")}`);
  return [modules, ...rows].join(" · ");
}

export const ownSight = (user: User): string =>
  [
    user.modules === null ? "All modules" : user.modules.length ? user.modules.join(", ") : "No module yet",
    user.masked ? "names and addresses of persons masked" : "persons shown",
  ].join("; ");

export function scopesInWords(key: Pick<ApiKey, "scopes">): string {
  const words: Record<string, string> = { read: "Reads", write: "Reads and writes", admin: "Everything its user may" };
  const [first = ""] = key.scopes;
  return words[first] ?? `Reads ${key.scopes.map((scope) => scope.replace("read:", "")).join(", ")}`;
}
