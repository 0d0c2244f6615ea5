/** A metric ahead: sentences, the picture with its scenarios, the models that were tried, and earlier forecasts against what came. */
import { Menu } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { analyseFile } from "@/api/calls";
import { analysisQuery } from "@/api/queries";
import { useShop } from "@/api/shop";
import type { Answer, ForecastPanelSpec } from "@/api/types";
import { AnswerTable } from "@/panels/AnswerTable";
import { answerColumns } from "@/panels/columns";
import styles from "@/panels/forecast.module.css";
import { Notes } from "@/panels/notes";
import { DownloadMenu, NoRelease } from "@/panels/PanelFrame";
import { useAsked } from "@/panels/Panels";
import shared from "@/panels/panels.module.css";
import { DataTable } from "@/ui/DataTable";
import { Empty, Failed, Skeleton, Word } from "@/ui/Parts";

const Chart = lazy(() => import("@/panels/Chart").then((module) => ({ default: module.Chart })));

const SCENARIOS = { expected: "Expected", best: "Best case", worst: "Worst case" } as const;
type Scenario = keyof typeof SCENARIOS;
const LEVELS = [80, 90, 95] as const;

export function ForecastPanel({ panel }: { panel: ForecastPanelSpec }) {
  const { release, metrics, format } = useShop();
  const { view, period } = useAsked();
  const [metric, setMetric] = useState(panel.metrics[0] ?? "revenue");
  const [horizon, setHorizon] = useState(panel.horizons[0] ?? 30);
  const [level, setLevel] = useState<number>(LEVELS[0]);
  const [scenario, setScenario] = useState<Scenario>("expected");
  const [asTable, setAsTable] = useState(false);
  // Nothing is compared: a forecast has its own yardsticks.
  const asked = { ...view, compare: "none" as const };
  const question = { metric, horizon, level };
  const params = { ...question, scenario, history: Math.max(90, horizon * 2) };
  const answer = useQuery({
    ...analysisQuery(release, "sales.forecast", asked, params),
    enabled: release !== null,
  });
  const height = panel.height ?? 320;
  const data = answer.data;
  const title = (name: string) => metrics.get(name)?.title ?? name;
  const ahead = data?.rows.some((row) => row.forecast !== null) ?? false;
  return (
    <div className={styles.column}>
      {!data && !answer.error && release !== null ? (
        <div className={shared.headline} aria-busy>
          <Skeleton height={66} />
        </div>
      ) : data?.sentences.length ? (
        <div className={shared.headline} role="note" aria-label={panel.title} data-stale={answer.isPlaceholderData || undefined}>
          <p>
            {data.sentences.map((sentence, index) => (
              <span key={sentence.text}>{index === 0 ? <strong>{sentence.text}</strong> : sentence.text} </span>
            ))}
          </p>
        </div>
      ) : null}
      <section className={shared.panel} aria-label={panel.title}>
        <header className={shared.head}>
          <h2 className={shared.title}>{title(metric)}</h2>
          <div className={shared.actions}>
            <Choice label="Metric" value={metric} onChange={setMetric} items={panel.metrics.map((one) => [one, title(one)])} />
            <Choice
              label="Days ahead"
              value={horizon}
              onChange={setHorizon}
              items={panel.horizons.map((days) => [days, `${days} days`])}
            />
            <Choice
              label="Interval"
              value={level}
              onChange={setLevel}
              items={LEVELS.map((percent) => [percent, `${percent}% sure`])}
            />
            <Word aria-pressed={asTable} onClick={() => setAsTable(!asTable)}>
              Table
            </Word>
            <DownloadMenu
              title={`${panel.title} ${title(metric)}`}
              span={period}
              get={(how) => analyseFile("sales.forecast", asked, how, params)}
            />
          </div>
          <div className={shared.below}>
            {[format.unit(metrics.get(metric)?.unit ?? ""), "by day", panel.note].filter(Boolean).join(" · ")}
          </div>
        </header>
        <div className={styles.bar}>
          <div role="group" aria-label="Scenario" className={styles.switch}>
            {(Object.keys(SCENARIOS) as Scenario[]).map((name) => (
              <button key={name} type="button" aria-pressed={name === scenario} onClick={() => setScenario(name)}>
                {SCENARIOS[name]}
              </button>
            ))}
          </div>
          <ul className={shared.legend} aria-label="Legend">
            <Key color="var(--series-0)" title="Actual" />
            <Key color="var(--series-1)" title={SCENARIOS[scenario]} />
            <Key color="var(--series-1)" title={`${level}% interval of a day`} faint />
            <Key color="var(--comparison)" title="Forecast in the tests of the past" />
          </ul>
        </div>
        <div className={shared.body} data-stale={answer.isPlaceholderData || undefined} aria-busy={answer.isFetching}>
          {release === null ? (
            <NoRelease />
          ) : answer.error ? (
            <Failed error={answer.error} retry={() => void answer.refetch()} />
          ) : !data ? (
            <Skeleton height={height} />
          ) : !ahead && !data.rows.length ? (
            <Empty title="No sales yet">
              <span>There is nothing to look ahead from in this period. Choose another above.</span>
            </Empty>
          ) : asTable ? (
            <AnswerTable answer={data} height={height} />
          ) : (
            <Suspense fallback={<Skeleton height={height} />}>
              <Chart panel={panel} answer={data} grain="day" height={height} />
            </Suspense>
          )}
        </div>
        {data ? <Notes panel={panel.id} notes={data.notes} /> : null}
      </section>
      <Found
        analysis="sales.forecast_models"
        title="Models that were tried"
        note="on windows of the past, each from what was known before it; the smallest error first"
        params={question}
        empty="A model needs eight weeks of history to be tried."
        rows={markTaken}
      />
      <Found
        analysis="sales.forecast_record"
        title="Earlier forecasts against what came"
        note="forecasts that were asked for before, compared with the days that have come since"
        params={question}
        empty="Every forecast that is shown here is kept. When its days have come, they are compared here."
      />
    </div>
  );
}

