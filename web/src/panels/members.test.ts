import { beforeEach, describe, expect, it, vi } from "vitest";
import { currentUser } from "@/api/session";
import type { Row } from "@/api/types";
import { leadsOn, withMembers } from "@/panels/members";

vi.mock("@/api/session", () => ({ currentUser: vi.fn() }));
// Drawing it needs a browser; here only where it leads to is.
vi.mock("@/panels/SegmentMap", () => ({ segmentPath: (name: string) => `/customers/segments/${name}` }));

const sees = (modules: string[] | null) =>
  vi.mocked(currentUser).mockReturnValue({ modules } as ReturnType<typeof currentUser>);

describe("customers who are named", () => {
  beforeEach(() => sees(null));

  it("lead to their pages where those are open", () => {
    expect(leadsOn("C0000209")).toBe(true);
    sees(["returns", "customers"]);
    expect(leadsOn("C0000209")).toBe(true);
    sees(["returns"]);
    expect(leadsOn("C0000209")).toBe(false);
  });

  it("lead nowhere where their number is masked", () => {
    expect(leadsOn("guest •••")).toBe(false);
    expect(leadsOn("a•••@•••")).toBe(false);
  });

  it("stay what a table makes of them where they do not", () => {
    const plain = (row: Row) => `only ${String(row.customer_id)}`;
    const [column] = withMembers([{ name: "customer_id", title: "Customer", value: () => null, show: plain }], undefined);
    const shown = (name: string | null) => column?.show?.({ customer_id: name });
    expect(shown("C1")).not.toBe("only C1");
    expect(shown(null)).toBe("only null");
    expect(shown("(all others)")).toBe("only (all others)");
    sees(["returns"]);
    expect(shown("C1")).toBe("only C1");
  });
});
