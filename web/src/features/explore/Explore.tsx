/** Ask any metric by any dimension at any grain; the address holds the question, so it can be shared. */
import { Checkbox, Select } from "@mantine/core";
import { useSearch } from "@tanstack/react-router";
import { useShop } from "@/api/shop";
import type { KpiPanelSpec, Metric, TablePanelSpec } from "@/api/types";
import styles from "@/features/explore/explore.module.css";
import { Calls } from "@/features/explore/Calls";
import { Finder, type Choice } from "@/features/explore/Finder";
import { Pivot } from "@/features/explore/Pivot";
import { GRAIN_TITLES, type Grain } from "@/lib/days";
import {
  CHART_TITLES,
  chartsFor,
  DEFAULT_LIMIT,
  readExploration,
  type ChartKind,
  type Exploration,
} from "@/lib/explore";
import { DOMAINS } from "@/lib/pages";
import { useSetView } from "@/lib/useView";
import { askedTogether } from "@/panels/together";
import { ChartPanel, Kpi, TablePanel, useAsked } from "@/panels/Panels";
import { Page, Pane } from "@/ui/Parts";
import { PageLink } from "@/ui/PageLink";

export function Explore() {
  const search = useSearch({ strict: false }) as Record<string, unknown>;
  const asked = readExploration(search);
  return (
    <Page
      title="Explore"
      purpose="Any metric by any dimension. The address holds the question: copy it to share what you see."
    >
      <div className={styles.layout}>
        <Builder asked={asked} />
        <div className={styles.result}>{asked.metrics.length ? <Result asked={asked} /> : <Starts />}</div>
      </div>
    </Page>
  );
}

/** Whether a metric can be cut by these dimensions and this grain; why not, in words. */
function whyNot(metric: Metric, asked: Exploration, title: (dimension: string) => string): string | undefined {
  if (!metric.available) return `Waits for data: ${metric.missing.join(", ")}`;
  const strange = [...asked.rows, ...(asked.series ? [asked.series] : [])].find(
    (name) => !metric.dimensions.includes(name),
  );
  if (strange) return `Not known by ${title(strange).toLowerCase()}`;
  if (asked.grain && !metric.grains.includes(asked.grain))
    return `Not known by ${GRAIN_TITLES[asked.grain].toLowerCase()}`;
  return undefined;
}

