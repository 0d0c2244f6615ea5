/**
 * What stands around every panel's picture: title, unit and basis, legend, and the words Table, Download, Explain. It asks
 * the panel's question and shows each state in place: a skeleton, an error with a retry, or which data are missing.
 */
import { Menu } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { queryFile } from "@/api/calls";
import { answerQuery } from "@/api/queries";
import { useShop } from "@/api/shop";
import type { Answer, Format, Metric, Question } from "@/api/types";
import { fileName, saveBlob } from "@/lib/download";
import { useSetView } from "@/lib/useView";
import { isBlank, isNeverSet, isUnknown } from "@/panels/answers";
import { AnswerTable } from "@/panels/AnswerTable";
import { Notes } from "@/panels/notes";
import type { LegendItem } from "@/panels/legend";
import styles from "@/panels/panels.module.css";
import { Empty, Failed, Skeleton, Word } from "@/ui/Parts";
import { PageLink } from "@/ui/PageLink";

interface Props {
  id: string;
  title: string;
  question: Question;
  /** What a download asks, where it is not the panel's question: every row of a table that is read page by page. */
  fileQuestion?: Question;
  sub: (answer: Answer | undefined) => string;
  height: number;
  legend?: (answer: Answer) => LegendItem[];
  /** More words for the actions, before Table. */
  extra?: ReactNode;
  /** The panel is a table already. */
  noTable?: boolean;
  children: (answer: Answer) => ReactNode;
}

export function PanelFrame({
  id,
  title,
  question,
  fileQuestion,
  sub,
  height,
  legend,
  extra,
  noTable = false,
  children,
}: Props) {
  const { release } = useShop();
  const [asTable, setAsTable] = useState(false);
  const blocked = useBlocked(question);
  const answer = useQuery({ ...answerQuery(release, question), enabled: !blocked && release !== null });
  const items = answer.data && legend ? legend(answer.data) : [];
  const missing = blocked ?? (answer.data && !answer.isPlaceholderData ? blank(answer.data, question) : null);
  return (
    <section className={styles.panel} aria-label={title}>
      <header className={styles.head}>
        <h2 className={styles.title}>{title}</h2>
        <div className={styles.actions}>
          {extra}
          {noTable || missing ? null : (
            <Word aria-pressed={asTable} onClick={() => setAsTable(!asTable)}>
              Table
            </Word>
          )}
          {missing ? null : <Download question={fileQuestion ?? question} title={title} answer={answer.data} />}
          {missing ? null : <WhyWord names={question.metrics} />}
          <ExplainWord names={question.metrics} by={question.by} />
        </div>
        <div className={styles.below}>{sub(answer.data)}</div>
      </header>
      {items.length && !asTable && !missing ? <Legend items={items} /> : null}
      <div className={styles.body} data-stale={answer.isPlaceholderData || undefined} aria-busy={answer.isFetching}>
        {missing ? (
          missing
        ) : answer.error ? (
          <Failed error={answer.error} retry={() => void answer.refetch()} />
        ) : !answer.data ? (
          <Skeleton height={height} />
        ) : asTable ? (
          <AnswerTable answer={answer.data} height={height} />
        ) : (
          children(answer.data)
        )}
      </div>
      {answer.data && !missing ? <Notes panel={id} notes={answer.data.notes} /> : null}
    </section>
  );
}

function Legend({ items }: { items: LegendItem[] }) {
  return (
    <ul className={styles.legend} aria-label="Legend">
      {items.map((item) => (
        <li key={item.title} className={styles.key}>
          <i
            data-shape={item.shape}
            style={{ background: item.color === "comparison" ? "var(--comparison)" : `var(--series-${item.color})` }}
          />
          {item.title}
        </li>
      ))}
    </ul>
  );
}

/** Why a question need not be asked: its data are not loaded, or the filters cut by what a metric does not know. */
function useBlocked(question: Question): ReactNode | null {
  const { metrics, dimensions, shop } = useShop();
  if (!shop.release) return <NoRelease />;
  const asked = question.metrics.map((name) => metrics.get(name)).filter((metric): metric is Metric => Boolean(metric));
  const waiting = asked.find((metric) => !metric.available);
  if (waiting) return <MissingTables title={waiting.title} tables={waiting.missing} />;
  for (const metric of asked) {
    const cut = [...(question.by ?? []), ...(question.where ?? []).map((filter) => filter.dimension)].find(
      (name) => !metric.dimensions.includes(name),
    );
    if (!cut) continue;
    const known = metric.dimensions.map((name) => (dimensions.get(name)?.title ?? name).toLowerCase());
    return (
      <Empty title={`${metric.title} is not known by ${(dimensions.get(cut)?.title ?? cut).toLowerCase()}`}>
        <span>It can be cut by {known.join(", ")}.</span>
      </Empty>
    );
  }
  return null;
}

