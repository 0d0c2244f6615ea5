/** Filters as chips: pick a dimension, then its values. They hold for every panel that knows the dimension. */
import { Popover, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { getValues } from "@/api/calls";
import { useShop } from "@/api/shop";
import type { Dimension } from "@/api/types";
import styles from "@/app/frame/frame.module.css";
import { useSetView, useView } from "@/lib/useView";
import { OP_WORDS, readFilters, withFilter, withoutFilter, writeFilters, type Filter, type Op } from "@/lib/where";
import { ChipButton, Failed, Skeleton, Word } from "@/ui/Parts";
import { Popup } from "@/ui/Popup";

function useFilters() {
  const view = useView();
  const setView = useSetView();
  const texts = view.where ?? [];
  return {
    filters: readFilters(texts),
    put: (filter: Filter) => setView({ where: withFilter(texts, filter) }),
    drop: (filter: Pick<Filter, "dimension" | "op">) => setView({ where: writeFilters(withoutFilter(texts, filter)) }),
    clear: () => setView({ where: undefined }),
  };
}

/** The words of a value: weekdays are numbers with labels. */
function valueWords(dimension: Dimension | undefined, value: string): string {
  return dimension?.labels?.[Number(value)] ?? (value === "" ? "(empty)" : value);
}

function filterWords(filter: Filter, dimension: Dimension | undefined): string {
  const title = dimension?.title ?? filter.dimension;
  const words = filter.values.map((value) => valueWords(dimension, value));
  const shown = words.length > 3 ? `${words.slice(0, 2).join(", ")} and ${words.length - 2} more` : words.join(" or ");
  return `${title} ${OP_WORDS[filter.op]} ${shown}`.trim();
}

export function AddFilter() {
  const { dimensions } = useShop();
  const { filters, put, drop } = useFilters();
  const [open, setOpen] = useState(false);
  const [chosen, setChosen] = useState<Dimension | null>(null);
  const [text, setText] = useState("");
  const close = () => {
    setOpen(false);
    setChosen(null);
    setText("");
  };
  const found = [...dimensions.values()].filter((dimension) =>
    `${dimension.title} ${dimension.description}`.toLowerCase().includes(text.toLowerCase()),
  );
  return (
    <Popup opened={open} onChange={(next) => !next && close()} position="bottom-start">
      <Popover.Target>
        <ChipButton onClick={() => (open ? close() : setOpen(true))}>Filter</ChipButton>
      </Popover.Target>
      <Popover.Dropdown>
        {chosen ? (
          <Values
            dimension={chosen}
            filter={filters.find((one) => one.dimension === chosen.name && one.op === "=")}
            onBack={() => setChosen(null)}
            onDone={close}
            put={put}
            drop={drop}
          />
        ) : (
          <div className={styles.popover}>
            <TextInput
              data-autofocus
              placeholder="Filter by…"
              aria-label="Find a dimension"
              value={text}
              onChange={(event) => setText(event.currentTarget.value)}
            />
            <ul className={`${styles.choices} ${styles.values}`}>
              {found.map((dimension) => (
                <li key={dimension.name}>
                  <button type="button" className={styles.choice} onClick={() => setChosen(dimension)}>
                    {dimension.title}
                  </button>
                </li>
              ))}
              {found.length ? null : <li className={styles.label}>No dimension has that name.</li>}
            </ul>
          </div>
        )}
      </Popover.Dropdown>
    </Popup>
  );
}

interface ValuesProps {
  dimension: Dimension;
  filter: Filter | undefined;
  onBack?: () => void;
  onDone: () => void;
  put: (filter: Filter) => void;
  drop: (filter: Pick<Filter, "dimension" | "op">) => void;
}

function Values({ dimension, filter, onBack, onDone, put, drop }: ValuesProps) {
  const { format } = useShop();
  const [text, setText] = useState("");
  const [searched] = useDebouncedValue(text, 150);
  const [op, setOp] = useState<Op>(filter?.op ?? "=");
  const [picked, setPicked] = useState<string[]>(filter?.values ?? []);
  const values = useQuery({
    queryKey: ["values", dimension.name, searched],
    queryFn: ({ signal }) => getValues(dimension.name, searched, signal),
    placeholderData: keepPreviousData,
  });
  const toggle = (value: string) =>
    setPicked(picked.includes(value) ? picked.filter((one) => one !== value) : [...picked, value]);
  const apply = () => {
    if (filter && (filter.op !== op || !picked.length)) drop(filter);
    if (picked.length) put({ dimension: dimension.name, op, values: picked });
    onDone();
  };
  const known = (values.data ?? []).filter((one) => one.value !== null);
  const listed = [
    ...picked
      .filter((value) => !known.some((one) => String(one.value) === value))
      .map((value) => ({ value, count: null })),
    ...known.map((one) => ({ value: String(one.value), count: one.count })),
  ];
  return (
    <form
      className={styles.popover}
      onSubmit={(event) => {
        event.preventDefault();
        apply();
      }}
    >
      <div className={styles.row}>
        <strong>{dimension.title}</strong>
        <span className={styles.row}>
          <Word aria-pressed={op === "="} onClick={() => setOp("=")}>
            is
          </Word>
          <Word aria-pressed={op === "!="} onClick={() => setOp("!=")}>
            is not
          </Word>
        </span>
      </div>
      <TextInput
        data-autofocus
        placeholder="Find a value"
        aria-label={`Find a value of ${dimension.title}`}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      {values.error ? (
        <Failed error={values.error} retry={() => void values.refetch()} />
      ) : values.data ? (
        <ul className={`${styles.choices} ${styles.values}`}>
          {listed.map(({ value, count }) => (
            <li key={value}>
              <button
                type="button"
                role="checkbox"
                aria-checked={picked.includes(value)}
                className={styles.choice}
                onClick={() => toggle(value)}
              >
                {valueWords(dimension, value)}
                <small>{count === null ? "" : format.count(count)}</small>
              </button>
            </li>
          ))}
          {listed.length ? null : <li className={styles.label}>No value contains “{searched}”.</li>}
        </ul>
      ) : (
        <Skeleton height={180} />
      )}
      <div className={styles.row}>
        {onBack ? <Word onClick={onBack}>Back</Word> : <span />}
        <ChipButton type="submit">{picked.length || !filter ? "Apply" : "Remove filter"}</ChipButton>
      </div>
    </form>
  );
}

export function FilterChips() {
  const { filters, put, drop, clear } = useFilters();
  if (!filters.length) return null;
  return (
    <div className={styles.filters} role="group" aria-label="Filters">
      {filters.map((filter) => (
        <FilterChip key={`${filter.dimension}${filter.op}`} filter={filter} put={put} drop={drop} />
      ))}
      {filters.length > 1 ? <Word onClick={clear}>Clear all</Word> : null}
    </div>
  );
}

function FilterChip({ filter, put, drop }: { filter: Filter } & Pick<ValuesProps, "put" | "drop">) {
  const { dimensions } = useShop();
  const [open, setOpen] = useState(false);
  const dimension = dimensions.get(filter.dimension);
  const words = filterWords(filter, dimension);
  const editable = dimension !== undefined && (filter.op === "=" || filter.op === "!=");
  return (
    <Popup opened={open} onChange={setOpen} position="bottom-start">
      <span className={styles.filter}>
        <Popover.Target>
          <button type="button" disabled={!editable} title={words} onClick={() => setOpen(!open)}>
            {words}
          </button>
        </Popover.Target>
        <button type="button" aria-label={`Remove filter: ${words}`} onClick={() => drop(filter)}>
          ×
        </button>
      </span>
      <Popover.Dropdown>
        {dimension ? (
          <Values dimension={dimension} filter={filter} onDone={() => setOpen(false)} put={put} drop={drop} />
        ) : null}
      </Popover.Dropdown>
    </Popup>
  );
}