function Builder({ asked }: { asked: Exploration }) {
  const { metrics, dimensions, shop } = useShop();
  const setView = useSetView();
  const chosen = asked.metrics.flatMap((name) => metrics.get(name) ?? []);
  const title = (name: string) => dimensions.get(name)?.title ?? name;
  const metricChoices: Choice[] = [...metrics.values()].map((metric) => ({
    name: metric.name,
    title: metric.title,
    about: `${metric.name} ${metric.formula} ${metric.basis}`,
    group: DOMAINS.find((page) => page.name === metric.domain)?.title ?? metric.domain,
    hint: metric.formula,
    blocked: whyNot(metric, asked, title),
  }));
  const dimensionChoices = (other: string[]): Choice[] =>
    [...dimensions.values()].map((dimension) => {
      const unknown = chosen.find((metric) => !metric.dimensions.includes(dimension.name));
      return {
        name: dimension.name,
        title: dimension.title,
        about: `${dimension.name} ${dimension.description}`,
        hint: dimension.description,
        blocked: unknown
          ? `${unknown.title} is not known by it`
          : other.includes(dimension.name)
            ? "Already chosen"
            : undefined,
      };
    });
  const grains = shop.grains.filter((grain) => chosen.every((metric) => metric.grains.includes(grain)));
  const charts = chartsFor(asked, (name) => metrics.get(name)?.unit ?? "");
  const chart = chartOf(asked, charts);
  const change = (part: Record<string, unknown>) => setView({ ...part });
  return (
    <section className={styles.side} aria-label="The question">
      <Finder
        label="Metrics"
        placeholder="Find by name or meaning"
        choices={metricChoices}
        chosen={asked.metrics}
        many
        none="Choose what to measure"
        onChange={(names) => change({ metrics: names, sort: undefined })}
      />
      <Finder
        label="Rows"
        placeholder="Find a dimension"
        choices={dimensionChoices(asked.series ? [asked.series] : [])}
        chosen={asked.rows}
        many
        none="One number for all"
        onChange={(names) => change({ by: names, sort: undefined })}
      />
      <Finder
        label="Colour, or columns of a table"
        placeholder="Find a dimension"
        choices={dimensionChoices(asked.rows)}
        chosen={asked.series ? [asked.series] : []}
        many={false}
        none="None"
        onChange={([name]) => change({ series: name })}
      />
      <div className={styles.field}>
        <Select
          label="Time"
          data={[
            { value: "none", label: "The whole period" },
            ...grains.map((grain) => ({ value: grain, label: `By ${GRAIN_TITLES[grain].toLowerCase()}` })),
          ]}
          value={asked.grain ?? "none"}
          allowDeselect={false}
          onChange={(value) => change({ grain: value === "none" ? undefined : (value as Grain), sort: undefined })}
        />
      </div>
      {asked.rows.length || asked.series ? (
        <div className={styles.field}>
          <Select
            label="How many"
            data={["5", "7", "10", "20", "50", "100", "500"].map((value) => ({ value, label: `The first ${value}` }))}
            value={String(asked.limit)}
            allowDeselect={false}
            onChange={(value) => change({ limit: Number(value) === DEFAULT_LIMIT ? undefined : value })}
          />
          <Checkbox
            size="xs"
            label="All others as one"
            checked={asked.others}
            onChange={(event) => change({ others: event.currentTarget.checked ? undefined : "false" })}
          />
        </div>
      ) : null}
      {charts.length ? (
        <div className={styles.field} role="group" aria-label="Shown as">
          <div className={styles.fieldHead}>
            <span>Shown as</span>
          </div>
          <div className={styles.words}>
            {charts.map((kind, index) => (
              <button
                key={kind}
                type="button"
                className={styles.option}
                aria-pressed={kind === chart}
                title={index === 0 ? "Suggested for this question" : undefined}
                onClick={() => change({ chart: index === 0 ? undefined : kind })}
              >
                {CHART_TITLES[kind]}
              </button>
            ))}
          </div>
        </div>
      ) : null}
    </section>
  );
}

const chartOf = (asked: Exploration, charts: ChartKind[]): ChartKind =>
  asked.chart && charts.includes(asked.chart) ? asked.chart : (charts[0] ?? "table");

function Result({ asked }: { asked: Exploration }) {
  const { metrics, dimensions } = useShop();
  const { view } = useAsked();
  const chart = chartOf(
    asked,
    chartsFor(asked, (name) => metrics.get(name)?.unit ?? ""),
  );
  const titles = asked.metrics.map((name) => metrics.get(name)?.title ?? name);
  const by = [...asked.rows, ...(asked.series ? [asked.series] : [])].map(
    (name) => dimensions.get(name)?.title ?? name,
  );
  const title = [titles.join(", "), by.join(" and ").toLowerCase()].filter(Boolean).join(" by ");
  const cut = [...asked.rows, ...(asked.series ? [asked.series] : [])];
  const sort = asked.sort ?? (asked.grain ? undefined : `-${asked.metrics[0]}`);
  const key = JSON.stringify([asked, chart]);
  return (
    <>
      {chart === "numbers" ? (
        <Numbers names={asked.metrics} />
      ) : chart === "table" && asked.series && (asked.rows.length || asked.grain) ? (
        <Pivot key={key} asked={asked} title={title} />
      ) : chart === "table" ? (
        <TablePanel key={key} panel={tableOf(asked, cut, title, sort)} />
      ) : (
        <ChartPanel key={key} panel={chartPanel(asked, chart, title)} />
      )}
      <Calls
        question={{
          ...view,
          metrics: asked.metrics,
          ...(cut.length ? { by: cut, limit: asked.limit, others: asked.others } : {}),
          ...(asked.grain ? { grain: asked.grain } : {}),
          ...(sort && cut.length ? { sort: [sort] } : {}),
        }}
      />
    </>
  );
}

