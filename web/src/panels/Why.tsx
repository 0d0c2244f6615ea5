/**
 * Why a number changed: what each value of a dimension contributed, as bars to both sides of nothing, and the effects
 * (volume, mix, price, new, lost) that sum to the change.
 */
import { Menu } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { analyseFile } from "@/api/calls";
import { analysisQuery } from "@/api/queries";
import { useShop } from "@/api/shop";
import type { Answer, Metric, Row } from "@/api/types";
import { useSetView, useView } from "@/lib/useView";
import { numberOf } from "@/panels/answers";
import { answerColumns } from "@/panels/columns";
import { DownloadMenu, MissingTables, NoRelease } from "@/panels/PanelFrame";
import { useAsked } from "@/panels/Panels";
import styles from "@/panels/panels.module.css";
import { useDrill } from "@/panels/useDrill";
import own from "@/panels/why.module.css";
import { verdict } from "@/ui/Change";
import { DataTable } from "@/ui/DataTable";
import { Empty, Failed, Skeleton, Word } from "@/ui/Parts";
import { Side } from "@/ui/Side";

const ANALYSIS = "metrics.why";
const EFFECTS: Record<string, string> = {
  volume: "as if all had grown alike",
  mix: "what moved between them",
  price: "what one of them is worth",
  new: "there now, not before",
  lost: "there before, not now",
};
/** Rows that are no value of the dimension, so nothing can be filtered by them. */
const isValue = (label: string): boolean => !label.startsWith("(");

export function Why({ metric: name }: { metric: string }) {
  const { metrics } = useShop();
  const setView = useSetView();
  const metric = metrics.get(name);
  return (
    <Side
      title={`Why ${(metric?.title ?? name).replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase())} changed`}
      side="right"
      size={680}
      closeLabel="Close"
      onClose={() => setView({ why: undefined, why_by: undefined })}
    >
      {!metric ? (
        <Failed error={new Error(`There is no metric named ${name}.`)} />
      ) : !metric.available ? (
        <MissingTables title={metric.title} tables={metric.missing} />
      ) : (
        <Reasons metric={metric} />
      )}
    </Side>
  );
}

function Reasons({ metric }: { metric: Metric }) {
  const { release, format, dimensions } = useShop();
  const { view } = useAsked();
  const { why_by: by } = useView();
  const setView = useSetView();
  const asked = { ...view, compare: view.compare === "none" ? ("previous" as const) : view.compare };
  const params = { metric: metric.name, ...(by ? { by } : {}), limit: 12 };
  const answer = useQuery({ ...analysisQuery(release, ANALYSIS, asked, params), enabled: release !== null, retry: false });
  const data = answer.data;
  const shown = data?.columns[0]?.name;
  const title = (dimension: string) => dimensions.get(dimension)?.title ?? dimension;
  if (release === null) return <NoRelease />;
  return (
    <div className={styles.explain} aria-busy={answer.isFetching} data-stale={answer.isPlaceholderData || undefined}>
      {answer.error ? (
        <Failed error={answer.error} retry={() => void answer.refetch()} />
      ) : !data ? (
        <Skeleton height={320} />
      ) : (
        <>
          <div className={styles.headline} role="note" aria-label="In short">
            <p>
              {data.sentences.map((sentence, index) => (
                <span key={sentence.text}>{index === 0 ? <strong>{sentence.text}</strong> : sentence.text} </span>
              ))}
            </p>
          </div>
          <p className={styles.sub}>
            {[
              data.period ? format.span(data.period) : null,
              data.compare_period ? `compared with ${format.span(data.compare_period)}` : null,
            ]
              .filter(Boolean)
              .join(", ")}
          </p>
          {data.rows.length && shown ? (
            <>
              <section>
              <div className={styles.head}>
                <h3 className={styles.title}>By {title(shown).toLowerCase()}</h3>
                <div className={styles.actions}>
                  <Menu position="bottom-end">
                    <Menu.Target>
                      <Word aria-label={`Cut by: ${title(shown)}`}>{title(shown)} ▾</Word>
                    </Menu.Target>
                    <Menu.Dropdown mah={360} style={{ overflowY: "auto" }}>
                      <Menu.Item onClick={() => setView({ why_by: undefined })}>What tells most</Menu.Item>
                      {metric.dimensions.map((one) => (
                        <Menu.Item
                          key={one}
                          onClick={() => setView({ why_by: one })}
                          aria-current={one === shown || undefined}
                        >
                          {title(one)}
                        </Menu.Item>
                      ))}
                    </Menu.Dropdown>
                  </Menu>
                  <DownloadMenu
                    title={`Why ${metric.title}`}
                    span={data.period}
                    get={(how) => analyseFile(ANALYSIS, asked, how, { ...params, limit: 1000 })}
                  />
                </div>
              </div>
              <Bars answer={data} dimension={shown} metric={metric} />
              </section>
              <Effects answer={data} metric={metric} />
              <section>
                <h3>Every figure</h3>
                <DataTable
                  label="Every figure"
                  columns={answerColumns({ answer: data, format })}
                  rows={data.rows}
                  rowKey={(_, index) => String(index)}
                  maxHeight={420}
                  totals
                />
              </section>
            </>
          ) : (
            <Empty title="Nothing to take apart">
              <span>Choose a period whose comparison lies in the data.</span>
            </Empty>
          )}
          {data.notes.map((note) => (
            <p key={note.text} className={styles.sub}>
              {note.text}
            </p>
          ))}
        </>
      )}
    </div>
  );
}

