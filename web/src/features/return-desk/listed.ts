/** What the address says of the desk: the board or the list, what is searched for, filters, order and page. */
import type { DeskStep, DeskWords, ReturnsWanted } from "@/api/types";

/** The orders that the list is offered in, the usual first. */
export const SORTS: readonly (readonly [string, string])[] = [
  ["-initiated_at", "Newest first"],
  ["initiated_at", "Oldest first"],
  ["-age", "Longest waiting"],
  ["step", "By step"],
  ["-goods_value", "Highest value"],
  ["-refund_total", "Most given back"],
];
export const USUAL = "-initiated_at";

/** The filters as an address that has none of them; the page belongs to them. */
export const NO_FILTERS = {
  step: undefined,
  outcome: undefined,
  reason: undefined,
  open: undefined,
  late: undefined,
  settle: undefined,
  page: undefined,
};

export interface Listed {
  step: DeskStep | undefined;
  outcome: string | undefined;
  reason: string | undefined;
  open: boolean;
  late: boolean;
  settle: boolean;
  sort: string;
  page: number;
}

type Raw = Record<string, unknown>;
export type Choices = Pick<DeskWords, "steps" | "outcomes" | "reasons">;

/** Which of the two is shown, and what was searched for. A number that was scanned is a text like any other. */
export const readDesk = (raw: Raw): { view: "board" | "list"; search: string } => ({
  view: raw.view === "list" ? "list" : "board",
  search: typeof raw.search === "string" || typeof raw.search === "number" ? String(raw.search).trim() : "",
});

/** Filters, order and page; what the desk does not know is left out, so that a wrong link still opens. */
export function readListed(raw: Raw, words: Choices): Listed {
  const one = <Value extends string>(value: unknown, known: readonly { value: Value }[]): Value | undefined =>
    known.find((choice) => choice.value === value)?.value;
  const on = (value: unknown) => value === true || value === "true";
  const page = Number(raw.page);
  return {
    step: one(raw.step, words.steps),
    outcome: one(raw.outcome, words.outcomes),
    reason: one(raw.reason, words.reasons),
    open: on(raw.open),
    late: on(raw.late),
    settle: on(raw.settle),
    sort: SORTS.find(([name]) => name === raw.sort)?.[0] ?? USUAL,
    page: Number.isInteger(page) && page >= 1 && page <= 1_000_000 ? page : 1,
  };
}

/** As the server is asked: only what narrows. */
export const wantedOf = (listed: Listed, search: string): ReturnsWanted => ({
  ...(search ? { search } : {}),
  ...(listed.step ? { step: [listed.step] } : {}),
  ...(listed.outcome ? { outcome: listed.outcome } : {}),
  ...(listed.reason ? { reason: listed.reason } : {}),
  ...(listed.open ? { open: true } : {}),
  ...(listed.late ? { overdue: true } : {}),
  ...(listed.settle ? { conflict: true } : {}),
  sort: listed.sort,
});
