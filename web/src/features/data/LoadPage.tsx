/** One load: its files and how they were read, what each row was, what it brought, and what could not be read and why. */
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import { rejectsFile } from "@/api/calls";
import { loadQuery, rejectsQuery, tablesQuery } from "@/api/queries";
import { useShop } from "@/api/shop";
import type { Load, LoadClass, LoadFile, Reject } from "@/api/types";
import styles from "@/features/data/data.module.css";
import { Back, LoadBadge, loadTitle } from "@/features/data/parts";
import { saveBlob } from "@/lib/download";
import { DataTable, type TableColumn } from "@/ui/DataTable";
import { Badge, Empty, Facts, Failed, Page, Pane, Skeleton, Word } from "@/ui/Parts";
import { PageLink } from "@/ui/PageLink";

export function LoadPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const load = useQuery(loadQuery(id));
  if (load.error) return <Failed error={load.error} retry={() => void load.refetch()} />;
  if (!load.data) return <Skeleton height={420} />;
  return <Loaded load={load.data} />;
}

function Loaded({ load }: { load: Load }) {
  const { format } = useShop();
  return (
    <Page
      title={loadTitle(load)}
      purpose="What this load read, what it made of it, and what it could not read."
      aside={<Back />}
    >
      <div className={styles.grid}>
        <div data-half>
          <Pane title="Load">
            <Facts
              items={[
                ["State", <LoadBadge state={load.state} />],
                ["Number", load.id],
                ["Source", load.source],
                ["Loaded", `${format.moment(load.created_at)}${load.created_by ? ` by ${load.created_by}` : ""}`],
                ["Known at", format.moment(load.known_at)],
                [
                  "Rows",
                  `${format.count(load.rows_read)} read, ${format.count(load.rows_rejected)} rejected${
                    load.seconds ? `, in ${format.seconds(load.seconds)}` : ""
                  }`,
                ],
                [
                  "Replaces",
                  load.replaces.length
                    ? load.replaces.map((item) => item.file ?? `${item.table}: ${item.from} to ${item.to}`).join(", ")
                    : "nothing by scope; rows with the same key",
                ],
              ]}
            />
          </Pane>
        </div>
        <div data-half>
          <Brought load={load} />
        </div>
        {load.files.map((file) => (
          <FilePane key={file.name} file={file} />
        ))}
        <Rejects load={load} />
      </div>
    </Page>
  );
}

interface TableRow {
  name: string;
  title: string;
  rows: number;
  span: string;
}

function Brought({ load }: { load: Load }) {
  const { format } = useShop();
  const { data: known } = useQuery(tablesQuery);
  const rows = Object.entries(load.tables).map(([name, table]): TableRow => ({
    name,
    title: known?.find((one) => one.name === name)?.title ?? name,
    rows: table.rows,
    span:
      table.time_from && table.time_to
        ? format.span({ start: table.time_from.slice(0, 10), end: table.time_to.slice(0, 10) })
        : "",
  }));
  const columns: TableColumn<TableRow>[] = [
    {
      name: "title",
      title: "Table",
      value: (row) => row.title,
      show: (row) => <PageLink path={`/data/tables/${row.name}`}>{row.title}</PageLink>,
    },
    { name: "span", title: "Days", value: (row) => row.span },
    { name: "rows", title: "Rows", right: true, value: (row) => row.rows, show: (row) => format.count(row.rows) },
  ];
  return (
    <Pane title="What it brought" sub="rows of each table">
      {rows.length ? (
        <DataTable
          label="Tables of this load"
          columns={columns}
          rows={rows}
          rowKey={(row) => row.name}
          maxHeight={300}
        />
      ) : (
        <Empty title="No row of any table" />
      )}
    </Pane>
  );
}

