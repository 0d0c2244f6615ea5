/** What the workspace's settings are, and how to change them. They live in one file, so they are shown here, not edited. */
import { useShop } from "@/api/shop";
import { currentUser } from "@/api/session";
import { Code, Facts, Page, Pane } from "@/ui/Parts";

const PRESETS: Record<string, string> = {
  source: "source: the documents' own metrics",
  shopify: "shopify: agrees with a Shopify admin",
  finance: "finance: net of everything, by refund date",
};

const EXAMPLE = (name: string, currency: string, timezone: string, week: string): string =>
  [
    `name = ${JSON.stringify(name)}`,
    `currency = "${currency}"`,
    `timezone = "${timezone}"`,
    `week_start = "${week}"`,
  ].join("\n");

export function Settings() {
  const { shop, format } = useShop();
  const user = currentUser();
  return (
    <Page title="Settings" purpose="How this workspace counts days, money and weeks.">
      <div
        style={{
          display: "grid",
          gap: 12,
          gridTemplateColumns: "repeat(auto-fit, minmax(min(100%, 380px), 1fr))",
          alignItems: "start",
          maxWidth: 1240,
        }}
      >
        <Pane title="Shop" sub="every number on every page follows these">
          <Facts
            items={[
              ["Name", shop.name],
              ["Reporting currency", shop.currency],
              ["Time zone", `${shop.timezone}: a day begins and ends there`],
              ["Numbers and dates", `${shop.locale}: ${format.full(1234567.89, "money")}, ${format.day(shop.today)}`],
              ["A week starts on", shop.week_start.replace(/^./, (letter) => letter.toUpperCase())],
              ["Metrics shown", PRESETS[shop.preset] ?? shop.preset],
              ["Today, for periods", format.day(shop.today)],
              ["Shop in rows without one", shop.shop_id],
              ["Numbers are counted by", shop.engine],
            ]}
          />
        </Pane>
        <Pane title="Change them" sub="in tillsight.toml, in the folder of the workspace">
          <p style={{ marginBottom: 10 }}>
            Edit the file and start the server again. An environment variable such as TILLSIGHT_CURRENCY comes before
            the file. A change of currency or time zone takes effect with the next build.
          </p>
          <Code label="tillsight.toml" text={EXAMPLE(shop.name, shop.currency, shop.timezone, shop.week_start)} />
        </Pane>
        <Pane title="Signed in">
          <Facts
            items={[
              ["User", user?.name ?? "–"],
              ["Role", user?.role ?? "–"],
            ]}
          />
        </Pane>
      </div>
    </Page>
  );
}
