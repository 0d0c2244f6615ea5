/**
 * How a number came about: what it means, its formula and basis, the steps with their values, the SQL that ran, the
 * tables, release and checks it stands on, and the rows behind it.
 */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { rowsFile } from "@/api/calls";
import { explainQuery, rowsQuery } from "@/api/queries";
import { useShop } from "@/api/shop";
import type { Explanation, Metric, Question } from "@/api/types";
import { useSetView, useView } from "@/lib/useView";
import { writeFilters, type Filter } from "@/lib/where";
import { answerColumns } from "@/panels/columns";
import { DownloadMenu, MissingTables } from "@/panels/PanelFrame";
import { useAsked } from "@/panels/Panels";
import styles from "@/panels/panels.module.css";
import { DataTable } from "@/ui/DataTable";
import { Badge, Code, Facts, Failed, Skeleton, Word, type Tone } from "@/ui/Parts";
import { PageLink } from "@/ui/PageLink";
import { Side } from "@/ui/Side";

const TOTALS: Record<string, string> = {
  additive: "parts add up to the whole",
  distinct: "counted once each: parts do not add up",
  ratio: "a ratio of totals, never a mean of ratios",
  mean: "a mean weighted by its own count",
  last: "the value at the end of the period",
  "as of": "over everybody known by the end of the period",
  "per day": "divided by the days of the period with data",
  "share of parent": "a share of the level above",
  "period offset": "against another period",
  cohort: "over a group that started together",
};

export function Explain({ metric: name }: { metric: string }) {
  const { metrics } = useShop();
  const setView = useSetView();
  const metric = metrics.get(name);
  return (
    <Side
      title={metric?.title ?? name}
      side="right"
      size={620}
      closeLabel="Close the explanation"
      onClose={() => setView({ explain: undefined, explain_by: undefined })}
    >
      {metric ? <Explained metric={metric} /> : <Failed error={new Error(`There is no metric named ${name}.`)} />}
    </Side>
  );
}

function Explained({ metric }: { metric: Metric }) {
  const setView = useSetView();
  const { release, format, dimensions } = useShop();
  const { view } = useAsked();
  const { explain_by: by } = useView();
  const question: Question = { ...view, compare: "none", metrics: [metric.name], ...(by ? { by } : {}) };
  const explained = useQuery({
    ...explainQuery(release, question),
    enabled: metric.available && release !== null,
  });
  if (!metric.available) {
    return (
      <div className={styles.explain}>
        <Meaning metric={metric} />
        <MissingTables title={metric.title} tables={metric.missing} />
      </div>
    );
  }
  const data = explained.data;
  return (
    <div className={styles.explain} aria-busy={explained.isFetching}>
      {explained.error ? (
        <Failed error={explained.error} retry={() => void explained.refetch()} />
      ) : data ? (
        <section>
          {by ? null : <div className={styles.big}>{format.full(data.value, metric.unit)}</div>}
          <div className={styles.sub}>
            {[
              data.period ? format.span(data.period) : null,
              by ? `by ${by.map((name) => (dimensions.get(name)?.title ?? name).toLowerCase()).join(" and ")}` : null,
              ...view.where.map((filter) => writeFilters([filter as Filter]).join(", ")),
            ]
              .filter(Boolean)
              .join(" · ")}
          </div>
          {data.notes.map((note) => (
            <p key={note.text} className={styles.sub}>
              {note.text}
            </p>
          ))}
        </section>
      ) : (
        <Skeleton height={60} />
      )}
      <Meaning metric={metric} />
      {data ? <Evidence data={data} metric={metric} /> : explained.error ? null : <Skeleton height={280} />}
      {data ? <RowsBehind question={question} title={metric.title} /> : null}
      <p className={styles.sub}>
        <PageLink path="/explore" add={{ metrics: metric.name }}>
          Open in Explore
        </PageLink>{" "}
        to cut it by {metric.dimensions.length} dimensions, or see{" "}
        <Word onClick={() => setView({ why: metric.name, why_by: undefined, explain: undefined, explain_by: undefined })}>
          why it changed
        </Word>
        .
      </p>
    </div>
  );
}

function Meaning({ metric }: { metric: Metric }) {
  return (
    <section>
      <div className={styles.formula}>{metric.formula}</div>
      <p className={styles.sub} style={{ marginTop: 6 }}>
        {[metric.basis, TOTALS[metric.total] ?? metric.total, BETTER[metric.better ?? ""]].filter(Boolean).join(" · ")}
      </p>
    </section>
  );
}