function FilePane({ file }: { file: LoadFile }) {
  const { format } = useShop();
  const { classes = [], columns_unmapped: unmapped = [] } = file;
  const money = classes.some((one) => one.money !== null && one.money !== undefined);
  const columns: TableColumn<LoadClass>[] = [
    { name: "class", title: "Class", value: (one) => one.class },
    { name: "rows", title: "Rows", right: true, value: (one) => one.rows, show: (one) => format.count(one.rows) },
    ...(money
      ? [
          {
            name: "money",
            title: "Money",
            right: true,
            value: (one: LoadClass) => Number(one.money),
            show: (one: LoadClass) => format.full(one.money, "money"),
            text: (one: LoadClass) => format.full(one.money, "money"),
          },
        ]
      : []),
  ];
  return (
    <Pane
      title={file.name}
      sub={[
        format.bytes(file.bytes),
        file.format,
        file.encoding,
        file.delimiter ? `separated by ${file.delimiter === "\t" ? "tabs" : `“${file.delimiter}”`}` : null,
        file.mapping ? `read as ${file.mapping}` : null,
      ]
        .filter(Boolean)
        .join(" · ")}
    >
      <Facts
        items={[
          ["Rows", `${format.count(file.rows_read)} read, ${format.count(file.rows_rejected)} rejected`],
          [
            "Columns without a table",
            unmapped.length ? (
              <>
                {unmapped.map((name) => (
                  <span key={name}>
                    <Badge>{name}</Badge>{" "}
                  </span>
                ))}
                <div className={styles.effect}>They are kept with the raw rows; map them to use them.</div>
              </>
            ) : (
              "none: every column was used"
            ),
          ],
          ["SHA-256", <code>{file.sha256}</code>],
        ]}
      />
      {classes.length ? (
        <div style={{ marginTop: 12 }}>
          <DataTable
            label={`Classes of ${file.name}`}
            columns={columns}
            rows={classes}
            rowKey={(one) => one.class}
            maxHeight={360}
          />
        </div>
      ) : null}
    </Pane>
  );
}

const REJECT_COLUMNS: TableColumn<Reject>[] = [
  { name: "reason", title: "Reason", value: (reject) => reject.reason },
  { name: "file", title: "File", value: (reject) => reject.file },
  { name: "line", title: "Line", right: true, value: (reject) => reject.line },
  { name: "column", title: "Column", value: (reject) => reject.column },
  {
    name: "value",
    title: "Value",
    value: (reject) => reject.value,
    show: (reject) => <code>{reject.value ?? "–"}</code>,
  },
  { name: "table", title: "Table", value: (reject) => reject.table },
  {
    name: "row",
    title: "Row as it came",
    value: (reject) => reject.row,
    show: (reject) => <code style={{ overflowWrap: "anywhere" }}>{reject.row ?? ""}</code>,
  },
];

function Rejects({ load }: { load: Load }) {
  const { format } = useShop();
  const [page, setPage] = useState(1);
  const rejects = useQuery({ ...rejectsQuery(load.id, page), enabled: load.rows_rejected > 0 });
  const pages = rejects.data ? Math.max(1, Math.ceil(rejects.data.total / rejects.data.per_page)) : 1;
  return (
    <Pane
      title="Rows that could not be read"
      sub={load.rows_rejected ? "each with its reason and its line; the others are landed" : undefined}
      actions={
        load.rows_rejected ? (
          <Word onClick={() => void rejectsFile(load.id).then((blob) => saveBlob(blob, `rejects-${load.id}.csv`))}>
            Download CSV
          </Word>
        ) : null
      }
    >
      {!load.rows_rejected ? (
        <Empty title="None: every row was read" />
      ) : rejects.error ? (
        <Failed error={rejects.error} retry={() => void rejects.refetch()} />
      ) : !rejects.data ? (
        <Skeleton height={160} />
      ) : (
        <>
          <DataTable
            label="Rejects"
            columns={REJECT_COLUMNS}
            rows={rejects.data.data}
            rowKey={(_, index) => `${page}-${index}`}
            maxHeight={480}
            lead={false}
          />
          {pages > 1 ? (
            <div className={styles.foot}>
              <span className={styles.effect}>
                {format.count(rejects.data.total)} rejects · page {page} of {pages}
              </span>
              <span>
                <Word disabled={page <= 1} onClick={() => setPage(page - 1)}>
                  Previous
                </Word>{" "}
                <Word disabled={page >= pages} onClick={() => setPage(page + 1)}>
                  Next
                </Word>
              </span>
            </div>
          ) : null}
        </>
      )}
    </Pane>
  );
}
