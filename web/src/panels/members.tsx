/** Customers and segments that a table names lead to their pages. */
import type { Row } from "@/api/types";
import { segmentPath } from "@/panels/SegmentMap";
import type { TableColumn } from "@/ui/DataTable";
import { PageLink } from "@/ui/PageLink";

export const customerPath = (id: string): string => `/customers/all/${encodeURIComponent(id)}`;

const PATHS: Record<string, (name: string) => string> = { customer_id: customerPath, segment: segmentPath };

/** `preset`: the rules of segments that the pages are to go on with. */
export function withMembers(columns: TableColumn<Row>[], preset: string | undefined): TableColumn<Row>[] {
  return columns.map((column) => {
    const path = PATHS[column.name];
    if (!path) return column;
    return {
      ...column,
      show: (row) => {
        const name = row[column.name];
        if (typeof name !== "string") return String(name ?? "–");
        return (
          <PageLink path={path(name)} add={{ preset }}>
            {name}
          </PageLink>
        );
      },
    };
  });
}
