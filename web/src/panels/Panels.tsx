/** The panels of dashboards, one component for each kind of thing that is drawn. */
import { Menu, Tooltip } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useMemo, useState, type ReactNode } from "react";
import { analyseFile, query } from "@/api/calls";
import { analysisQuery, answerQuery } from "@/api/queries";
import { useShop } from "@/api/shop";
import type {
  AnalysisPanelSpec,
  Answer,
  KpiPanelSpec,
  Metric,
  Question,
  RankPanelSpec,
  Row,
  SeriesPanelSpec,
  TablePanelSpec,
} from "@/api/types";
import { GRAIN_TITLES, type Grain } from "@/lib/days";
import { UNKNOWN } from "@/lib/format";
import { useSetView, useView } from "@/lib/useView";
import { takenFrom, viewPeriod, viewQuestion } from "@/lib/view";
import { columnOf, howMany, isCompared, numberOf, OTHERS, overBuckets, wordsOf } from "@/panels/answers";
import { answerColumns } from "@/panels/columns";
import { colorOf, legendOf } from "@/panels/legend";
import { withMembers } from "@/panels/members";
import { Notes } from "@/panels/notes";
import { DownloadMenu, NoRelease, PanelFrame } from "@/panels/PanelFrame";
import styles from "@/panels/panels.module.css";
import type { DrawnPanel } from "@/panels/pictures/picture";
import { panelGrain, panelQuestion, type AskingPanel } from "@/panels/questions";
import { unknownFilter } from "@/panels/together";
import { useDrill } from "@/panels/useDrill";
import { Change } from "@/ui/Change";
import { ColumnChooser, DataTable } from "@/ui/DataTable";
import { Failed, Skeleton, Word } from "@/ui/Parts";
import { Spark } from "@/ui/Spark";

// Asked for with the panels, so that it comes while the answers do; they are drawn without waiting for it.
const drawing = import("@/panels/Chart");
drawing.catch(() => undefined); // said where a picture is to be drawn
const Chart = lazy(() => drawing.then((module) => ({ default: module.Chart })));

/** The view as a question's parts, and the days that it covers. */
export function useAsked() {
  const { shop } = useShop();
  const view = useView();
  return useMemo(() => {
    const period = viewPeriod(view, shop.periods);
    return { view: viewQuestion(view, period), period, grain: view.grain };
  }, [view, shop.periods]);
}

/** The first two parts of a basis; all of it is in the explanation. */
const inShort = (basis: string): string => basis.split(/[,;] /).slice(0, 2).join(", ");

/** The basis of several metrics, in short; none where they differ: one of them would be wrong for the others. */
function sameBasis(shown: (Metric | undefined)[]): string | null {
  const found = new Set(shown.map((metric) => (metric ? inShort(metric.basis) : "")));
  const [only] = found;
  return found.size === 1 && only ? only : null;
}

/** What stands below a title: unit, step, basis, what dotted means, and the panel's own note. */
function subtitle(
  panel: AskingPanel,
  metric: Metric | undefined,
  grain: Grain | undefined,
  unit: string,
  answer?: Answer,
): string {
  const one = panel.metrics.length === 1 ? metric : undefined;
  const partial = answer?.buckets?.some((bucket) => bucket.partial) ?? false;
  const drawn = panel.kind === "line" || panel.kind === "combo" || panel.kind === "cumulative";
  return [
    unit,
    grain ? `by ${GRAIN_TITLES[grain].toLowerCase()}` : null,
    one ? inShort(one.basis) : null,
    partial ? (drawn ? "dotted: not complete" : panel.kind === "bar" ? "hatched: not complete" : null) : null,
    panel.kind === "heatmap" ? "stronger is more" : null,
    panel.kind === "rank" && answer && isCompared(answer, panel.metrics[0]) ? "mark: comparison" : null,
    panel.note,
  ]
    .filter(Boolean)
    .join(" · ");
}

const HEIGHTS: Record<DrawnPanel["kind"], number> = {
  line: 270,
  bar: 250,
  area: 270,
  combo: 270,
  cumulative: 270,
  heatmap: 250,
  bridge: 270,
  rank: 280,
  share: 190,
};

