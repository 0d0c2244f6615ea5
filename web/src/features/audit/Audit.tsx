/** For administrators: who did what, when and from where, with what was before and after; and whether the log is whole. */
import { Button, Select, TextInput } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { auditFile, getAuditVerdict } from "@/api/calls";
import { auditActionsQuery, auditQuery } from "@/api/queries";
import { useShop } from "@/api/shop";
import type { AuditEntry, AuditWanted } from "@/api/types";
import { actionTitle, differences } from "@/features/audit/words";
import styles from "@/ui/records.module.css";
import { saveBlob } from "@/lib/download";
import { DataTable, type TableColumn } from "@/ui/DataTable";
import { Badge, Banner, Empty, Facts, Failed, Page, Pane, Skeleton, Word } from "@/ui/Parts";
import { Side } from "@/ui/Side";

interface Filters {
  user: string;
  action: string;
  subject: string;
  from: string;
  to: string;
}

const NONE: Filters = { user: "", action: "", subject: "", from: "", to: "" };

/** A day that is included to its end: the moment at which the next one begins. */
const after = (day: string): string => {
  const next = new Date(`${day}T00:00:00Z`);
  next.setUTCDate(next.getUTCDate() + 1);
  return next.toISOString().slice(0, 10);
};

const wantedOf = ({ user, action, subject, from, to }: Filters): AuditWanted => ({
  ...(user.trim() ? { user: user.trim() } : {}),
  ...(action ? { action } : {}),
  ...(subject.trim() ? { subject: subject.trim() } : {}),
  ...(from ? { from: `${from}T00:00:00` } : {}),
  ...(to ? { to: `${after(to)}T00:00:00` } : {}),
});

export function Audit() {
  const { format } = useShop();
  const [filters, setFilters] = useState(NONE);
  const [page, setPage] = useState(1);
  const [opened, setOpened] = useState<AuditEntry | null>(null);
  const wanted = wantedOf(filters);
  const entries = useQuery(auditQuery(wanted, page));
  const actions = useQuery(auditActionsQuery);
  const check = useMutation({ mutationFn: getAuditVerdict });
  const save = useMutation({
    mutationFn: () => auditFile(wanted),
    onSuccess: (blob) => saveBlob(blob, "audit.csv"),
  });
  const set = (part: Partial<Filters>) => {
    setFilters({ ...filters, ...part });
    setPage(1);
  };
  const pages = entries.data ? Math.max(1, Math.ceil(entries.data.total / entries.data.per_page)) : 1;
  const columns: TableColumn<AuditEntry>[] = [
    {
      name: "at",
      title: "When",
      value: (entry) => entry.at,
      show: (entry) => (
        <button
          type="button"
          className={styles.open}
          aria-label={`Entry ${entry.number}: ${actionTitle(entry.action)}`}
          onClick={() => setOpened(entry)}
        >
          {format.instant(entry.at)}
        </button>
      ),
      text: (entry) => format.instant(entry.at),
    },
    { name: "who", title: "Who", value: (entry) => entry.who },
    {
      name: "action",
      title: "What",
      value: (entry) => entry.action,
      show: (entry) => actionTitle(entry.action),
      text: (entry) => actionTitle(entry.action),
    },
    { name: "subject", title: "To what", value: (entry) => entry.subject },
    { name: "address", title: "From", value: (entry) => entry.address },
    { name: "number", title: "Entry", right: true, value: (entry) => entry.number },
  ];
  return (
    <Page
      title="Audit log"
      purpose="Who did what, when and from where. Entries are chained: none can be changed or taken out unseen."
      aside={
        <Button variant="default" loading={check.isPending} onClick={() => check.mutate()}>
          Check the log
        </Button>
      }
    >
      <div className={styles.stack}>
        {check.error ? <Failed error={check.error} /> : null}
        {check.data ? <Verdict verdict={check.data} /> : null}
        <Pane
          title="Entries"
          sub={entries.data ? `${format.count(entries.data.total)}, the newest first` : undefined}
          actions={
            <Word disabled={save.isPending} onClick={() => save.mutate()}>
              Download CSV
            </Word>
          }
        >
          <div className={styles.filters}>
            <TextInput
              label="User"
              value={filters.user}
              onChange={(event) => set({ user: event.currentTarget.value })}
            />
            <Select
              label="Action"
              placeholder="Any"
              clearable
              searchable
              data={(actions.data ?? []).map((action) => ({ value: action, label: actionTitle(action) }))}
              value={filters.action || null}
              onChange={(action) => set({ action: action ?? "" })}
            />
            <TextInput
              label="To what"
              value={filters.subject}
              onChange={(event) => set({ subject: event.currentTarget.value })}
            />
            <TextInput
              type="date"
              label="From"
              value={filters.from}
              onChange={(event) => set({ from: event.currentTarget.value })}
            />
            <TextInput
              type="date"
              label="To"
              value={filters.to}
              onChange={(event) => set({ to: event.currentTarget.value })}
            />
          </div>
          {save.error ? <Failed error={save.error} /> : null}
          {entries.error ? (
            <Failed error={entries.error} retry={() => void entries.refetch()} />
          ) : !entries.data ? (
            <Skeleton height={320} />
          ) : entries.data.data.length ? (
            <>
              <DataTable
                label="Entries of the audit log"
                columns={columns}
                rows={entries.data.data}
                rowKey={(entry) => String(entry.number)}
                maxHeight={620}
              />
              {pages > 1 ? (
                <div className={styles.foot} style={{ justifyContent: "space-between", marginTop: 10 }}>
                  <span className={styles.effect}>
                    Page {page} of {format.count(pages)}
                  </span>
                  <span>
                    <Word disabled={page <= 1} onClick={() => setPage(page - 1)}>
                      Newer
                    </Word>{" "}
                    <Word disabled={page >= pages} onClick={() => setPage(page + 1)}>
                      Older
                    </Word>
                  </span>
                </div>
              ) : null}
            </>
          ) : (
            <Empty title="No entry matches">
              <Word onClick={() => setFilters(NONE)}>Show all</Word>
            </Empty>
          )}
        </Pane>
      </div>
      {opened ? (
        <Side title={actionTitle(opened.action)} side="right" size={520} closeLabel="Close" onClose={() => setOpened(null)}>
          <Details entry={opened} />
        </Side>
      ) : null}
    </Page>
  );
}