/** The contributions of values: to the right what added, to the left what took away. */
function Bars({ answer, dimension, metric }: { answer: Answer; dimension: string; metric: Metric }) {
  const { format } = useShop();
  const drill = useDrill();
  const most = Math.max(...answer.rows.map((row) => Math.abs(numberOf(row.contribution) ?? 0)), 0);
  const unit = metric.unit;
  return (
    <ul className={own.bars} aria-label={`Contributions by ${dimension.replaceAll("_", " ")}`}>
      {answer.rows.map((row: Row, index) => {
        const size = numberOf(row.contribution) ?? 0;
        const label = row[dimension] === null ? "(not set)" : String(row[dimension]);
        return (
          <li key={`${label} ${index}`}>
            {isValue(label) ? (
              <button
                type="button"
                className={styles.drill}
                title={`Show only ${label}`}
                onClick={() => drill(dimension, String(row[dimension]))}
              >
                {label}
              </button>
            ) : (
              <span className={own.rest}>{label}</span>
            )}
            <span className={own.track} aria-hidden>
              <i
                data-tone={verdict(size, metric.better)}
                style={{
                  width: most ? `${(Math.abs(size) / most) * 50}%` : 0,
                  [size < 0 ? "right" : "left"]: "50%",
                }}
              />
            </span>
            <span className={own.amount}>{format.change(row.contribution, unit)}</span>
          </li>
        );
      })}
    </ul>
  );
}

/** The effects of all values together. */
function Effects({ answer, metric }: { answer: Answer; metric: Metric }) {
  const { format } = useShop();
  const columns = answer.columns.filter((column) => column.name in EFFECTS);
  // In full, so that the lines can be added up.
  const signed = (value: Row[string] | undefined): string =>
    metric.unit === "percent"
      ? format.change(value, metric.unit)
      : `${(numberOf(value) ?? 0) > 0 ? "+" : ""}${format.full(value, metric.unit)}`;
  return (
    <section>
      <h3>How the change comes about</h3>
      <table className={styles.steps}>
        <tbody>
          {columns.map((column) => (
            <tr key={column.name}>
              <td>
                {column.title} <span className={styles.sub}>{EFFECTS[column.name]}</span>
              </td>
              <td>{signed(answer.totals?.[column.name])}</td>
            </tr>
          ))}
          <tr data-result>
            <td>Change</td>
            <td>{signed(answer.totals?.contribution)}</td>
          </tr>
        </tbody>
      </table>
    </section>
  );
}