export function NoRelease() {
  const { shop } = useShop();
  if (shop.outdated) {
    return (
      <Empty title="Built by another version">
        <span>
          {shop.outdated} <PageLink path="/data">Go to the data page</PageLink>.
        </span>
      </Empty>
    );
  }
  return (
    <Empty title="No numbers yet">
      <span>
        <PageLink path="/data">Bring a file on the data page</PageLink>; numbers appear when it is loaded and built.
      </span>
    </Empty>
  );
}

export function MissingTables({ title, tables }: { title: string; tables: string[] }) {
  return (
    <Empty title={`${title} waits for data`}>
      <span>
        Not loaded yet: {tables.join(", ") || "the tables it is made from"}.{" "}
        <PageLink path="/data">Bring them on the data page</PageLink>.
      </span>
    </Empty>
  );
}

function blank(answer: Answer, question: Question): ReactNode | null {
  const dimension = question.by?.[0];
  if (dimension && isNeverSet(answer, dimension)) {
    const title = answer.columns.find((column) => column.name === dimension)?.title ?? dimension;
    return (
      <Empty title={`${title} is not in the loaded data`}>
        <span>
          Every row of this period has none. Load a file with a column for it, or map one; see{" "}
          <PageLink path="/data">what each load left unmapped</PageLink>.
        </span>
      </Empty>
    );
  }
  if (answer.rows.length && isUnknown(answer)) {
    return (
      <Empty title="Unknown in this period">
        <span>What it is computed from is not in the loaded data. Explain shows its formula.</span>
      </Empty>
    );
  }
  if (!answer.rows.length || (answer.rows.length > 1 && isBlank(answer))) {
    return (
      <Empty title="Nothing in this period">
        <span>No row fits. Choose another period or other filters above.</span>
      </Empty>
    );
  }
  return null;
}

const FORMATS: [Format, string][] = [
  ["csv", "CSV"],
  ["xlsx", "Excel"],
  ["parquet", "Parquet"],
];

/** Downloads of exactly what is shown: the same question in another format. */
export function Download({
  question,
  title,
  answer,
}: {
  question: Question;
  title: string;
  answer: Answer | undefined;
}) {
  return <DownloadMenu get={(format) => queryFile(question, format)} title={title} span={answer?.period ?? null} />;
}

export function DownloadMenu({
  get,
  title,
  span,
}: {
  get: (format: Format) => Promise<Blob>;
  title: string;
  span: { start: string; end: string } | null;
}) {
  return (
    <SaveMenu
      word="Download"
      failed="Download failed"
      items={FORMATS}
      save={async (format) => saveBlob(await get(format), fileName(title, span, format))}
    />
  );
}

/** A word with a menu of what can be saved; it says that it is being prepared, or that it failed. */
export function SaveMenu<Kind extends string>({
  word,
  failed,
  label,
  items,
  save,
}: {
  word: string;
  failed: string;
  label?: string;
  items: readonly (readonly [Kind, string])[];
  save: (kind: Kind) => Promise<void>;
}) {
  const [state, setState] = useState<"" | "busy" | "failed">("");
  const start = (kind: Kind) => {
    setState("busy");
    save(kind).then(
      () => setState(""),
      () => setState("failed"),
    );
  };
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Word disabled={state === "busy"}>{state === "busy" ? "Preparing…" : state === "failed" ? failed : word}</Word>
      </Menu.Target>
      <Menu.Dropdown>
        {label ? <Menu.Label>{label}</Menu.Label> : null}
        {items.map(([kind, name]) => (
          <Menu.Item key={kind} onClick={() => start(kind)}>
            {name}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

/** A word for one metric, a menu of them for several. */
function MetricWord({ word, names, choose }: { word: string; names: string[]; choose: (name: string) => void }) {
  const { metrics } = useShop();
  const [only] = names;
  if (names.length === 1 && only) return <Word onClick={() => choose(only)}>{word}</Word>;
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Word>{word}</Word>
      </Menu.Target>
      <Menu.Dropdown>
        {names.map((name) => (
          <Menu.Item key={name} onClick={() => choose(name)}>
            {metrics.get(name)?.title ?? name}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

/** Figures of parts alone (a share, a cohort) have no whole whose change could be taken apart. */
const changes = (metric: Metric | undefined): boolean =>
  metric !== undefined && !["share of parent", "cohort", "model"].includes(metric.total);

function WhyWord({ names }: { names: string[] }) {
  const { metrics } = useShop();
  const setView = useSetView();
  const taken = names.filter((name) => changes(metrics.get(name)));
  if (!taken.length) return null;
  return <MetricWord word="Why?" names={taken} choose={(name) => setView({ why: name, why_by: undefined })} />;
}

function ExplainWord({ names, by }: { names: string[]; by: string[] | undefined }) {
  const { metrics } = useShop();
  const setView = useSetView();
  const explain = (name: string) =>
    setView({ explain: name, explain_by: metrics.get(name)?.total === "share of parent" ? by : undefined });
  return <MetricWord word="Explain" names={names} choose={explain} />;
}
