/** Set a goal or change one: checked while it is written, with what the target means against what came before. */
import { Button, NumberInput, Select, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { getValues, keepGoal } from "@/api/calls";
import { answerQuery } from "@/api/queries";
import { useShop } from "@/api/shop";
import type { Goal, GoalDraft, Metric } from "@/api/types";
import styles from "@/features/goals/goals.module.css";
import { numberOf } from "@/panels/answers";
import { Failed, Word } from "@/ui/Parts";

/** Distinct counts that sum over days, because what they count falls on one day. */
const ON_ONE_DAY = ["orders", "new_customers"];
const canBe = (metric: Metric): boolean =>
  metric.available &&
  metric.grains.includes("day") &&
  (metric.total === "additive" || ON_ONE_DAY.includes(metric.name));
const GRAINS = [
  { value: "day", label: "Day" },
  { value: "week", label: "Week" },
  { value: "month", label: "Month" },
];

export function GoalForm({
  goal,
  onClose,
  onKept,
}: {
  goal: Goal | null;
  onClose: () => void;
  onKept: () => Promise<void>;
}) {
  const { release, shop, metrics, dimensions, format } = useShop();
  const [cut, value] = (goal?.where[0] ?? "").split(/=(.*)/s);
  const [metric, setMetric] = useState(goal?.metric ?? "revenue");
  const [grain, setGrain] = useState<Goal["grain"]>(goal?.grain ?? "month");
  const [amount, setAmount] = useState<number | "">(goal ? Number(goal.amount) : "");
  const [dimension, setDimension] = useState<string | null>(cut || null);
  const [only, setOnly] = useState<string | null>(value || null);
  const [title, setTitle] = useState(goal?.title ?? "");
  const [starts, setStarts] = useState(goal?.starts ?? shop.today);
  const [ends, setEnds] = useState(goal?.ends ?? "");
  const found = metrics.get(metric);
  const unit = found?.unit ?? "ratio";
  // More cuts than one are set over the API; they stay as they are here.
  const simple = !goal || goal.where.length < 2;
  const where = simple ? (dimension && only ? [`${dimension}=${only}`] : []) : goal.where;
  const draft: GoalDraft = {
    title: title.trim(),
    metric,
    grain,
    where,
    amount: String(amount),
    amounts: goal?.amounts ?? {},
    starts: starts || null,
    ends: ends || null,
  };
  const keep = useMutation({ mutationFn: () => keepGoal(draft, goal), onSuccess: onKept });
  const period = grain === "month" ? ("last_month" as const) : grain === "week" ? ("last_week" as const) : ("yesterday" as const);
  const [asked] = useDebouncedValue({ metric, period, dimension, only }, 250);
  const before = useQuery({
    ...answerQuery(release, {
      metrics: [asked.metric],
      period: asked.period,
      where: asked.dimension && asked.only ? [{ dimension: asked.dimension, op: "=", values: [asked.only] }] : [],
    }),
    enabled: release !== null && simple,
  });
  const came = numberOf(before.data?.rows[0]?.[asked.metric]);
  const [search, setSearch] = useState("");
  const values = useQuery({
    queryKey: ["values", release, dimension, search],
    queryFn: ({ signal }) => getValues(dimension ?? "", search, signal),
    enabled: dimension !== null && release !== null,
  });
  const known = (values.data ?? []).flatMap((one) => (one.value === null ? [] : [String(one.value)]));
  const days = { day: "The day before", week: "The last whole week", month: "The last whole month" }[grain];
  const above = came && amount ? (amount / came - 1) * 100 : null;
  const wrongEnd = ends !== "" && ends < starts;
  return (
    <form
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        keep.mutate();
      }}
    >
      <Select
        label="Metric"
        description="What sums over days"
        searchable
        allowDeselect={false}
        data={[...metrics.values()].filter(canBe).map((one) => ({ value: one.name, label: one.title }))}
        value={metric}
        onChange={(name) => setMetric(name ?? metric)}
      />
      <div className={styles.pair}>
        <NumberInput
          label={found?.better === "down" ? "At most" : "Target"}
          required
          min={0.01}
          thousandSeparator=","
          allowNegative={false}
          {...(unit === "money" ? { prefix: `${format.unit("money")} ` } : {})}
          value={amount}
          onChange={(value) => setAmount(value === "" ? "" : Number(value))}
        />
        <Select
          label="For each"
          allowDeselect={false}
          data={GRAINS}
          value={grain}
          onChange={(one) => setGrain((one ?? "month") as Goal["grain"])}
        />
      </div>
      <p className={styles.sub} role="status">
        {came === null
          ? "Nothing to compare it with yet."
          : `${days} brought ${format.full(came, unit)}.` +
            (above === null ? "" : ` This is ${format.rate(above)} against that.`)}
      </p>
      {simple ? (
        <div className={styles.pair}>
          <Select
            label="Only of"
            placeholder="the whole shop"
            clearable
            searchable
            data={(found?.dimensions ?? []).map((name) => ({ value: name, label: dimensions.get(name)?.title ?? name }))}
            value={dimension}
            onChange={(name) => {
              setDimension(name);
              setOnly(null);
            }}
          />
          <Select
            label="Value"
            placeholder={dimension ? "choose one" : ""}
            disabled={!dimension}
            searchable
            data={only && !known.includes(only) ? [only, ...known] : known}
            value={only}
            onSearchChange={setSearch}
            onChange={setOnly}
          />
        </div>
      ) : (
        <p className={styles.sub}>Only of {goal.where.join(", ")}.</p>
      )}
      <div className={styles.pair}>
        <TextInput
          type="date"
          label="From"
          description={`its ${grain} is the first`}
          value={starts}
          onChange={(event) => setStarts(event.currentTarget.value)}
        />
        <TextInput
          type="date"
          label="To"
          description="empty: it stays"
          value={ends}
          error={wrongEnd ? "before the first day" : undefined}
          onChange={(event) => setEnds(event.currentTarget.value)}
        />
      </div>
      <TextInput
        label="Title"
        description="by default the metric and what it is of"
        maxLength={100}
        value={title}
        onChange={(event) => setTitle(event.currentTarget.value)}
      />
      {keep.error ? <Failed error={keep.error} /> : null}
      <div className={styles.foot}>
        <Button
          type="submit"
          loading={keep.isPending}
          disabled={amount === "" || amount <= 0 || wrongEnd || (dimension !== null && only === null && simple)}
        >
          {goal ? "Keep the change" : "Set the goal"}
        </Button>
        <Word onClick={onClose}>Cancel</Word>
      </div>
    </form>
  );
}
