/** Segments: the declared page, the choice of its rules, and the editor of one's own rules beside it. */
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { rulesQuery } from "@/api/queries";
import { currentUser } from "@/api/session";
import { Dashboard } from "@/dashboards/Dashboard";
import { RulesEditor } from "@/features/customers/RulesEditor";
import { DEFAULT_RULES, RulesPicker } from "@/features/customers/RulesPicker";
import { useView } from "@/lib/useView";
import { Side } from "@/ui/Side";

export function Segments() {
  const { preset } = useView();
  const rules = useQuery(rulesQuery);
  const [editing, setEditing] = useState(false);
  const user = currentUser();
  const writes = user?.role === "admin" || user?.role === "manager";
  const chosen = rules.data?.sets.find((set) => set.name === (preset ?? DEFAULT_RULES));
  return (
    <>
      <Dashboard
        name="customers_segments"
        aside={
          <>
            <RulesPicker />
            <Button variant="default" disabled={!chosen} onClick={() => setEditing(true)}>
              {chosen?.own && writes ? "Change the rules" : "Rules"}
            </Button>
          </>
        }
      />
      {editing && chosen && rules.data ? (
        <Side
          title={chosen.own && writes ? `Rules: ${chosen.title}` : "Own rules"}
          side="right"
          size={560}
          closeLabel="Close"
          onClose={() => setEditing(false)}
        >
          <RulesEditor
            key={chosen.name}
            set={chosen}
            fields={rules.data.fields}
            writes={writes}
            onClose={() => setEditing(false)}
          />
        </Side>
      ) : null}
    </>
  );
}
