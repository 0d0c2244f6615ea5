/** Own rules of segments: names, order and thresholds, with the size of every segment before anything is kept. */
import { ActionIcon, Button, NumberInput, Select, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { keepRules, previewRules, removeRules } from "@/api/calls";
import { useShop } from "@/api/shop";
import type { RuleField, RuleSet, RuleSetDraft } from "@/api/types";
import styles from "@/features/customers/customers.module.css";
import { useSetView } from "@/lib/useView";
import { useAsked } from "@/panels/Panels";
import { Failed, Skeleton, Word } from "@/ui/Parts";

interface Bound {
  field: string;
  min: number | null;
  max: number | null;
}

interface Rule {
  key: number;
  name: string;
  bounds: Bound[];
}

let keys = 0;

const rulesOf = (set: RuleSet): Rule[] =>
  set.rules.map((rule) => ({
    key: (keys += 1),
    name: rule.name,
    bounds: Object.entries(rule.bounds).map(([field, { min, max }]) => ({ field, min: min ?? null, max: max ?? null })),
  }));

/** A name for programs from a title: `My rules` is my_rules. */
const nameOf = (title: string): string => {
  const plain = title
    .toLowerCase()
    .normalize("NFKD")
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^[^a-z]+|_+$/g, "");
  return plain.slice(0, 60) || "own";
};

