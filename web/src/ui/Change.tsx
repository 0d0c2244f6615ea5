/** A change against the comparison: coloured by whether it is better, never by colour alone (arrow and sign too). */
import type { Better } from "@/api/types";
import type { Format, Value } from "@/lib/format";
import styles from "@/ui/ui.module.css";

export type Verdict = "good" | "bad" | "neutral";

/** Whether a change is for the better: depends on the metric, not on the sign. */
export function verdict(change: Value, better: Better | undefined): Verdict {
  const size = Number(change);
  if (change === null || change === undefined || !Number.isFinite(size) || size === 0 || !better) return "neutral";
  return size > 0 === (better === "up") ? "good" : "bad";
}

function arrow(change: Value): string {
  const size = Number(change);
  return size > 0 ? "▲" : size < 0 ? "▼" : "";
}

interface Props {
  /** The difference, and the relative one in percent where the metric has one. */
  change: Value;
  rate?: Value;
  unit: string;
  better: Better | undefined;
  format: Format;
}

export function Change({ change, rate, unit, better, format }: Props) {
  if (change === null || change === undefined) {
    return (
      <span className={styles.badge} title="There is no value to compare with in the comparison period.">
        no comparison
      </span>
    );
  }
  const text = rate === undefined || rate === null ? format.change(change, unit) : format.rate(rate);
  return (
    <span
      className={`${styles.badge} ${styles.change}`}
      data-tone={verdict(change, better)}
      title={`${format.change(change, unit)} against the comparison`}
    >
      <span aria-hidden>{arrow(change)} </span>
      {text}
    </span>
  );
}