function Numbers({ names }: { names: string[] }) {
  const { metrics } = useShop();
  const { view } = useAsked();
  const cards = names.map((name): KpiPanelSpec => {
    const metric = metrics.get(name);
    return {
      ...base(name, metric?.title ?? name),
      kind: "kpi",
      metrics: [name],
      sparkline: Boolean(metric?.grains.length),
    };
  });
  const together = askedTogether(cards, metrics, view.where);
  return (
    <div className={styles.numbers}>
      {cards.map((card) => (
        <Kpi key={card.id} panel={card} together={together.get(card.id) ?? []} />
      ))}
    </div>
  );
}

const base = (id: string, title: string) => ({ id, title, span: 12, height: null, note: null });

const tableOf = (asked: Exploration, cut: string[], title: string, sort: string | undefined): TablePanelSpec => ({
  ...base("explore", title),
  kind: "table",
  metrics: asked.metrics,
  by: cut,
  grain: asked.grain ?? null,
  sort: sort ? [sort] : [],
  limit: asked.limit,
  bars: asked.metrics.slice(0, 1),
  height: 560,
});

type Drawn = Parameters<typeof ChartPanel>[0]["panel"];

function chartPanel(asked: Exploration, chart: ChartKind, title: string): Drawn {
  const [first] = asked.metrics as [string, ...string[]];
  const common = { ...base("explore", title), height: 420 };
  switch (chart) {
    case "rank":
    case "share":
      return {
        ...common,
        height: chart === "share" ? 300 : null,
        kind: chart,
        metrics: [first],
        by: [asked.rows[0] ?? ""],
        limit: asked.limit,
        others: asked.others,
      };
    case "heatmap": {
      const [down = "", across = ""] = [...asked.rows, ...(asked.series ? [asked.series] : [])];
      return { ...common, kind: "heatmap", metrics: [first], by: [down, across] };
    }
    default:
      return {
        ...common,
        kind: chart === "area" || chart === "bar" || chart === "combo" ? chart : "line",
        metrics: asked.metrics,
        by: asked.series ? [asked.series] : asked.rows.slice(0, 1),
        grain: asked.grain ?? null,
        stacked: chart === "area" || (chart === "bar" && asked.series !== undefined),
        limit: Math.min(asked.limit, 7),
      };
  }
}

const STARTS: { title: string; hint: string; search: Record<string, unknown> }[] = [
  {
    title: "Revenue by country",
    hint: "A ranking, with the rest as one",
    search: { metrics: "revenue", by: "country" },
  },
  {
    title: "Orders by hour and day of the week",
    hint: "When people buy",
    search: { metrics: "orders", by: "weekday", series: "hour" },
  },
  {
    title: "Revenue by category over time",
    hint: "What grows, what shrinks",
    search: { metrics: "revenue", series: "category", grain: "month", chart: "area" },
  },
  {
    title: "Best products with their margin",
    hint: "A table to sort",
    search: { metrics: ["revenue", "units_sold", "gross_margin_rate"], by: "product" },
  },
  {
    title: "Revenue and orders by week",
    hint: "Two scales in one picture",
    search: { metrics: ["revenue", "orders"], grain: "week" },
  },
  {
    title: "New and returning customers",
    hint: "Who bought in the period",
    search: { metrics: ["new_customers", "returning_customers"], grain: "month" },
  },
];

function Starts() {
  return (
    <Pane title="Choose a metric, or begin with one of these">
      <div className={styles.starts}>
        {STARTS.map((start) => (
          <PageLink key={start.title} path="/explore" add={start.search} className={styles.start}>
            {start.title}
            <small>{start.hint}</small>
          </PageLink>
        ))}
      </div>
    </Pane>
  );
}
