/**
 * Numbers and dates as the shop's locale writes them. One maker, `createFormat`, is given the shop's locale and currency;
 * everything shown on the page goes through what it returns. Percentages come as 12.5 for 12.5 %. Unknown is "–".
 */
import { toDate, type Grain, type Span } from "@/lib/days";

export const UNKNOWN = "–";

export interface FormatOptions {
  locale: string;
  currency: string;
  minorUnits: number;
  timezone: string;
}

export type Value = number | string | boolean | null | undefined;

export interface Format {
  /** The whole value with its unit: `€482,612.40`, `41.2%`, `9,214`. */
  full: (value: Value, unit: string) => string;
  /** Short enough for a card: `€482.6k`, `41.2%`, `9,214`. */
  compact: (value: Value, unit: string) => string;
  /** For the ticks of an axis: `€24k`, `40%`. */
  axis: (value: number, unit: string) => string;
  /** A difference with its sign: `+€12.3k`, `−0.4 pt` (a difference of percentages is in points). */
  change: (value: Value, unit: string) => string;
  /** A relative change in percent with its sign: `+8.4%`. */
  rate: (value: Value) => string;
  count: (value: Value) => string;
  /** The whole value without a currency sign, for a table whose head has it. */
  plain: (value: Value, unit: string) => string;
  /** What follows a title: `€`, `%`, `days`. Empty for plain counts. */
  unit: (unit: string) => string;
  day: (day: string) => string;
  /** Short label of a bucket on an axis: `1 Sep`, `Sep 2026`, `Q3 2026`. */
  bucket: (day: string, grain: Grain) => string;
  span: (span: Span) => string;
  /** A moment (ISO, UTC) as time of day when it is today, else as the day. */
  moment: (moment: string) => string;
  /** The day of a moment (ISO, UTC) in the shop's time zone. */
  dayOf: (moment: string) => string;
  /** A moment (ISO, UTC) in full, with day and seconds. */
  instant: (moment: string) => string;
  bytes: (size: number) => string;
  seconds: (seconds: number) => string;
}

const SCALES: [number, string][] = [
  [1e12, "tn"],
  [1e9, "bn"],
  [1e6, "M"],
  [1e3, "k"],
];

/** The sign of subtraction for a hyphen; and nothing before a value that rounds to zero. */
const minus = (text: string): string => (/[1-9]/.test(text) ? text.replace(/-/g, "−") : text.replace(/-/g, ""));

const asNumber = (value: Value): number | null => {
  if (value === null || value === undefined || value === "" || typeof value === "boolean") return null;
  const number = typeof value === "number" ? value : Number(value);
  return Number.isFinite(number) ? number : null;
};

function numbers(locale: string) {
  const kept = new Map<string, Intl.NumberFormat>();
  return (options: Intl.NumberFormatOptions): Intl.NumberFormat => {
    const key = JSON.stringify(options);
    let made = kept.get(key);
    if (!made) {
      made = new Intl.NumberFormat(locale, options);
      kept.set(key, made);
    }
    return made;
  };
}

/** The scale for a short form, chosen so that rounding never shows `1,000.0k`. */
function scaleOf(value: number, from: number): [number, string] | null {
  const size = Math.abs(value);
  if (size < from) return null;
  return SCALES.find(([scale]) => size >= scale * 0.99995) ?? null;
}