export function RulesEditor({
  set,
  fields,
  writes,
  onClose,
}: {
  set: RuleSet;
  fields: RuleField[];
  writes: boolean;
  onClose: () => void;
}) {
  const { release, format } = useShop();
  const { view } = useAsked();
  const setView = useSetView();
  const client = useQueryClient();
  const [title, setTitle] = useState(set.own ? set.title : `${set.title}, own`);
  const [rest, setRest] = useState(set.rest);
  const [rules, setRules] = useState(() => rulesOf(set));
  const [sure, setSure] = useState(false);
  const draft: RuleSetDraft = {
    name: set.own ? set.name : nameOf(title),
    title: title.trim(),
    rest: rest.trim(),
    rules: rules.map((rule) => ({
      name: rule.name.trim(),
      bounds: Object.fromEntries(rule.bounds.map(({ field, min, max }) => [field, { min, max }])),
    })),
  };
  const [asked] = useDebouncedValue(draft, 350);
  const preview = useQuery({
    queryKey: ["rules preview", release, view, asked],
    queryFn: ({ signal }) => previewRules(asked, view, signal),
    enabled: release !== null,
    placeholderData: keepPreviousData,
    retry: false,
  });
  const leave = (name: string | undefined) => {
    setView({ preset: name });
    onClose();
  };
  const keep = useMutation({
    mutationFn: () => keepRules(draft, set.own ? set.version : null),
    onSuccess: async () => {
      await Promise.all([
        client.invalidateQueries({ queryKey: ["segment rules"] }),
        client.invalidateQueries({ queryKey: ["analysis"] }),
      ]);
      leave(draft.name);
    },
  });
  const remove = useMutation({
    mutationFn: () => removeRules(set.name),
    // the page goes on with other rules; what these gave is not asked for again
    onSuccess: () => {
      leave(undefined);
      return client.invalidateQueries({ queryKey: ["segment rules"] });
    },
  });
  const change = (key: number, part: Partial<Rule>) =>
    setRules(rules.map((rule) => (rule.key === key ? { ...rule, ...part } : rule)));
  const move = (index: number, by: number) => {
    const next = [...rules];
    const [rule] = next.splice(index, 1);
    if (rule) next.splice(index + by, 0, rule);
    setRules(next);
  };
  const sizes = preview.error ? undefined : preview.data?.sizes;
  return (
    <form
      className={styles.rules}
      onSubmit={(event) => {
        event.preventDefault();
        keep.mutate();
      }}
    >
      <p className={styles.size}>
        {set.own
          ? "The first rule that fits a customer wins; who fits none is in the rest."
          : `${set.title} is a preset and stays as it is. Change what you like and keep it under your own name: the first rule that fits a customer wins, and who fits none is in the rest.`}
      </p>
      <TextInput
        label="Title of these rules"
        maxLength={60}
        value={title}
        onChange={(event) => setTitle(event.currentTarget.value)}
      />
      {rules.map((rule, index) => {
        const size = sizes?.[index];
        const free = fields.filter((field) => !rule.bounds.some((bound) => bound.field === field.name));
        return (
          <fieldset key={rule.key} className={styles.rule} aria-label={`Segment ${index + 1}`}>
            <div className={styles.ruleHead}>
              <TextInput
                aria-label={`Name of segment ${index + 1}`}
                maxLength={60}
                value={rule.name}
                onChange={(event) => change(rule.key, { name: event.currentTarget.value })}
              />
              <Word disabled={index === 0} aria-label={`${rule.name} earlier`} onClick={() => move(index, -1)}>
                Up
              </Word>
              <Word
                disabled={index === rules.length - 1}
                aria-label={`${rule.name} later`}
                onClick={() => move(index, 1)}
              >
                Down
              </Word>
              <Word
                aria-label={`Remove ${rule.name}`}
                onClick={() => setRules(rules.filter((one) => one.key !== rule.key))}
              >
                Remove
              </Word>
            </div>
            {rule.bounds.map((bound, at) => {
              const field = fields.find((one) => one.name === bound.field);
              const put = (part: Partial<Bound>) =>
                change(rule.key, { bounds: rule.bounds.map((one, i) => (i === at ? { ...one, ...part } : one)) });
              const limits = {
                ...(field?.low === null || field?.low === undefined ? {} : { min: field.low }),
                ...(field?.high === null || field?.high === undefined ? {} : { max: field.high }),
                step: field?.step ?? 1,
              };
              return (
                <div key={bound.field} className={styles.bound}>
                  <Select
                    aria-label={`What ${rule.name} bounds`}
                    data={[field, ...free].flatMap((one) => (one ? [{ value: one.name, label: one.title }] : []))}
                    value={bound.field}
                    allowDeselect={false}
                    onChange={(name) => put({ field: name ?? bound.field, min: null, max: null })}
                  />
                  {(["min", "max"] as const).map((end) => (
                    <NumberInput
                      key={end}
                      aria-label={`${field?.title ?? bound.field} of ${rule.name}, ${end === "min" ? "at least" : "at most"}`}
                      placeholder={end === "min" ? "at least" : "at most"}
                      {...limits}
                      value={bound[end] ?? ""}
                      onChange={(value) => put({ [end]: value === "" ? null : Number(value) })}
                    />
                  ))}
                  <ActionIcon
                    variant="subtle"
                    color="gray"
                    aria-label={`Do not bound ${field?.title ?? bound.field} of ${rule.name}`}
                    onClick={() => change(rule.key, { bounds: rule.bounds.filter((_, i) => i !== at) })}
                  >
                    ×
                  </ActionIcon>
                </div>
              );
            })}
            <div className={styles.ruleHead}>
              <span className={styles.size}>
                {size
                  ? `${format.count(size.customers)} customers, ${format.full(size.customers_share, "percent")}; ${format.compact(size.revenue, "money")}, ${format.full(size.revenue_share, "percent")} of revenue` +
                    ((size.matching ?? 0) > size.customers
                      ? `; ${format.count((size.matching ?? 0) - size.customers)} more fit, but an earlier rule takes them`
                      : "")
                  : "…"}
              </span>
              {free[0] ? (
                <Word
                  onClick={() =>
                    change(rule.key, { bounds: [...rule.bounds, { field: free[0]!.name, min: null, max: null }] })
                  }
                >
                  Add a bound
                </Word>
              ) : null}
            </div>
          </fieldset>
        );
      })}
      <div>
        <Word
          onClick={() =>
            setRules([
              ...rules,
              { key: (keys += 1), name: "New segment", bounds: [{ field: "orders", min: 1, max: null }] },
            ])
          }
        >
          Add a segment
        </Word>
      </div>
      <div className={styles.rule}>
        <TextInput
          label="Name of the rest"
          maxLength={60}
          value={rest}
          onChange={(event) => setRest(event.currentTarget.value)}
        />
        <span className={styles.size}>
          {sizes
            ? `${format.count(sizes.at(-1)?.customers)} customers, ${format.full(sizes.at(-1)?.customers_share, "percent")}, who fit no rule`
            : "…"}
        </span>
      </div>
      {preview.error ? (
        <Failed error={preview.error} />
      ) : preview.data?.doubts.length ? (
        <ul className={styles.doubts} aria-label="Before you keep them">
          {preview.data.doubts.map((doubt) => (
            <li key={doubt.text}>{doubt.text}</li>
          ))}
        </ul>
      ) : !preview.data ? (
        <Skeleton height={18} />
      ) : null}
      {keep.error ? <Failed error={keep.error} /> : null}
      {remove.error ? <Failed error={remove.error} /> : null}
      {writes ? (
        <div className={styles.foot}>
          <Button type="submit" loading={keep.isPending} disabled={preview.error !== null}>
            {set.own ? "Keep the change" : "Keep as own rules"}
          </Button>
          <Word onClick={onClose}>Cancel</Word>
          {set.own ? (
            sure ? (
              <Button color="red" variant="light" loading={remove.isPending} onClick={() => remove.mutate()}>
                Remove {set.title} for everybody
              </Button>
            ) : (
              <Word onClick={() => setSure(true)}>Remove these rules</Word>
            )
          ) : null}
        </div>
      ) : (
        <p className={styles.size}>You can try rules here; a manager or an administrator can keep them.</p>
      )}
    </form>
  );
}
