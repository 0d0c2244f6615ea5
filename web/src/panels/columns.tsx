/** The columns of an answer as columns of a table: values with their units, changes in colour, totals by the server. */
import type { Answer, Column, Row } from "@/api/types";
import type { Format } from "@/lib/format";
import { isGrain } from "@/lib/days";
import { numberOf, OTHERS, wordsOf } from "@/panels/answers";
import styles from "@/panels/panels.module.css";
import { verdict } from "@/ui/Change";
import type { TableColumn } from "@/ui/DataTable";

interface Options {
  answer: Answer;
  format: Format;
  /** Metrics whose cells have bars. */
  bars?: readonly string[];
  /** The value of a dimension was chosen; null where it is unknown. */
  onDrill?: (dimension: string, value: string | null) => void;
}

/** How a column's value reads in a cell or a total. */
export function cellText(format: Format, column: Column, value: Row[string] | undefined): string {
  if (column.kind === "dimension") return wordsOf(value, column);
  if (column.kind === "time" && typeof value === "string")
    return isGrain(column.name) && column.name !== "day" && column.name !== "week"
      ? format.bucket(value.slice(0, 10), column.name)
      : format.day(value.slice(0, 10));
  if (column.kind === "change") return format.change(value, column.unit ?? "ratio");
  if (column.kind === "change_rate") return format.rate(value);
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (!column.unit) return value === null || value === undefined ? "–" : String(value);
  return format.plain(value, column.unit);
}

export function answerColumns({ answer, format, bars = [], onDrill }: Options): TableColumn<Row>[] {
  const firstText = answer.columns[0];
  const alone = answer.columns.filter((column) => column.kind === "metric").length === 1;
  return answer.columns.map((column) => {
    const right = column.unit !== null && column.unit !== undefined;
    // What an analysis has nothing to say of is no value of a dimension that somebody forgot to set.
    const read = (value: Row[string] | undefined) =>
      column.kind === "dimension" && column !== firstText && !onDrill && (value ?? "") === ""
        ? "–"
        : cellText(format, column, value);
    const total = answer.totals ? totalOf(format, column, answer.totals, column === firstText) : undefined;
    const largest = bars.includes(column.name)
      ? Math.max(...answer.rows.map((row) => Math.abs(numberOf(row[column.name]) ?? 0)), 0)
      : 0;
    return {
      name: column.name,
      title: title(column, format, alone),
      right,
      value: (row) => (right ? numberOf(row[column.name]) : (row[column.name] ?? null)),
      text: (row) => read(row[column.name]),
      show: (row) => {
        const value = row[column.name];
        const text = read(value);
        if (column.kind === "dimension" && onDrill && value !== OTHERS) {
          return (
            <button
              type="button"
              className={styles.drill}
              title={`Show only ${text}`}
              onClick={() => onDrill(column.name, value === null || value === undefined ? null : String(value))}
            >
              {text}
            </button>
          );
        }
        if (column.kind === "change" || column.kind === "change_rate")
          return <Coloured column={column} value={value} text={text} />;
        return text;
      },
      ...(largest ? { bar: (row: Row) => (numberOf(row[column.name]) ?? 0) / largest } : {}),
      ...(total === undefined ? {} : { total }),
    };
  });
}

function Coloured({ column, value, text }: { column: Column; value: Row[string] | undefined; text: string }) {
  const tone = verdict(value as number | null, column.better);
  return <span style={tone === "neutral" ? undefined : { color: `var(--${tone})` }}>{text}</span>;
}

function totalOf(format: Format, column: Column, totals: Row, first: boolean) {
  if (first) return "Total";
  if (!column.unit) return undefined;
  const value = totals[column.name];
  const text = cellText(format, column, value);
  return column.kind === "change" || column.kind === "change_rate" ? (
    <Coloured column={column} value={value} text={text} />
  ) : (
    text
  );
}

const SHORT: Partial<Record<Column["kind"], string>> = { compare: "before", change: "change", change_rate: "change %" };

/** The head of a column; with one metric alone its change needs no name. */
function title(column: Column, format: Format, alone: boolean): string {
  // A change that an analysis names by itself keeps its name.
  const short = column.metric && column.name.startsWith(`${column.metric}_`) ? SHORT[column.kind] : undefined;
  if (short)
    return alone ? short.replace(/^./, (letter) => letter.toUpperCase()) : `${column.title.split(",")[0]}, ${short}`;
  const unit = column.unit === "money" ? format.unit("money") : "";
  return unit ? `${column.title}\u00a0${unit}` : column.title;
}
