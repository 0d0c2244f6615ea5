/** Up to six products side by side: the declared page, and the choice of the products, which is a filter of the address. */
import { MultiSelect } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { query } from "@/api/calls";
import { useShop } from "@/api/shop";
import { Dashboard } from "@/dashboards/Dashboard";
import { useSetView, useView } from "@/lib/useView";
import { readFilters, withFilter, withoutFilter, writeFilters } from "@/lib/where";
import { useAsked } from "@/panels/Panels";
import { Empty, Page } from "@/ui/Parts";

const MOST = 6;
const CHOICE = { dimension: "product_id", op: "=" } as const;

export function Compare() {
  const { where } = useView();
  const chosen = readFilters(where ?? []).find((one) => one.dimension === CHOICE.dimension && one.op === "=");
  const picker = <ProductPicker chosen={chosen?.values ?? []} />;
  return chosen ? (
    <Dashboard name="sales_compare" aside={picker} />
  ) : (
    <Page title="Compare products" purpose="Up to six products side by side, over the period and since their launch." aside={picker}>
      <Empty title="Choose the products to compare">
        <span>Type a name or a SKU above, up to six. The choice is part of the address, so it can be shared.</span>
      </Empty>
    </Page>
  );
}

/** The products by name; the best sellers of the period are offered before anything is typed. */
function ProductPicker({ chosen }: { chosen: string[] }) {
  const { release } = useShop();
  const { view } = useAsked();
  const { where } = useView();
  const setView = useSetView();
  const [typed, setTyped] = useState("");
  const [wanted] = useDebouncedValue(typed.trim(), 200);
  const ask = (filter: { dimension: string; op: "contains" | "in"; values: string[] }[], limit: number) => ({
    metrics: ["revenue"],
    by: ["product_id", "product"],
    sort: ["-revenue"],
    limit,
    compare: "none" as const,
    period: "all" as const,
    where: filter,
    ...(view.as_of ? { as_of: view.as_of } : {}),
  });
  const byName = useQuery({
    queryKey: ["compare", release, "name", wanted],
    queryFn: ({ signal }) => query(ask(wanted ? [{ dimension: "product", op: "contains", values: [wanted] }] : [], 20), signal),
    enabled: release !== null,
    placeholderData: (before) => before,
  });
  const named = useQuery({
    queryKey: ["compare", release, "chosen", chosen],
    queryFn: ({ signal }) => query(ask([{ dimension: "product_id", op: "in", values: chosen }], MOST), signal),
    enabled: release !== null && chosen.length > 0,
  });
  const titles = new Map<string, string>(chosen.map((one) => [one, one]));
  for (const row of [...(byName.data?.rows ?? []), ...(named.data?.rows ?? [])]) {
    if (row.product_id !== null) titles.set(String(row.product_id), `${String(row.product ?? row.product_id)} · ${String(row.product_id)}`);
  }
  return (
    <MultiSelect
      aria-label="Products to compare"
      placeholder={chosen.length ? undefined : "Name or SKU"}
      w={{ base: "100%", sm: 380 }}
      searchable
      clearable
      maxValues={MOST}
      nothingFoundMessage="No product has this in its name"
      data={[...titles].map(([value, label]) => ({ value, label }))}
      value={chosen}
      searchValue={typed}
      onSearchChange={setTyped}
      // What the server found for the words is shown as it came.
      filter={({ options }) => options}
      onChange={(values) =>
        setView({
          where: values.length
            ? withFilter(where ?? [], { ...CHOICE, values: values.slice(0, MOST) })
            : writeFilters(withoutFilter(where ?? [], CHOICE)),
        })
      }
    />
  );
}