/** The model that was taken, in words. */
const markTaken = (answer: Answer): Answer => ({
  ...answer,
  rows: answer.rows.map((row) => ({ ...row, taken: row.taken ? "taken" : "" })),
});

function Found({
  analysis,
  title,
  note,
  params,
  empty,
  rows = (answer) => answer,
}: {
  analysis: string;
  title: string;
  note: string;
  params: Record<string, string | number>;
  empty: string;
  rows?: (answer: Answer) => Answer;
}) {
  const { release, format } = useShop();
  const { view, period } = useAsked();
  const asked = { ...view, compare: "none" as const };
  const answer = useQuery({ ...analysisQuery(release, analysis, asked, params), enabled: release !== null });
  const data = answer.data ? rows(answer.data) : undefined;
  return (
    <section className={shared.panel} aria-label={title}>
      <header className={shared.head}>
        <h2 className={shared.title}>{title}</h2>
        <div className={shared.actions}>
          {data?.rows.length ? (
            <DownloadMenu title={title} span={period} get={(how) => analyseFile(analysis, asked, how, params)} />
          ) : null}
        </div>
        <div className={shared.below}>{note}</div>
      </header>
      <div className={shared.body} data-stale={answer.isPlaceholderData || undefined} aria-busy={answer.isFetching}>
        {answer.error ? (
          <Failed error={answer.error} retry={() => void answer.refetch()} />
        ) : !data ? (
          <Skeleton height={120} />
        ) : data.rows.length ? (
          <DataTable
            label={title}
            columns={answerColumns({ answer: data, format })}
            rows={data.rows}
            rowKey={(_, index) => String(index)}
            maxHeight={360}
          />
        ) : (
          <p className={styles.none}>{empty}</p>
        )}
      </div>
    </section>
  );
}

function Key({ color, title, faint = false }: { color: string; title: string; faint?: boolean }) {
  return (
    <li className={shared.key}>
      <i style={{ background: color, opacity: faint ? 0.3 : 1 }} />
      {title}
    </li>
  );
}

function Choice<Value extends string | number>({
  label,
  items,
  value,
  onChange,
}: {
  label: string;
  items: [Value, string][];
  value: Value;
  onChange: (value: Value) => void;
}) {
  const shown = items.find(([one]) => one === value)?.[1] ?? String(value);
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Word aria-label={`${label}: ${shown}`}>{shown} ▾</Word>
      </Menu.Target>
      <Menu.Dropdown>
        {items.map(([one, title]) => (
          <Menu.Item key={one} onClick={() => onChange(one)} aria-current={one === value || undefined}>
            {title}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
