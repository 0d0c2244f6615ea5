import { describe, expect, it } from "vitest";
import { readDesk, readListed, wantedOf, type Choices } from "@/features/return-desk/listed";
import { parseSearch, stringifySearch } from "@/lib/view";

const words = {
  steps: [{ value: "received", title: "Received", status: "approved", target_hours: 24 }],
  outcomes: [{ value: "refund", title: "Refund" }],
  reasons: [{ value: "too_small", title: "Too small", group: "Size", is_size: true }],
} satisfies Choices;

const asked = (address: string) => {
  const raw = parseSearch(address);
  return wantedOf(readListed(raw, words), readDesk(raw).search);
};

describe("the list of the desk in an address", () => {
  it("is read whole, and asked as it is written", () => {
    const address = "?view=list&search=DHL+77&step=received&outcome=refund&reason=too_small&open=true&late=true&settle=true&sort=-age&page=3";
    expect(asked(address)).toEqual({
      search: "DHL 77",
      step: ["received"],
      outcome: "refund",
      reason: "too_small",
      open: true,
      overdue: true,
      conflict: true,
      sort: "-age",
    });
    const raw = parseSearch(address);
    expect(readDesk(raw).view).toBe("list");
    expect(readListed(raw, words).page).toBe(3);
    expect(stringifySearch(raw)).toBe(address);
  });

  it("leaves out what it does not know, so that a wrong link still opens", () => {
    expect(asked("?view=x&step=lost&outcome=x&reason=x&open=maybe&sort=customer_id&page=-1")).toEqual({
      sort: "-initiated_at",
    });
    expect(readDesk({ view: "x", search: 4711 })).toEqual({ view: "board", search: "4711" });
    expect(readListed({ page: "1.5" }, words).page).toBe(1);
  });
});
