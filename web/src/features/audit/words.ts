/** Actions and values of the audit log in words. */

/** `person.consent_changed` as a person says it. */
export const actionTitle = (action: string): string => {
  const text = action.replace(/[._]/g, " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
};

export interface Difference {
  name: string;
  before: string;
  after: string;
}

const isFields = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export function inWords(value: unknown): string {
  if (value === null || value === undefined || value === "") return "–";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value) && value.every((one) => typeof one !== "object")) return value.join(", ") || "–";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** What was before and after, field by field; a single value goes by the name "Value". */
export function differences(before: unknown, after: unknown): Difference[] {
  if (!isFields(before) && !isFields(after)) {
    return before === null && after === null
      ? []
      : [{ name: "Value", before: inWords(before), after: inWords(after) }];
  }
  const old = isFields(before) ? before : {};
  const now = isFields(after) ? after : {};
  return [...new Set([...Object.keys(old), ...Object.keys(now)])].map((name) => ({
    name: name.replace(/_/g, " ").replace(/^./, (letter) => letter.toUpperCase()),
    before: inWords(old[name]),
    after: inWords(now[name]),
  }));
}