const BETTER: Record<string, string> = { up: "more is better", down: "less is better" };
const TONES: Record<string, Tone> = { passed: "good", failed: "bad", warned: "warning" };

function Evidence({ data, metric }: { data: Explanation; metric: Metric }) {
  const { format } = useShop();
  const [all, setAll] = useState(false);
  const bad = data.checks.filter((check) => check.state !== "passed");
  const shown = all ? data.checks : bad;
  return (
    <>
      {data.steps.length ? (
        <section>
          <h3>How it came about</h3>
          <table className={styles.steps}>
            <tbody>
              {data.steps.map((step) => (
                <tr key={step.name}>
                  <td>{step.title}</td>
                  <td>{format.full(step.value, step.unit)}</td>
                </tr>
              ))}
              <tr data-result>
                <td>{metric.title}</td>
                <td>{format.full(data.value, metric.unit)}</td>
              </tr>
            </tbody>
          </table>
        </section>
      ) : null}
      <section>
        <h3>Where it comes from</h3>
        <Facts
          items={[
            ...data.sources.map(
              (source) =>
                [
                  data.sources.some((other) => other !== source && other.title === source.title)
                    ? `${source.title} (${source.table})`
                    : source.title,
                  `${source.rows === null ? "rows of your part" : `${format.count(source.rows)} rows`}${source.known_to ? `, known to ${format.moment(source.known_to)}` : ""}`,
                ] as [string, string],
            ),
            [
              "Release",
              data.release.published_at
                ? `${data.release.number}, published ${format.moment(data.release.published_at)}`
                : String(data.release.number),
            ],
            ["Data to", data.freshness.data_to ? format.day(data.freshness.data_to.slice(0, 10)) : "–"],
          ]}
        />
      </section>
      <section>
        <h3>
          Checks{" "}
          <Badge tone={bad.some((check) => check.state === "failed") ? "bad" : bad.length ? "warning" : "good"}>
            {bad.length ? `${bad.length} of ${data.checks.length} to look at` : `${data.checks.length} passed`}
          </Badge>
        </h3>
        <ul className={styles.checks}>
          {shown.map((check) => (
            <li key={check.name}>
              <Badge tone={TONES[check.state] ?? "neutral"}>{check.state}</Badge>
              <span>
                {check.title}
                {check.text ? <span className={styles.sub}> · {check.text}</span> : null}
              </span>
            </li>
          ))}
        </ul>
        {data.checks.length > bad.length ? (
          <Word onClick={() => setAll(!all)}>{all ? "Only those to look at" : "Every check"}</Word>
        ) : null}
      </section>
      {data.sql.length ? (
        <section>
          <h3>SQL that ran</h3>
          {data.sql.map((text, index) => (
            <Code key={text} text={text} label={`SQL ${index + 1}`} />
          ))}
        </section>
      ) : null}
    </>
  );
}

const PAGE = 25;

function RowsBehind({ question, title }: { question: Question; title: string }) {
  const { release, format } = useShop();
  const [open, setOpen] = useState(false);
  const [page, setPage] = useState(1);
  const rows = useQuery({ ...rowsQuery(release, question, page, PAGE), enabled: open });
  const pages = Math.max(1, Math.ceil((rows.data?.total ?? 0) / PAGE));
  return (
    <section>
      <h3>Rows behind it</h3>
      {open ? (
        <>
          {rows.error ? (
            <Failed error={rows.error} retry={() => void rows.refetch()} />
          ) : rows.data ? (
            <DataTable
              label="Rows behind the number"
              columns={answerColumns({ answer: { ...rows.data.data, totals: null }, format })}
              rows={rows.data.data.rows}
              rowKey={(_, index) => `${page}-${index}`}
              maxHeight={360}
              lead={false}
            />
          ) : (
            <Skeleton height={200} />
          )}
          <div className={styles.actions} style={{ marginTop: 8 }}>
            <span className={styles.sub}>
              {rows.data ? `${format.count(rows.data.total)} rows · page ${page} of ${format.count(pages)}` : ""}
            </span>
            <Word disabled={page <= 1} onClick={() => setPage(page - 1)}>
              Previous
            </Word>
            <Word disabled={page >= pages} onClick={() => setPage(page + 1)}>
              Next
            </Word>
            <DownloadMenu
              title={`${title} rows`}
              span={rows.data?.data.period ?? null}
              get={(kind) => rowsFile(question, kind)}
            />
          </div>
        </>
      ) : (
        <Word onClick={() => setOpen(true)}>Show the rows</Word>
      )}
    </section>
  );
}