export function createFormat(options: FormatOptions): Format {
  const { currency, minorUnits, timezone } = options;
  const locale = usable(options.locale);
  const number = numbers(locale);
  const dates = (form: Intl.DateTimeFormatOptions, zone = "UTC") =>
    new Intl.DateTimeFormat(locale, { ...form, timeZone: zone });
  const short = { day: "numeric", month: "short", year: "numeric" } as const;
  const dayForm = dates(short);
  const dayMonth = dates({ day: "numeric", month: "short" });
  const monthYear = dates({ month: "short", year: "numeric" });
  const clock = dates({ hour: "2-digit", minute: "2-digit" }, timezone);
  const clockInFull = dates({ hour: "2-digit", minute: "2-digit", second: "2-digit" }, timezone);
  const momentDay = dates(short, timezone);
  // Some locale data write "Sept"; every other month has three letters.
  const trim = (text: string) => text.replace("Sept", "Sep");

  const money = (value: number, digits: number, suffix = ""): string => {
    const parts = number({
      style: "currency",
      currency,
      currencyDisplay: "narrowSymbol",
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    }).formatToParts(value);
    const last = parts.findLastIndex((part) => part.type === "integer" || part.type === "fraction");
    return minus(parts.map((part, index) => part.value + (index === last ? suffix : "")).join(""));
  };
  const plain = (value: number, least: number, most: number): string =>
    minus(number({ minimumFractionDigits: least, maximumFractionDigits: most }).format(value));
  const percent = (value: number, digits = 1): string =>
    minus(
      number({ style: "percent", minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value / 100),
    );

  const full = (raw: Value, unit: string): string => {
    const value = asNumber(raw);
    if (value === null) return raw === null || raw === undefined || raw === "" ? UNKNOWN : String(raw);
    if (unit === "money") return money(value, minorUnits);
    if (unit === "percent") return percent(value);
    if (unit === "points") return `${plain(value, 1, 1)} pt`;
    if (unit === "count") return plain(value, 0, 0);
    if (unit === "units") return plain(value, 0, 2);
    if (unit === "days") return `${plain(value, 1, 1)} d`;
    if (unit === "units/day") return `${plain(value, 0, 1)} a day`;
    if (unit === "ratio") return plain(value, 2, 2);
    return plain(value, 0, 2);
  };

  const compact = (raw: Value, unit: string): string => {
    const value = asNumber(raw);
    if (value === null) return full(raw, unit);
    const scale = scaleOf(value, 10_000);
    if (!scale || unit === "percent" || unit === "points") return full(value, unit);
    // One decimal of thousands, two of a few millions: about the same precision.
    const digits = scale[0] > 1e3 && Math.abs(value) < 10 * scale[0] ? 2 : 1;
    if (unit === "money") return money(value / scale[0], digits, scale[1]);
    return Math.abs(value) < 99_999.5 ? full(value, unit) : plain(value / scale[0], digits, digits) + scale[1];
  };

  const axis = (value: number, unit: string): string => {
    const scale = scaleOf(value, 1000);
    const scaled = scale ? value / scale[0] : value;
    const digits = Number.isInteger(scaled) ? 0 : Math.abs(scaled) < 1 ? 2 : 1;
    if (unit === "money") return money(scaled, digits, scale?.[1] ?? "");
    if (unit === "percent") return percent(value, Number.isInteger(value) ? 0 : 1);
    return plain(scaled, 0, digits) + (scale?.[1] ?? "");
  };

  const signed = (value: number, text: string): string => (value > 0 && /[1-9]/.test(text) ? `+${text}` : text);

  const bucket = (day: string, grain: Grain): string => {
    const date = toDate(day);
    if (grain === "month") return trim(monthYear.format(date));
    if (grain === "quarter") return `Q${Math.floor(date.getUTCMonth() / 3) + 1} ${date.getUTCFullYear()}`;
    if (grain === "year") return String(date.getUTCFullYear());
    return trim(dayMonth.format(date));
  };

  return {
    full,
    compact,
    axis,
    bucket,
    change: (raw, unit) => {
      const value = asNumber(raw);
      if (value === null) return UNKNOWN;
      return signed(value, compact(value, unit === "percent" ? "points" : unit));
    },
    rate: (raw) => {
      const value = asNumber(raw);
      if (value === null) return UNKNOWN;
      const size = Math.abs(value);
      if (size >= 1000) return signed(value, `${plain(value, 0, 0)}%`);
      return signed(value, percent(value));
    },
    count: (raw) => full(raw, "count"),
    plain: (raw, unit) => {
      const value = unit === "money" ? asNumber(raw) : null;
      return value === null ? full(raw, unit) : plain(value, minorUnits, minorUnits);
    },
    unit: (unit) => {
      if (unit === "money") {
        const parts = number({ style: "currency", currency, currencyDisplay: "narrowSymbol" }).formatToParts(0);
        return parts.find((part) => part.type === "currency")?.value ?? currency;
      }
      return { percent: "%", days: "days", units: "units", "units/day": "units a day" }[unit] ?? "";
    },
    day: (day) => trim(dayForm.format(toDate(day))),
    span: ({ start, end }) =>
      trim(start === end ? dayForm.format(toDate(start)) : dayForm.formatRange(toDate(start), toDate(end))).replace(
        /\s*–\s*/,
        " – ",
      ),
    moment: (moment) => {
      const date = new Date(moment);
      const today = momentDay.format(date) === momentDay.format(new Date());
      return today ? clock.format(date) : `${trim(momentDay.format(date))}, ${clock.format(date)}`;
    },
    dayOf: (moment) => trim(momentDay.format(new Date(moment))),
    instant: (moment) => `${trim(momentDay.format(new Date(moment)))}, ${clockInFull.format(new Date(moment))}`,
    bytes: (size) => {
      if (size < 1000) return `${plain(size, 0, 0)} B`;
      if (size < 1e6) return `${plain(size / 1e3, 0, 1)} kB`;
      if (size < 1e9) return `${plain(size / 1e6, 0, 1)} MB`;
      return `${plain(size / 1e9, 0, 1)} GB`;
    },
    seconds: (seconds) =>
      seconds < 60 ? `${plain(seconds, 0, 1)} s` : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`,
  };
}

/** The locale if the browser knows it, else English: a wrong setting must not take the page down. */
function usable(locale: string): string {
  try {
    return Intl.NumberFormat.supportedLocalesOf(locale)[0] ?? "en-GB";
  } catch {
    return "en-GB";
  }
}
