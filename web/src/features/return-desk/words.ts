/** How the desk writes ages, money and steps. */
import type { DeskStep } from "@/api/types";
import type { Format } from "@/lib/format";
import type { Tone } from "@/ui/Parts";

/** The way of a return that is worked to its end; the sixth step is the one that its outcome leads to. */
export const WAY: readonly DeskStep[] = [
  "initiated",
  "return_label_generated",
  "in_transit",
  "received",
  "inspected",
  "refunded",
  "completed",
];

export const TONES: Record<DeskStep, Tone> = {
  initiated: "neutral",
  return_label_generated: "neutral",
  in_transit: "accent",
  received: "accent",
  inspected: "accent",
  refunded: "good",
  exchanged: "good",
  completed: "good",
  rejected: "bad",
  cancelled: "neutral",
};

/** What a press does, in two words, for a card or a row. */
export const DOES: Record<DeskStep, string> = {
  initiated: "Initiate",
  return_label_generated: "Make the label",
  in_transit: "On its way",
  received: "Has arrived",
  inspected: "Inspect",
  refunded: "Give money back",
  exchanged: "Send exchange",
  completed: "Close",
  rejected: "Reject",
  cancelled: "Cancel",
};

/** Steps that need no more than a press. */
export const PLAIN: readonly DeskStep[] = ["return_label_generated", "in_transit", "received", "completed"];

/** `40 min`, `7 h`, `3 d`. */
export function age(hours: number | null | undefined): string {
  if (hours === null || hours === undefined) return "–";
  if (hours < 1) return `${Math.max(0, Math.round(hours * 60))} min`;
  if (hours < 48) return `${Math.round(hours)} h`;
  return `${Math.round(hours / 24)} d`;
}

/** `3 d late`: how far beyond its target; empty where a return is in time. */
export function lateBy(one: { age_hours: number | null; target_hours: number | null; is_overdue: boolean }): string {
  return one.is_overdue ? `${age((one.age_hours ?? 0) - (one.target_hours ?? 0))} late` : "";
}

/** An amount in the currency of its return. */
export function money(format: Format, own: string, amount: unknown, currency: string): string {
  if (amount === null || amount === undefined) return "–";
  const value = Number(amount);
  return currency === own
    ? format.full(value, "money")
    : new Intl.NumberFormat(undefined, { style: "currency", currency }).format(value);
}

/** What a return is of: `1 × Linen shirt, M`; `2 units: Linen shirt, M; Wool scarf`. */
export function goods(one: { units: unknown; products: string | null }): string {
  const names = one.products ?? "unknown product";
  return names.includes("; ") ? `${units(one.units)} units: ${names}` : `${units(one.units)} × ${names}`;
}

/** `today`, `1 day ago`, `22 days ago`. */
export const daysAgo = (days: number): string => (days === 0 ? "today" : `${days} ${days === 1 ? "day" : "days"} ago`);

/** A count of units without needless decimals. */
export const units = (value: unknown): string => String(Number(value ?? 0));

/** An amount that was typed: a comma stands for a point; null where it is none. */
export function typed(text: string): number | null {
  const plain = text.trim().replace(",", ".");
  if (plain === "") return 0;
  return /^\d+(\.\d+)?$/.test(plain) ? Number(plain) : null;
}
