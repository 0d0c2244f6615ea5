import { describe, expect, it } from "vitest";
import { actionTitle, differences } from "@/features/audit/words";

describe("the audit log in words", () => {
  it("says an action as a person does", () => {
    expect(actionTitle("person.consent_changed")).toBe("Person consent changed");
  });

  it("sets before and after beside each other, field by field", () => {
    expect(differences({ role: "analyst" }, { role: "manager", is_active: true, rows: ["a", "b"] })).toEqual([
      { name: "Role", before: "analyst", after: "manager" },
      { name: "Is active", before: "–", after: "yes" },
      { name: "Rows", before: "–", after: "a, b" },
    ]);
    expect(differences(null, null)).toEqual([]);
    expect(differences(null, 7)).toEqual([{ name: "Value", before: "–", after: "7" }]);
  });
});
