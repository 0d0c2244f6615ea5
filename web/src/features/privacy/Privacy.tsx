/** For administrators: find a person, see what is kept, hand it over, write down choices, erase; what was erased; retention. */
import { Button, SegmentedControl, Switch, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { applyRetention, changeConsent, erasePerson, findPerson, personFile } from "@/api/calls";
import { consentsQuery, erasuresQuery, previewQuery, retentionQuery } from "@/api/queries";
import { useShop } from "@/api/shop";
import type { Consent, Erasure, FoundPerson, PersonIdentifier, Retention } from "@/api/types";
import { JobProgress } from "@/ui/JobProgress";
import styles from "@/ui/records.module.css";
import { saveBlob } from "@/lib/download";
import { DataTable, type TableColumn } from "@/ui/DataTable";
import { Badge, Banner, Empty, Facts, Failed, Page, Pane, Skeleton, Word } from "@/ui/Parts";

type TableRows = FoundPerson["tables"][number];
const nameOf = (person: FoundPerson): string => person.names[0] ?? person.identifiers[0]?.value ?? "–";

export function Privacy() {
  const [text, setText] = useState("");
  const [chosen, setChosen] = useState<FoundPerson | null>(null);
  const [job, setJob] = useState<string | null>(null);
  const find = useMutation({
    mutationFn: () => findPerson(text),
    onSuccess: (found) => setChosen(found.length === 1 ? (found[0] ?? null) : null),
  });
  const client = useQueryClient();
  const begun = (id: string) => {
    setJob(id);
    setChosen(null);
    setText("");
    find.reset();
    void client.invalidateQueries({ queryKey: erasuresQuery.queryKey });
  };
  return (
    <Page
      title="Privacy"
      purpose="Find what is kept of a person, hand it over, erase it for good. Totals stay what they were."
    >
      <div className={styles.stack}>
        <Pane title="Find a person" sub="over everything that is loaded; every look stands in the audit log">
          <div className={styles.form}>
            <form
              className={styles.find}
              onSubmit={(event) => {
                event.preventDefault();
                setChosen(null);
                setJob(null);
                find.mutate();
              }}
            >
              <TextInput
                label="Customer's number, e-mail, telephone, loyalty member or order"
                value={text}
                maxLength={320}
                onChange={(event) => setText(event.currentTarget.value)}
              />
              <Button type="submit" disabled={!text.trim()} loading={find.isPending}>
                Find
              </Button>
            </form>
            {find.error ? <Failed error={find.error} /> : null}
            {find.data && !find.data.length ? (
              <Empty title="Nobody has this identifier">
                <span>Look for another one of theirs; or they were erased.</span>
              </Empty>
            ) : null}
            {find.data && find.data.length > 1 && !chosen ? (
              <>
                <p className={styles.effect}>{find.data.length} people have it. Choose one:</p>
                {find.data.map((person, index) => (
                  <button key={index} type="button" className={styles.person} onClick={() => setChosen(person)}>
                    {nameOf(person)}
                    <span>
                      {person.identifiers
                        .slice(0, 4)
                        .map((one) => one.value)
                        .join(" · ")}
                    </span>
                  </button>
                ))}
              </>
            ) : null}
          </div>
        </Pane>
        {job ? (
          <Pane title="Erasing" sub="it does not come back from now on; this takes it out of everything that is kept">
            <JobProgress id={job} />
          </Pane>
        ) : null}
        {chosen ? <PersonPanes key={chosen.identifiers[0]?.value} person={chosen} onBegun={begun} /> : null}
        <div className={styles.two}>
          <Erasures />
          <RetentionPane />
        </div>
      </div>
    </Page>
  );
}

/** Identifiers by kind, a few of each. */
function identifierFacts(person: FoundPerson): [string, string][] {
  const kinds = new Map<string, string[]>();
  for (const one of person.identifiers) kinds.set(one.title, [...(kinds.get(one.title) ?? []), one.value]);
  return [...kinds].map(([title, values]) => [
    title,
    values.slice(0, 6).join(", ") + (values.length > 6 ? ` and ${values.length - 6} more` : ""),
  ]);
}

function PersonPanes({ person, onBegun }: { person: FoundPerson; onBegun: (job: string) => void }) {
  const { format } = useShop();
  const first = person.identifiers[0];
  const save = useMutation({
    mutationFn: (of: PersonIdentifier) => personFile(of),
    onSuccess: (blob) => saveBlob(blob, `person-${first?.value.replace(/[^\w.-]+/g, "-") ?? ""}.zip`),
  });
  if (!first) return null;
  const columns: TableColumn<TableRows>[] = [
    { name: "title", title: "Table", value: (row) => row.title },
    { name: "rows", title: "Rows", right: true, value: (row) => row.rows, show: (row) => format.count(row.rows) },
  ];
  return (
    <div className={styles.two}>
      <div className={styles.stack}>
        <Pane
          title={nameOf(person)}
          sub="who this is"
          actions={
            <Word disabled={save.isPending} onClick={() => save.mutate(first)}>
              {save.isPending ? "Collecting…" : "Download everything"}
            </Word>
          }
        >
          <Facts
            items={[
              ...(person.names.length > 1
                ? [["Also called", person.names.slice(1).join(", ")] as [string, string]]
                : []),
              ...identifierFacts(person),
              ...(person.shared.length
                ? [
                    [
                      "Shared with others",
                      person.shared.map((one) => `${one.title.toLowerCase()} ${one.value}`).join(", "),
                    ] as [string, string],
                  ]
                : []),
            ]}
          />
          {save.error ? <Failed error={save.error} /> : null}
        </Pane>
        <Consents of={first} numbered={person.identifiers.some((one) => one.kind === "customer")} />
      </div>
      <div className={styles.stack}>
        <Pane title="What is kept" sub="rows of each table, over all loads">
          <DataTable
            label="Rows of the person"
            columns={columns}
            rows={person.tables}
            rowKey={(row) => row.name}
            maxHeight={340}
          />
        </Pane>
        <Erase of={first} person={person} onBegun={onBegun} />
      </div>
    </div>
  );
}

const SOURCES: Record<Consent["source"], string> = {
  here: "written down here",
  files: "from the shop's files",
  default: "nothing was said",
};

function Consents({ of, numbered }: { of: PersonIdentifier; numbered: boolean }) {
  const { format } = useShop();
  const client = useQueryClient();
  const consents = useQuery(consentsQuery(of));
  const change = useMutation({
    mutationFn: ({ purpose, granted }: Pick<Consent, "purpose" | "granted">) => changeConsent(of, purpose, granted),
    onSuccess: (now) => client.setQueryData(consentsQuery(of).queryKey, now),
  });
  return (
    <Pane title="Choices" sub="what this person allows; every list of people that is handed out keeps to it">
      {consents.error ? (
        <Failed error={consents.error} retry={() => void consents.refetch()} />
      ) : !consents.data ? (
        <Skeleton height={240} />
      ) : (
        <ul className={styles.choices}>
          {consents.data.map((one) => (
            <li key={one.purpose}>
              <span>
                {one.title}
                <small>
                  {SOURCES[one.source]}
                  {one.since ? `, ${format.moment(one.since)}` : ""}
                </small>
              </span>
              <Switch
                aria-label={one.title}
                checked={one.granted}
                disabled={change.isPending || !numbered}
                onChange={(event) => change.mutate({ purpose: one.purpose, granted: event.currentTarget.checked })}
              />
            </li>
          ))}
        </ul>
      )}
      {change.error ? <Failed error={change.error} /> : null}
      {numbered ? null : <p className={styles.effect}>A choice needs a customer's number; this person has none.</p>}
    </Pane>
  );
}

const EFFECTS: Record<Erasure["mode"], string> = {
  erase:
    "Name, addresses, free text and every number of theirs go, in all loads, rejects, releases and the audit log. What they bought stays counted, without them. It cannot be undone, and loading the same file or restoring a backup does not bring them back.",
  anonymise:
    "Name, addresses and free text go for good. The numbers of customer and orders stay, so that the shop can still find an order by its number.",
};

function Erase({
  of,
  person,
  onBegun,
}: {
  of: PersonIdentifier;
  person: FoundPerson;
  onBegun: (job: string) => void;
}) {
  const { format } = useShop();
  const [mode, setMode] = useState<Erasure["mode"]>("erase");
  const [typed, setTyped] = useState("");
  const preview = useQuery(previewQuery(of));
  const erase = useMutation({
    mutationFn: () => erasePerson(of, mode, typed),
    onSuccess: (begun) => onBegun(begun.job.id),
  });
  const rows = person.tables.reduce((sum, table) => sum + table.rows, 0);
  return (
    <Pane title="Erase or anonymise">
      <form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          erase.mutate();
        }}
      >
        <SegmentedControl
          aria-label="What to do"
          data={[
            { value: "erase", label: "Erase" },
            { value: "anonymise", label: "Anonymise" },
          ]}
          value={mode}
          onChange={(value) => setMode(value as Erasure["mode"])}
        />
        <p className={styles.effect}>{EFFECTS[mode]}</p>
        <p className={styles.effect} aria-live="polite">
          {preview.data
            ? `Found: ${format.count(rows)} rows of ${person.tables.length} tables in ${format.count(preview.data.loads.length)} ${
                preview.data.loads.length === 1 ? "load" : "loads"
              }.`
            : preview.error
              ? preview.error.message
              : "Looking where it is kept…"}
        </p>
        <TextInput
          label={`To confirm, type ${of.value}`}
          autoComplete="off"
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
        {erase.error ? <Banner tone="bad">{erase.error.message}</Banner> : null}
        <div>
          <Button type="submit" color="red" disabled={typed.trim() !== of.value} loading={erase.isPending}>
            {mode === "erase" ? "Erase for good" : "Anonymise for good"}
          </Button>
        </div>
      </form>
    </Pane>
  );
}