export function ChartPanel({ panel: declared }: { panel: DrawnPanel }) {
  const { metrics, format, release } = useShop();
  const [only, setOnly] = useState<string>();
  const panel = only && isLines(declared) ? { ...declared, metrics: [only] } : declared;
  const asked = useAsked();
  const aims = useQuery({
    ...analysisQuery(release, "goals.target", { ...asked.view, compare: "none" }, { metric: panel.metrics[0] ?? "" }),
    enabled: release !== null && panel.kind === "cumulative",
  });
  const target = panel.kind === "cumulative" && aims.data?.rows.length ? aims.data : undefined;
  const drill = useDrill();
  const setView = useSetView();
  const question = panelQuestion(panel, asked);
  const grain = panelGrain(panel, asked);
  const metric = metrics.get(panel.metrics[0] ?? "");
  const height =
    panel.height ??
    (panel.kind === "rank" ? Math.max(panel.limit + (panel.others ? 1 : 0), 4) * 30 : HEIGHTS[panel.kind]);
  const timed =
    panel.kind !== "rank" && panel.kind !== "share" && panel.kind !== "heatmap" && panel.kind !== "bridge" && grain;
  const units = new Set(panel.metrics.map((name) => metrics.get(name)?.unit ?? ""));
  const draw = (answer: Answer): ReactNode => (
    <Suspense fallback={<Skeleton height={height} />}>
      <Chart
        panel={panel}
        answer={answer}
        grain={grain}
        height={height}
        target={target}
        onDrill={drill}
        onSpan={
          timed
            ? (from, to) => {
                const start = answer.buckets?.[from]?.start;
                const end = answer.buckets?.[Math.min(to, (answer.buckets?.length ?? 1) - 1)]?.end;
                const { period } = asked;
                if (start && end)
                  setView({
                    period: undefined,
                    from: start < period.start ? period.start : start,
                    to: end > period.end ? period.end : end,
                    grain: undefined,
                  });
              }
            : undefined
        }
      />
    </Suspense>
  );
  return (
    <PanelFrame
      id={panel.id}
      title={panel.title}
      question={question}
      height={height}
      sub={(answer) =>
        subtitle(
          panel,
          metric,
          timed ? grain : undefined,
          units.size === 1 ? format.unit(metric?.unit ?? "") : "",
          answer,
        )
      }
      legend={(answer) => legendOf(panel, answer, (name) => metrics.get(name)?.title ?? name, format, target !== undefined)}
      extra={
        <>
          {isLines(declared) ? <MetricWord names={declared.metrics} only={only} onChoose={setOnly} /> : null}
          {timed && metric ? <GrainWord grain={grain} metric={metric} /> : null}
        </>
      }
    >
      {(answer) =>
        panel.kind === "share" ? <Share panel={panel} answer={answer} ring={draw(answer)} /> : draw(answer)
      }
    </PanelFrame>
  );
}

/** Several metrics as lines beside each other, of which one can be looked at by itself. */
const isLines = (panel: DrawnPanel): panel is SeriesPanelSpec => panel.kind === "line" && panel.metrics.length > 1;