function Verdict({ verdict }: { verdict: Awaited<ReturnType<typeof getAuditVerdict>> }) {
  const { format } = useShop();
  if (verdict.sound) {
    return (
      <Banner tone="good">
        All {format.count(verdict.entries)} entries are as they were written. To prove it later to somebody else, note the
        last one: {verdict.number}:<code style={{ overflowWrap: "anywhere" }}>{verdict.hash}</code>
      </Banner>
    );
  }
  return (
    <Banner tone="bad">
      The log is not whole:{" "}
      {verdict.faults
        .slice(0, 5)
        .map((fault) => fault.text)
        .join(" ")}
      {verdict.faults.length > 5 ? ` And ${format.count(verdict.faults.length - 5)} more.` : ""}
    </Banner>
  );
}

function Details({ entry }: { entry: AuditEntry }) {
  const { format } = useShop();
  const rows = differences(entry.before, entry.after);
  return (
    <div className={styles.form}>
      <Facts
        items={[
          ["When", format.instant(entry.at)],
          ["Who", entry.who],
          ["To what", entry.subject],
          ["From", entry.address ?? "the machine itself"],
          ["Entry", format.count(entry.number)],
          ["Seal", <code style={{ overflowWrap: "anywhere" }}>{entry.hash}</code>],
        ]}
      />
      {entry.erased ? (
        <div>
          <Badge tone="neutral">erased</Badge>{" "}
          <span className={styles.effect}>The values were of a person who has been erased.</span>
        </div>
      ) : rows.length ? (
        <table className={styles.values}>
          <thead>
            <tr>
              <th scope="col">What</th>
              <th scope="col">Before</th>
              <th scope="col">After</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.name}>
                <th scope="row">{row.name}</th>
                <td>{row.before}</td>
                <td>{row.after}</td>
              </tr>
            ))}
          </tbody>
        </table>
      ) : null}
    </div>
  );
}