function Erasures() {
  const { format } = useShop();
  const erasures = useQuery(erasuresQuery);
  const rowsOf = (one: Erasure): number =>
    Object.values((one.report["found"] ?? {}) as Record<string, number>).reduce((sum, rows) => sum + rows, 0);
  const columns: TableColumn<Erasure>[] = [
    {
      name: "created_at",
      title: "When",
      value: (one) => one.created_at,
      show: (one) => format.moment(one.created_at),
      text: (one) => format.moment(one.created_at),
    },
    { name: "mode", title: "Kind", value: (one) => (one.mode === "erase" ? "erased" : "anonymised") },
    {
      name: "state",
      title: "State",
      value: (one) => one.state,
      show: (one) => <Badge tone={one.state === "done" ? "good" : "accent"}>{one.state}</Badge>,
      text: (one) => one.state,
    },
    { name: "rows", title: "Rows", right: true, value: rowsOf, show: (one) => format.count(rowsOf(one)) },
    { name: "by", title: "By", value: (one) => one.created_by },
  ];
  return (
    <Pane title="Erased so far" sub="counts alone: nobody is named">
      {erasures.error ? (
        <Failed error={erasures.error} retry={() => void erasures.refetch()} />
      ) : !erasures.data ? (
        <Skeleton height={120} />
      ) : erasures.data.length ? (
        <DataTable label="Erasures" columns={columns} rows={erasures.data} rowKey={(one) => one.id} maxHeight={320} />
      ) : (
        <Empty title="Nobody yet" />
      )}
    </Pane>
  );
}

