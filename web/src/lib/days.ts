/** Days as ISO text (`2026-11-14`), as the API writes them: a day of the shop, without a time zone. */

const DAY = 86_400_000;

export const WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] as const;

const utc = (day: string): number => Date.parse(`${day}T00:00:00Z`);

export const isDay = (text: unknown): text is string =>
  typeof text === "string" && /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(utc(text));

/** A date object at midnight UTC; format it with `timeZone: "UTC"`. */
export const toDate = (day: string): Date => new Date(utc(day));

/** How many days from one to the other, both counted. */
export const daysBetween = (start: string, end: string): number => Math.round((utc(end) - utc(start)) / DAY) + 1;

export interface Span {
  start: string;
  end: string;
}

export type Grain =
  "day" | "week" | "month" | "quarter" | "year" | "fiscal_week" | "fiscal_period" | "fiscal_quarter" | "fiscal_year";

export const GRAIN_TITLES: Record<Grain, string> = {
  day: "Day",
  week: "Week",
  month: "Month",
  quarter: "Quarter",
  year: "Year",
  fiscal_week: "Fiscal week",
  fiscal_period: "Fiscal period",
  fiscal_quarter: "Fiscal quarter",
  fiscal_year: "Fiscal year",
};

export const isGrain = (text: unknown): text is Grain => typeof text === "string" && text in GRAIN_TITLES;

/** The grain that draws a span with some 7 to 100 points. */
export function autoGrain(span: Span): Grain {
  const days = daysBetween(span.start, span.end);
  if (days <= 100) return "day";
  if (days <= 560) return "week";
  if (days <= 366 * 9) return "month";
  return "year";
}