/** Which of the metrics of a panel are drawn: all of them, or one with its comparison. */
function MetricWord({
  names,
  only,
  onChoose,
}: {
  names: readonly string[];
  only: string | undefined;
  onChoose: (name: string | undefined) => void;
}) {
  const { metrics } = useShop();
  const title = (name: string) => metrics.get(name)?.title ?? name;
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Word>{only ? title(only) : `All ${names.length}`}</Word>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => onChoose(undefined)} aria-current={only === undefined || undefined}>
          All of them
        </Menu.Item>
        {names.map((name) => (
          <Menu.Item key={name} onClick={() => onChoose(name)} aria-current={name === only || undefined}>
            {title(name)}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

/** The step of the time axis, for every time axis of the page. */
function GrainWord({ grain, metric }: { grain: Grain; metric: Metric }) {
  const setView = useSetView();
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Word>By {GRAIN_TITLES[grain].toLowerCase()}</Word>
      </Menu.Target>
      <Menu.Dropdown>
        {metric.grains.map((one) => (
          <Menu.Item key={one} onClick={() => setView({ grain: one })} aria-current={one === grain || undefined}>
            {GRAIN_TITLES[one]}
          </Menu.Item>
        ))}
        <Menu.Item onClick={() => setView({ grain: undefined })}>To fit the period</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function Share({ panel, answer, ring }: { panel: RankPanelSpec; answer: Answer; ring: ReactNode }) {
  const { format, metrics } = useShop();
  const drill = useDrill();
  const [dimension] = panel.by;
  const [name] = panel.metrics;
  const unit = metrics.get(name)?.unit ?? "ratio";
  const column = columnOf(answer, dimension);
  const whole = answer.rows.reduce((sum, row) => sum + Math.max(numberOf(row[name]) ?? 0, 0), 0);
  return (
    <div className={styles.share}>
      <div>{ring}</div>
      <table className={styles.parts}>
        <tbody>
          {answer.rows.map((row, index) => {
            const value = row[dimension] ?? null;
            const rest = value === OTHERS;
            const title = wordsOf(value, column);
            return (
              <tr key={title}>
                <td>
                  <i style={{ background: `var(--series-${colorOf(index, rest)})` }} />
                  {rest ? (
                    title
                  ) : (
                    <button
                      type="button"
                      className={styles.drill}
                      onClick={() => drill(dimension, value === null ? null : String(value))}
                    >
                      {title}
                    </button>
                  )}
                </td>
                <td title={format.full(row[name], unit)}>{format.compact(row[name], unit)}</td>
                <td>{whole ? format.full(((numberOf(row[name]) ?? 0) / whole) * 100, "percent") : UNKNOWN}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

/** One number. `together`: the metrics that it is asked with, its own among them. */
export function Kpi({ panel, together }: { panel: KpiPanelSpec; together: string[] }) {
  const { format, metrics, dimensions, release } = useShop();
  const asked = useAsked();
  const setView = useSetView();
  const [name] = panel.metrics;
  const metric = metrics.get(name);
  const question: Question = { ...panelQuestion(panel, asked), metrics: together };
  const can = release !== null && together.includes(name);
  const answer = useQuery({ ...answerQuery(release, question), enabled: can });
  const unit = metric?.unit ?? "ratio";
  const data = can ? answer.data : undefined;
  const values = data?.totals ?? data?.rows[0] ?? null;
  const grain = question.grain;
  const course = data?.buckets && grain ? overBuckets(data.rows, data.buckets, grain, name) : [];
  const before = data?.buckets && grain ? overBuckets(data.rows, data.buckets, grain, `${name}_compare`) : [];
  const filter = metric && unknownFilter(metric, asked.view.where);
  const unknown =
    release === null
      ? "Nothing is built that could be asked."
      : metric && !metric.available
        ? `Needs data that are not loaded yet: ${metric.missing.join(", ")}.`
        : filter
          ? `It is not known by ${(dimensions.get(filter)?.title ?? filter).toLowerCase()}, which the page is filtered by.`
          : `Unknown: the loaded data of this period have none of what it is computed from (${metric?.basis ?? panel.title}).`;
  const value = values?.[name] ?? null;
  return (
    <div className={styles.kpi} role="group" aria-label={panel.title}>
      <h2 className={styles.kpiName}>
        <button
          type="button"
          className={styles.kpiButton}
          aria-label={`Explain ${panel.title}`}
          onClick={() => setView({ explain: name })}
        >
          {panel.title}
        </button>
        <span className={styles.kpiInfo} aria-hidden>
          i
        </span>
      </h2>
      {answer.error ? (
        <Failed error={answer.error} retry={() => void answer.refetch()} />
      ) : data || !can ? (
        <div style={{ opacity: answer.isPlaceholderData ? 0.55 : 1 }} aria-busy={answer.isFetching}>
          <div className={styles.figure}>
            <Tooltip label={value === null ? unknown : format.full(value, unit)} position="top-start">
              <span>{format.compact(value, unit)}</span>
            </Tooltip>
          </div>
          <div className={styles.course}>
            {asked.view.compare === "none" || value === null ? null : (
              <Change
                change={values?.[`${name}_change`] as number | null}
                rate={values?.[`${name}_change_rate`] as number | null | undefined}
                unit={unit}
                better={metric?.better}
                format={format}
              />
            )}
            <Spark points={course} comparison={before} />
          </div>
        </div>
      ) : (
        <div>
          <div className={styles.figure}>
            <Skeleton height={27} width={110} />
          </div>
          <div className={styles.course}>
            <Skeleton height={22} />
          </div>
        </div>
      )}
      <div className={styles.basis} title={metric?.basis}>
        <span>{panel.note ?? inShort(metric?.basis ?? "")}</span>
        {asked.view.compare === "none" || value === null || values?.[`${name}_change`] == null ? null : (
          <Word aria-label={`Why? ${panel.title}`} onClick={() => setView({ why: name, why_by: undefined })}>
            Why?
          </Word>
        )}
      </div>
    </div>
  );
}

/** Columns of a comparison that a table hides until they are chosen: all but the change of what it is sorted by. */
function hiddenAtFirst(answer: Answer, sort: string | undefined): Set<string> {
  const main = answer.columns.find((column) => column.metric && column.name === sort?.replace(/^-/, ""))?.metric;
  const shown = answer.columns.some((column) => column.kind === "change_rate" && column.metric === main)
    ? "change_rate"
    : "change";
  return new Set(
    answer.columns
      .filter(
        ({ kind, metric }) =>
          ["compare", "change", "change_rate"].includes(kind) && !(kind === shown && metric === main),
      )
      .map((column) => column.name),
  );
}

/** Values that have a page of their own; that is more than a page with a filter by one of them. */
const PERSONS = ["customer_id"];

export function TablePanel({ panel }: { panel: TablePanelSpec }) {
  const { format, metrics, release } = useShop();
  const asked = useAsked();
  const drill = useDrill();
  const { preset } = useView();
  const [sort, setSort] = useState<string | undefined>(panel.sort[0]);
  const [chosen, setChosen] = useState<Set<string> | null>(null);
  const question: Question = { ...panelQuestion(panel, asked), ...(sort ? { sort: [sort] } : {}) };
  const pages = useInfiniteQuery({
    queryKey: ["pages", release, question],
    queryFn: ({ pageParam, signal }) => query({ ...question, offset: pageParam }, signal),
    initialPageParam: panel.limit,
    getNextPageParam: (last, all) => {
      const next = panel.limit * (all.length + 1);
      return next < last.row_count ? next : undefined;
    },
    enabled: false,
  });
  const { limit: _page, ...whole } = question;
  const fileQuestion = { ...whole, metrics: question.metrics.filter((name) => !chosen?.has(name)) };
  return (
    <PanelFrame
      id={panel.id}
      title={panel.title}
      question={question}
      fileQuestion={fileQuestion}
      height={panel.height ?? 360}
      noTable
      sub={(answer) =>
        [
          answer ? howMany(answer, format.count) : null,
          sort ? `by ${(metrics.get(sort.replace(/^-/, ""))?.title ?? "name").toLowerCase()}` : null,
          sameBasis(panel.metrics.map((name) => metrics.get(name))),
          panel.note,
        ]
          .filter(Boolean)
          .join(" · ")
      }
      extra={<Chooser question={question} hidden={chosen} onChange={setChosen} />}
    >
      {(first) => {
        const rows: Row[] = [...first.rows, ...(pages.data?.pages ?? []).flatMap((page) => page.rows)];
        // With a grain each group has a row for each step; the server counts and pages groups.
        const groups = panel.limit * (1 + (pages.data?.pages.length ?? 0));
        const more = groups < first.row_count;
        return (
          <DataTable
            label={panel.title}
            columns={withMembers(
              answerColumns({ answer: { ...first, rows }, format, bars: panel.bars, onDrill: drill }),
              preset,
              PERSONS,
            )}
            rows={rows}
            rowKey={(_, index) => String(index)}
            hidden={chosen ?? hiddenAtFirst(first, sort)}
            sort={sort}
            onSort={setSort}
            maxHeight={panel.height ?? 420}
            totals={first.totals !== null}
            onEnd={more && !pages.isFetching && !pages.error ? () => void pages.fetchNextPage() : undefined}
            more={
              pages.error ? (
                <Failed error={pages.error} retry={() => void pages.fetchNextPage()} />
              ) : more ? (
                `${format.count(groups)} of ${format.count(first.row_count)}; scroll for more`
              ) : null
            }
          />
        );
      }}
    </PanelFrame>
  );
}

function Chooser({
  question,
  hidden,
  onChange,
}: {
  question: Question;
  hidden: Set<string> | null;
  onChange: (hidden: Set<string>) => void;
}) {
  const { release, format } = useShop();
  const { data } = useQuery({ ...answerQuery(release, question), enabled: false });
  if (!data) return null;
  return (
    <ColumnChooser
      columns={answerColumns({ answer: data, format })}
      hidden={hidden ?? hiddenAtFirst(data, question.sort?.[0])}
      onChange={onChange}
    />
  );
}

/** Two or three sentences that open a page. The first is the news, so it is strong. */
export function Headline({ panel }: { panel: AnalysisPanelSpec }) {
  const { release } = useShop();
  const { view } = useAsked();
  const params = takenFrom(useView(), panel.takes);
  const answer = useQuery({ ...analysisQuery(release, panel.analysis, view, params), enabled: release !== null });
  if (release === null) return <NoRelease />;
  if (answer.error) return <Failed error={answer.error} retry={() => void answer.refetch()} />;
  if (!answer.data) {
    return (
      <div className={styles.headline} aria-busy>
        <Skeleton height={44} />
      </div>
    );
  }
  const sentences = answer.data.sentences;
  if (!sentences.length) return null;
  return (
    <div
      className={styles.headline}
      role="note"
      aria-label={panel.title}
      style={{ opacity: answer.isPlaceholderData ? 0.55 : 1 }}
    >
      <p>
        {sentences.map((sentence, index) => (
          <span key={sentence.text}>{index === 0 ? <strong>{sentence.text}</strong> : sentence.text} </span>
        ))}
      </p>
      <Notes panel={panel.id} notes={answer.data.notes} />
    </div>
  );
}

const MARKS = { good: "▲", bad: "▼", neutral: "●" };

export function Insights({ panel }: { panel: AnalysisPanelSpec }) {
  const { release } = useShop();
  const { view, period } = useAsked();
  const setView = useSetView();
  const params = takenFrom(useView(), panel.takes);
  const answer = useQuery({ ...analysisQuery(release, panel.analysis, view, params), enabled: release !== null });
  const sentences = answer.data?.sentences ?? [];
  return (
    <section className={styles.panel} aria-label={panel.title}>
      <header className={styles.head}>
        <h2 className={styles.title}>{panel.title}</h2>
        {answer.data?.rows.length ? (
          <div className={styles.actions}>
            <DownloadMenu
              title={panel.title}
              span={period}
              get={(format) => analyseFile(panel.analysis, view, format, params)}
            />
          </div>
        ) : null}
        <div className={styles.below}>{panel.note ?? "written from the numbers of the period"}</div>
      </header>
      {release === null ? (
        <NoRelease />
      ) : answer.error ? (
        <Failed error={answer.error} retry={() => void answer.refetch()} />
      ) : !answer.data ? (
        <Skeleton height={150} />
      ) : sentences.length ? (
        <ul
          className={styles.insights}
          data-wide={panel.span > 8 || undefined}
          style={{ opacity: answer.isPlaceholderData ? 0.55 : 1 }}
        >
          {sentences.map((sentence) => (
            <li key={sentence.text} data-tone={sentence.tone}>
              <i aria-hidden>{MARKS[sentence.tone]}</i>
              <span>
                {sentence.text}{" "}
                {sentence.metric ? (
                  <Word onClick={() => setView({ why: sentence.metric, why_by: undefined })} aria-label={`Why: ${sentence.text}`}>
                    Why
                  </Word>
                ) : null}
              </span>
            </li>
          ))}
        </ul>
      ) : (
        <p className={styles.sub}>Nothing stands out in this period.</p>
      )}
    </section>
  );
}
