/**
 * Every table of the page: head and first column stay, rows are drawn only where they are seen, sorting by a click on a
 * head, bars inside cells, a totals row. In a narrow place each row becomes a card.
 */
import { Menu } from "@mantine/core";
import {
  columnVisibilityFeature,
  createSortedRowModel,
  rowSortingFeature,
  tableFeatures,
  useTable,
  type ColumnDef,
  type SortingState,
} from "@tanstack/react-table";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef, useState, type ReactNode } from "react";
import { Word } from "@/ui/Parts";
import styles from "@/ui/table.module.css";

export interface TableColumn<R> {
  name: string;
  title: string;
  /** What it is sorted by, and how wide it is, when there is no `show`. */
  value: (row: R) => string | number | boolean | null | undefined;
  /** What the cell shows; the value as it is when not given. */
  show?: (row: R) => ReactNode;
  /** The text that `show` draws, for the width of the column. */
  text?: (row: R) => string;
  right?: boolean;
  /** Part of the full width, −1 to 1, for a bar behind the value. */
  bar?: (row: R) => number | null;
  total?: ReactNode;
}

interface Props<R> {
  label: string;
  columns: TableColumn<R>[];
  rows: R[];
  rowKey: (row: R, index: number) => string;
  /** Names of the columns that are not shown. */
  hidden?: ReadonlySet<string>;
  /** Where the rows are in the hand of the server: what they are sorted by, and how to change it. */
  sort?: string | undefined;
  onSort?: (sort: string) => void;
  maxHeight?: number;
  totals?: boolean;
  /** The first column is what the row is about. */
  lead?: boolean;
  onEnd?: (() => void) | undefined;
  more?: ReactNode;
}

const features = tableFeatures({
  columnVisibilityFeature,
  rowSortingFeature,
  sortedRowModel: createSortedRowModel(),
});

const ROW = 34;
/** Pixels that the narrowest phone has for a table: one that is no wider stays a table there. */
const PHONE = 328;
/** So few rows are shown whole where they are cards, without scrolling inside the page. */
const FEW = 30;
const LETTER = 7.6;
/** Heads are in smaller letters than cells. */
const HEAD = 0.93;

const plainText = (value: Sortable): string =>
  typeof value === "number" ? value.toLocaleString("en") : String(value ?? "–");

/** Letters of a column: its longest text among the first rows. */
function lettersOf<R>(column: TableColumn<R>, rows: R[]): number {
  const text = column.text ?? ((row: R) => plainText(column.value(row)));
  const total = typeof column.total === "string" ? column.total.length + 1 : 0;
  return rows.slice(0, 200).reduce((most, row) => Math.max(most, text(row).length), total);
}

/** Pixels for each column, within bounds; the column of text with the most letters takes the room that is left. */
function layOut<R>(columns: TableColumn<R>[], rows: R[]): { widths: number[]; wide: number } {
  const letters = columns.map((column) => lettersOf(column, rows));
  const widths = columns.map((column, index) => {
    const head =
      (Math.max(...column.title.split(" ").map((word) => word.length), Math.ceil(column.title.length * 0.6)) + 2) * HEAD;
    const most = column.right ? 24 : 36;
    // The first column is bold, and numbers of things are of capitals and figures.
    const wider = index === 0 ? 1.12 : 1;
    return Math.round(Math.min(Math.max(letters[index] ?? 0, head, column.bar ? 14 : 5), most) * LETTER * wider + 24);
  });
  const wide = letters.reduce(
    (best, size, index) => (!columns[index]?.right && size > (letters[best] ?? 0) ? index : best),
    0,
  );
  return { widths, wide };
}