type Rule = Retention["tables"][number];

function RetentionPane() {
  const { format } = useShop();
  const retention = useQuery(retentionQuery);
  const [sure, setSure] = useState(false);
  const apply = useMutation({ mutationFn: applyRetention });
  const found = retention.data;
  const total = found
    ? found.raw + found.rejects + found.jobs + found.tables.reduce((sum, rule) => sum + rule.rows, 0)
    : 0;
  const columns: TableColumn<Rule>[] = [
    { name: "title", title: "Table", value: (rule) => rule.title },
    {
      name: "kept_from",
      title: "Kept from",
      value: (rule) => rule.kept_from,
      show: (rule) => format.day(rule.kept_from),
      text: (rule) => format.day(rule.kept_from),
    },
    { name: "rows", title: "Older rows", right: true, value: (rule) => rule.rows, show: (rule) => format.count(rule.rows) },
  ];
  return (
    <Pane title="Retention" sub="how long rows are kept: section retention of the settings">
      {retention.error ? (
        <Failed error={retention.error} retry={() => void retention.refetch()} />
      ) : !found ? (
        <Skeleton height={120} />
      ) : (
        <div className={styles.form}>
          {found.tables.length ? (
            <DataTable label="Rules of retention" columns={columns} rows={found.tables} rowKey={(rule) => rule.name} />
          ) : (
            <Empty title="No rule by table">
              <span>Everything is kept until a rule says otherwise.</span>
            </Empty>
          )}
          {found.raw || found.rejects || found.jobs ? (
            <p className={styles.effect}>
              Past their age besides: {format.count(found.raw)} rows as they came, {format.count(found.rejects)} rejects,{" "}
              {format.count(found.jobs)} jobs.
            </p>
          ) : null}
          {apply.data ? (
            <JobProgress id={apply.data.id} />
          ) : total ? (
            <div className={styles.foot}>
              {sure ? (
                <>
                  <Button color="red" loading={apply.isPending} onClick={() => apply.mutate()}>
                    Remove {format.count(total)} for good
                  </Button>
                  <Word onClick={() => setSure(false)}>Keep them</Word>
                </>
              ) : (
                <Button variant="default" onClick={() => setSure(true)}>
                  Remove what is older
                </Button>
              )}
            </div>
          ) : found.tables.length ? (
            <p className={styles.effect}>Nothing is older than its rule.</p>
          ) : null}
          {apply.error ? <Failed error={apply.error} /> : null}
        </div>
      )}
    </Pane>
  );
}
