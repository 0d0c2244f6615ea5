/**
 * The view that an address holds, so that it can be shared: period, comparison, filters, grain, as-of, and on Explore the
 * whole question. An address has plain repeated parameters (`?period=last_year&where=country=France`), not JSON.
 */
import { isDay, isGrain, type Grain, type Span } from "@/lib/days";
import type { NamedPeriod, ViewQuestion } from "@/api/types";
import { askFilters, readFilters } from "@/lib/where";

export type CompareKind = "none" | "previous" | "last_year" | "custom";

export interface View {
  period?: string | undefined;
  from?: string | undefined;
  to?: string | undefined;
  compare?: CompareKind | undefined;
  compare_from?: string | undefined;
  compare_to?: string | undefined;
  where?: string[] | undefined;
  grain?: Grain | undefined;
  as_of?: string | undefined;
  /** The rules of segments, by name. */
  preset?: string | undefined;
  /** The campaign whose effect is looked at. */
  campaign?: string | undefined;
  /** The metric whose explanation is open. */
  explain?: string | undefined;
  /** What it is cut by where it is explained; a share is a share in something. */
  explain_by?: string[] | undefined;
  /** The metric whose change is taken apart, and by which dimension; without one by what tells most. */
  why?: string | undefined;
  why_by?: string | undefined;
}

/** Parts of the view that go along from page to page. */
export const KEPT = ["period", "from", "to", "compare", "compare_from", "compare_to", "where", "as_of"] as const;

export const DEFAULT_PERIOD = "last_30_days";
export const DEFAULT_COMPARE: CompareKind = "previous";

export const COMPARE_TITLES: Record<CompareKind, string> = {
  none: "no comparison",
  previous: "previous period",
  last_year: "same period last year",
  custom: "custom period",
};

type Raw = Record<string, unknown>;

const text = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : typeof value === "number" ? String(value) : undefined;

export const list = (value: unknown): string[] | undefined => {
  const items = (Array.isArray(value) ? value : [value]).map(text).filter((item) => item !== undefined);
  return items.length ? items : undefined;
};

/** Read what an address says; what is not valid is left out, so that a wrong link still opens. */
export function readView(raw: Raw): View {
  const from = isDay(raw.from) ? raw.from : undefined;
  const to = isDay(raw.to) ? raw.to : undefined;
  const custom = from !== undefined && to !== undefined && from <= to;
  const compare = text(raw.compare);
  const compareFrom = isDay(raw.compare_from) ? raw.compare_from : undefined;
  const compareTo = isDay(raw.compare_to) ? raw.compare_to : undefined;
  const compared = compareFrom !== undefined && compareTo !== undefined && compareFrom <= compareTo;
  const known = compare === "none" || compare === "previous" || compare === "last_year";
  return {
    period: custom ? undefined : text(raw.period),
    from: custom ? from : undefined,
    to: custom ? to : undefined,
    compare: compared ? "custom" : known ? compare : undefined,
    compare_from: compared ? compareFrom : undefined,
    compare_to: compared ? compareTo : undefined,
    where: list(raw.where),
    grain: isGrain(raw.grain) ? raw.grain : undefined,
    as_of: text(raw.as_of),
    preset: text(raw.preset),
    campaign: text(raw.campaign),
    explain: text(raw.explain),
    explain_by: list(raw.explain_by),
    why: text(raw.why),
    why_by: text(raw.why_by),
  };
}

/** What an address's parameters say: one value as text, several as a list. */
export function parseSearch(search: string): Raw {
  const result: Raw = {};
  for (const [name, value] of new URLSearchParams(search)) {
    const kept = result[name];
    result[name] = kept === undefined ? value : Array.isArray(kept) ? [...kept, value] : [kept, value];
  }
  return result;
}

/** The parameters as an address has them; `=`, `,`, `:` and `/` stay readable. */
export function stringifySearch(search: Raw): string {
  const parts: string[] = [];
  for (const [name, value] of Object.entries(search)) {
    for (const item of Array.isArray(value) ? value : [value]) {
      if (item === undefined || item === null || item === "" || item === false) continue;
      const written = encodeURIComponent(item === true ? "true" : String(item));
      parts.push(
        `${name}=${written.replace(/%3D/g, "=").replace(/%2C/g, ",").replace(/%3A/g, ":").replace(/%20/g, "+")}`,
      );
    }
  }
  return parts.length ? `?${parts.join("&")}` : "";
}

export interface ViewPeriod extends Span {
  /** The name where it is a named one. */
  name?: string | undefined;
  title: string;
}

/** The days of the view, from the named periods that the server gave; a name that it does not know is the default. */
export function viewPeriod(view: View, periods: readonly NamedPeriod[]): ViewPeriod {
  if (view.from && view.to) return { start: view.from, end: view.to, title: "Custom" };
  const named =
    periods.find((period) => period.name === view.period) ??
    periods.find((period) => period.name === DEFAULT_PERIOD) ??
    periods[0];
  return named ?? { start: "1970-01-01", end: "1970-01-01", title: "No period" };
}

/** What of a view goes into every question. */
export function viewQuestion(view: View, period: ViewPeriod): ViewQuestion {
  const compare = view.compare ?? DEFAULT_COMPARE;
  return {
    ...(period.name
      ? { period: period.name as Exclude<ViewQuestion["period"], undefined> }
      : { from: period.start, to: period.end }),
    compare: compare === "custom" ? { from: view.compare_from ?? "", to: view.compare_to ?? "" } : compare,
    where: askFilters(readFilters(view.where ?? [])),
    ...(view.as_of ? { as_of: view.as_of } : {}),
  };
}

/** What of the address an analysis is given, besides days and filters. */
export const takenFrom = (view: View, takes: readonly ("preset" | "campaign")[]): Record<string, string> =>
  Object.fromEntries(takes.flatMap((name) => (view[name] ? [[name, view[name]]] : [])));
