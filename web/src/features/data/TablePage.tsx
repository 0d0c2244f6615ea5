/** One canonical table: what a row is, what the release has of it, and every column with its meaning and unit. */
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { tablesQuery } from "@/api/queries";
import { useShop } from "@/api/shop";
import type { TableState } from "@/api/types";
import styles from "@/features/data/data.module.css";
import { Back } from "@/features/data/parts";
import { DataTable, type TableColumn } from "@/ui/DataTable";
import { Badge, Empty, Facts, Failed, Page, Pane, Skeleton } from "@/ui/Parts";

type Column = TableState["columns"][number];

export function TablePage() {
  const { name } = useParams({ strict: false }) as { name: string };
  const { format } = useShop();
  const tables = useQuery(tablesQuery);
  if (tables.error) return <Failed error={tables.error} retry={() => void tables.refetch()} />;
  if (!tables.data) return <Skeleton height={420} />;
  const table = tables.data.find((one) => one.name === name);
  if (!table) return <Empty title={`There is no table named ${name}`} />;
  const columns: TableColumn<Column>[] = [
    { name: "name", title: "Column", value: (column) => column.name, show: (column) => <code>{column.name}</code> },
    { name: "description", title: "Meaning", value: (column) => column.description },
    { name: "type", title: "Type", value: (column) => column.type },
    { name: "unit", title: "Unit", value: (column) => column.unit ?? "" },
    {
      name: "rules",
      title: "Rules",
      value: (column) =>
        [
          table.key.includes(column.name) ? "key" : "",
          column.required ? "required" : "",
          column.personal ? "personal" : "",
        ]
          .filter(Boolean)
          .join(", "),
    },
  ];
  return (
    <Page title={table.title} purpose={table.grain} aside={<Back />}>
      <div className={styles.grid}>
        <div data-half>
          <Pane title="In this release">
            <Facts
              items={[
                ["Rows", table.rows ? format.count(table.rows) : <Badge>not loaded</Badge>],
                ["Known to", table.known_to ? format.moment(table.known_to) : "–"],
                [
                  "Days",
                  table.time_from && table.time_to
                    ? format.span({ start: table.time_from.slice(0, 10), end: table.time_to.slice(0, 10) })
                    : "–",
                ],
                ["Name", <code>{table.name}</code>],
                ["Key", table.key.join(", ")],
                ["Dated by", table.time ?? "nothing: master data"],
              ]}
            />
          </Pane>
        </div>
        <Pane title="Columns" sub="a source's column is brought to one of these by its header, or by a mapping">
          <DataTable
            label={`Columns of ${table.title}`}
            columns={columns}
            rows={table.columns}
            rowKey={(column) => column.name}
            maxHeight={700}
            lead={false}
          />
        </Pane>
      </div>
    </Page>
  );
}
