/** Everybody with an order: who they are, how they stand, and the way to each. */
import { CustomerTable } from "@/features/customers/CustomerTable";
import { RulesPicker } from "@/features/customers/RulesPicker";
import { Page, Pane } from "@/ui/Parts";

export function Customers() {
  return (
    <Page
      title="All customers"
      purpose="Everybody with an order by the end of the period, with scores and segment; press a number to see all about one."
      aside={<RulesPicker />}
    >
      <Pane label="Customers">
        <CustomerTable />
      </Pane>
    </Page>
  );
}
