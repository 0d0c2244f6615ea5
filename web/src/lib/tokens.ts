/**
 * The colours of the page, once: the page gets them as CSS variables (`--pane`, `--ink` …), charts get them as values.
 * Text on its ground has a contrast of 4.5 or more in both schemes, a line or bar on its ground 3 or more.
 */
export type Scheme = "light" | "dark";

export interface Palette {
  bg: string;
  pane: string;
  sunken: string;
  ink: string;
  dim: string;
  line: string;
  accent: string;
  accentInk: string;
  accentSoft: string;
  comparison: string;
  good: string;
  goodSoft: string;
  bad: string;
  badSoft: string;
  warning: string;
  warningSoft: string;
  /** Series: the accent is "us, now"; told apart with every common colour blindness; the last is for "other". */
  series: readonly string[];
}

export const PALETTES: Record<Scheme, Palette> = {
  light: {
    bg: "#f7f7f5",
    pane: "#ffffff",
    sunken: "#f1f1ee",
    ink: "#1c1f23",
    dim: "#5c636b",
    line: "#e4e4e0",
    accent: "#0b6e6e",
    accentInk: "#ffffff",
    accentSoft: "#e7f1f0",
    comparison: "#a9b0b7",
    good: "#0a6b4b",
    goodSoft: "#e4f3ec",
    bad: "#a8321a",
    badSoft: "#fbe9e4",
    warning: "#8a5a00",
    warningSoft: "#fdf1d8",
    series: ["#0b6e6e", "#d07a1f", "#4a63b8", "#b0427a", "#7f8420", "#3a8fb0", "#7a4f9a", "#a9b0b7"],
  },
  dark: {
    bg: "#121417",
    pane: "#1a1d21",
    sunken: "#22262b",
    ink: "#e9ebed",
    dim: "#a0a8b0",
    line: "#2b3036",
    accent: "#4cc2bd",
    accentInk: "#0c1a1a",
    accentSoft: "#1c3334",
    comparison: "#5d6670",
    good: "#6fd3a6",
    goodSoft: "#17332a",
    bad: "#f49a84",
    badSoft: "#43221b",
    warning: "#efc26a",
    warningSoft: "#3a2d12",
    series: ["#4cc2bd", "#f0a45a", "#8fa5f0", "#e887b5", "#c5c95e", "#8fd0e8", "#b98fd9", "#5d6670"],
  },
};

/** The palette as CSS variables. */
export function variables(scheme: Scheme): Record<string, string> {
  const { series, ...plain } = PALETTES[scheme];
  const named = Object.entries(plain).map(([name, value]) => [
    `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
    value,
  ]);
  return Object.fromEntries([...named, ...series.map((value, index) => [`--series-${index}`, value])]) as Record<
    string,
    string
  >;
}

export const FONT = '"Inter Variable", system-ui, -apple-system, "Segoe UI", sans-serif';
