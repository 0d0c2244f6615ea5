/** The same question elsewhere: the SQL that runs, and the calls for Python, curl and the command line. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { explainQuery } from "@/api/queries";
import { useShop } from "@/api/shop";
import type { Question } from "@/api/types";
import styles from "@/features/explore/explore.module.css";
import { commandLine, curlCode, pythonCode } from "@/lib/code";
import { useAsked } from "@/panels/Panels";
import { Code, Failed, Pane, Skeleton, Word } from "@/ui/Parts";

const TABS = { sql: "SQL", python: "Python", curl: "curl", command: "Command line" } as const;
type Tab = keyof typeof TABS;

export function Calls({ question }: { question: Question }) {
  const { period } = useAsked();
  const [tab, setTab] = useState<Tab | null>(null);
  return (
    <Pane title="The same elsewhere" sub="the same answer, to the cent">
      <div className={styles.tabs}>
        {(Object.keys(TABS) as Tab[]).map((name) => (
          <Word key={name} aria-pressed={name === tab} onClick={() => setTab(name === tab ? null : name)}>
            {TABS[name]}
          </Word>
        ))}
      </div>
      {tab === "sql" ? <Sql question={question} /> : null}
      {tab === "python" ? <Code label="Python" text={pythonCode(question, period)} /> : null}
      {tab === "curl" ? <Code wrap label="curl" text={curlCode(question, window.location.origin)} /> : null}
      {tab === "command" ? <Code wrap label="Command line" text={commandLine(question, period)} /> : null}
    </Pane>
  );
}

function Sql({ question }: { question: Question }) {
  const { release, metrics } = useShop();
  const [name, setName] = useState(question.metrics[0] ?? "");
  const metric = question.metrics.includes(name) ? name : (question.metrics[0] ?? "");
  const { limit: _limit, others: _others, sort: _sort, ...rest } = question;
  const explained = useQuery(explainQuery(release, { ...rest, metrics: [metric], compare: "none" }));
  return (
    <>
      {question.metrics.length > 1 ? (
        <div className={styles.tabs}>
          {question.metrics.map((one) => (
            <Word key={one} aria-pressed={one === metric} onClick={() => setName(one)}>
              {metrics.get(one)?.title ?? one}
            </Word>
          ))}
        </div>
      ) : null}
      {explained.error ? (
        <Failed error={explained.error} retry={() => void explained.refetch()} />
      ) : explained.data ? (
        explained.data.sql.map((text, index) => <Code key={text} label={`SQL ${index + 1}`} text={text} />)
      ) : (
        <Skeleton height={160} />
      )}
    </>
  );
}
