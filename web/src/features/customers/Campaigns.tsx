/** Campaigns: the declared page, and the choice of the campaign; its days come with it. */
import { Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { analysisQuery } from "@/api/queries";
import { useShop } from "@/api/shop";
import { Dashboard } from "@/dashboards/Dashboard";
import { RulesPicker } from "@/features/customers/RulesPicker";
import { useSetView, useView } from "@/lib/useView";
import { useAsked } from "@/panels/Panels";

/** Without a choice the page shows the first campaign in the days of the view, as the analysis does. */
function CampaignPicker() {
  const { release, format } = useShop();
  const { campaign } = useView();
  const setView = useSetView();
  const { view } = useAsked();
  const asked = { compare: "none" as const, where: view.where, ...(view.as_of ? { as_of: view.as_of } : {}) };
  const found = useQuery({ ...analysisQuery(release, "customers.campaigns", asked), enabled: release !== null });
  const rows = found.data?.rows ?? [];
  return (
    <Select
      aria-label="Campaign"
      w="min(350px, calc(100vw - 2rem))"
      placeholder={found.data && !rows.length ? "No campaign has members" : "Choose a campaign"}
      disabled={!rows.length}
      data={rows.map((row) => ({
        value: String(row.campaign_id),
        label: `${String(row.campaign_id)} · ${format.day(String(row.first_day))} · ${format.count(Number(row.customers))} addressed`,
      }))}
      value={campaign ?? null}
      allowDeselect={false}
      searchable={rows.length > 8}
      onChange={(name) => {
        const chosen = rows.find((row) => row.campaign_id === name);
        if (chosen) setView({ campaign: name, period: undefined, from: chosen.first_day, to: chosen.last_day });
      }}
    />
  );
}

export function Campaigns() {
  return (
    <Dashboard
      name="customers_campaigns"
      aside={
        <>
          <CampaignPicker />
          <RulesPicker />
        </>
      }
    />
  );
}
