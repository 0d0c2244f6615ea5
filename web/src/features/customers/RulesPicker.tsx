/** Which rules make the segments of the page, and the way to one's own. */
import { Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { rulesQuery } from "@/api/queries";
import { useSetView, useView } from "@/lib/useView";

export const DEFAULT_RULES = "five";

export function RulesPicker() {
  const { preset } = useView();
  const setView = useSetView();
  const rules = useQuery(rulesQuery);
  const sets = rules.data?.sets ?? [];
  return (
    <Select
      aria-label="Rules of the segments"
      w={190}
      data={sets.map((set) => ({ value: set.name, label: set.own ? set.title : `${set.title} (preset)` }))}
      value={preset ?? DEFAULT_RULES}
      allowDeselect={false}
      onChange={(name) => setView({ preset: name === DEFAULT_RULES ? undefined : (name ?? undefined) })}
    />
  );
}