export function DataTable<R extends object>({
  label,
  columns,
  rows,
  rowKey,
  hidden,
  sort,
  onSort,
  maxHeight = 480,
  totals = false,
  lead = true,
  onEnd,
  more,
}: Props<R>) {
  const [local, setLocal] = useState<SortingState>([]);
  const scroll = useRef<HTMLDivElement>(null);
  const shown = columns.filter((column) => !hidden?.has(column.name));
  const byName = useMemo(() => new Map(columns.map((column) => [column.name, column])), [columns]);
  const definitions = useMemo(
    () =>
      columns.map((column): ColumnDef<typeof features, R> => ({
        id: column.name,
        header: column.title,
        accessorFn: (row) => column.value(row),
        sortUndefined: "last",
        sortFn: (a, b, id) => compare(byName.get(id)?.value(a.original), byName.get(id)?.value(b.original)),
      })),
    [columns, byName],
  );
  const sorting: SortingState = onSort
    ? sort
      ? [{ id: sort.replace(/^-/, ""), desc: sort.startsWith("-") }]
      : []
    : local;
  const table = useTable({
    features,
    columns: definitions,
    data: rows,
    manualSorting: onSort !== undefined,
    state: {
      sorting,
      columnVisibility: Object.fromEntries([...(hidden ?? [])].map((name) => [name, false])),
    },
    onSortingChange: () => undefined,
  });
  const sortBy = (column: TableColumn<R>) => {
    const now = sorting[0];
    const desc = now?.id === column.name ? !now.desc : (column.right ?? false);
    if (onSort) onSort(`${desc ? "-" : ""}${column.name}`);
    else setLocal([{ id: column.name, desc }]);
  };
  const model = table.getRowModel().rows;
  const virtual = useVirtualizer({
    count: model.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => ROW,
    overscan: 12,
  });
  useEffect(() => {
    scroll.current?.scrollTo({ top: 0 });
  }, [sort]);
  const items = virtual.getVirtualItems();
  const before = items[0]?.start ?? 0;
  const after = virtual.getTotalSize() - (items.at(-1)?.end ?? 0);
  const last = items.at(-1)?.index ?? -1;
  useEffect(() => {
    if (onEnd && last >= model.length - 20) onEnd();
  }, [onEnd, last, model.length]);
  const { widths, wide } = useMemo(
    () => layOut(shown, rows),
    // The widths follow the columns and the first rows; more rows below do not move them.
    [shown.map((column) => column.name).join(), rows[0], rows.length > 200],
  );
  const width = widths.reduce((sum, one) => sum + one, 0);
  return (
    <>
      <div
        ref={scroll}
        className={styles.scroll}
        style={{ maxHeight }}
        data-few={rows.length <= FEW || undefined}
        tabIndex={0}
        role="group"
        aria-label={label}
      >
        <table
          className={styles.table}
          data-cards={width > PHONE || undefined}
          data-lead={lead || undefined}
          style={{ minWidth: width }}
          aria-rowcount={model.length + 1}
        >
          <thead>
            <tr>
              {shown.map((column, index) => {
                const now = sorting[0]?.id === column.name ? sorting[0] : null;
                return (
                  <th
                    key={column.name}
                    scope="col"
                    style={index === wide ? undefined : { width: widths[index] }}
                    data-right={column.right || undefined}
                    aria-sort={now ? (now.desc ? "descending" : "ascending") : undefined}
                  >
                    <button type="button" className={styles.sort} onClick={() => sortBy(column)}>
                      {column.title}
                      {now ? <span aria-hidden>{now.desc ? "\u00a0↓" : "\u00a0↑"}</span> : null}
                    </button>
                  </th>
                );
              })}
            </tr>
          </thead>
          <tbody>
            {before > 0 ? <Space height={before} columns={shown.length} /> : null}
            {items.map((item) => {
              const row = model[item.index];
              if (!row) return null;
              return (
                <tr
                  key={rowKey(row.original, item.index)}
                  data-index={item.index}
                  ref={virtual.measureElement}
                  aria-rowindex={item.index + 2}
                >
                  {row.getVisibleCells().map((cell) => {
                    const column = byName.get(cell.column.id)!;
                    return (
                      <td key={cell.id} data-title={column.title} data-right={column.right || undefined}>
                        <Cell column={column} row={row.original} />
                      </td>
                    );
                  })}
                </tr>
              );
            })}
            {after > 0 ? <Space height={after} columns={shown.length} /> : null}
          </tbody>
          {totals ? (
            <tfoot>
              <tr>
                {shown.map((column) => (
                  <td key={column.name} data-title={column.title} data-right={column.right || undefined}>
                    {column.total}
                  </td>
                ))}
              </tr>
            </tfoot>
          ) : null}
        </table>
      </div>
      {more ? <div className={styles.more}>{more}</div> : null}
    </>
  );
}

function Cell<R>({ column, row }: { column: TableColumn<R>; row: R }) {
  const shown = column.show ? column.show(row) : (column.value(row) ?? "–");
  const part = column.bar?.(row) ?? null;
  if (part === null) return <>{typeof shown === "boolean" ? (shown ? "yes" : "no") : shown}</>;
  return (
    <span className={styles.bar}>
      <i style={{ width: `${Math.min(Math.abs(part), 1) * 100}%` }} data-negative={part < 0 || undefined} />
      <span>{shown}</span>
    </span>
  );
}

function Space({ height, columns }: { height: number; columns: number }) {
  return (
    <tr data-space aria-hidden>
      <td colSpan={columns} style={{ height }} />
    </tr>
  );
}

type Sortable = string | number | boolean | null | undefined;

/** Unknown values come last, numbers by size, texts as a person sorts them. */
function compare(a: Sortable, b: Sortable): number {
  if (a === b) return 0;
  if (a === null || a === undefined) return 1;
  if (b === null || b === undefined) return -1;
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), undefined, { numeric: true });
}

/** Which columns a table shows; at least one stays. */
export function ColumnChooser({
  columns,
  hidden,
  onChange,
}: {
  columns: { name: string; title: string }[];
  hidden: ReadonlySet<string>;
  onChange: (hidden: Set<string>) => void;
}) {
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Word>Columns</Word>
      </Menu.Target>
      <Menu.Dropdown mah={360} style={{ overflowY: "auto" }}>
        {columns.map((column) => {
          const off = hidden.has(column.name);
          return (
            <Menu.CheckboxItem
              key={column.name}
              checked={!off}
              disabled={!off && hidden.size >= columns.length - 1}
              onChange={() => {
                const next = new Set(hidden);
                if (off) next.delete(column.name);
                else next.add(column.name);
                onChange(next);
              }}
            >
              {column.title}
            </Menu.CheckboxItem>
          );
        })}
      </Menu.Dropdown>
    </Menu>
  );
}
