/** Customers and segments that are named lead to their pages, where those are open to the one who looks. */
import { currentUser } from "@/api/session";
import type { Row } from "@/api/types";
import { OTHERS } from "@/panels/answers";
import { segmentPath } from "@/panels/SegmentMap";
import type { TableColumn } from "@/ui/DataTable";
import { PageLink } from "@/ui/PageLink";

export const customerPath = (id: string): string => `/customers/all/${encodeURIComponent(id)}`;

const PATHS: Record<string, (name: string) => string> = { customer_id: customerPath, segment: segmentPath };

/** What stands in the place of a segment or a customer and is none. */
const NO_MEMBERS = new Set(["Everybody", "Not yet a customer", OTHERS]);
/** A guest is known by a digest of his address or number: its first letters tell one from another. */
const inShort = (name: string): string => {
  const guest = /^(email|phone):([0-9a-f]{8})[0-9a-f]+$/.exec(name);
  return guest ? `Guest ${guest[2]}` : name;
};

/** Whether the pages of customers are open to the one who looks. */
const seesCustomers = (): boolean => currentUser()?.modules?.includes("customers") ?? true;

/** What a number shows that is masked: it leads nowhere. */
const MASKED = "•••";

interface MemberProps {
  name: string;
  path?: ((name: string) => string) | undefined;
  /** The rules of segments that the page is to go on with. */
  preset?: string | undefined;
}

/** Whether somebody has a page that is open to the one who looks; one whose number is masked has none. */
export const leadsOn = (name: string): boolean => seesCustomers() && !name.includes(MASKED);

/** A customer by number; `path` for something else that has a page among those of customers. */
export function Member({ name, path = customerPath, preset }: MemberProps) {
  const short = inShort(name);
  if (!leadsOn(name)) return short;
  return (
    <PageLink path={path(name)} add={{ preset }} title={short === name ? undefined : name}>
      {short}
    </PageLink>
  );
}

/** `preset`: the rules of segments that the pages are to go on with; `of`: the columns whose values lead on. */
export function withMembers(
  columns: TableColumn<Row>[],
  preset: string | undefined,
  of: readonly string[] = Object.keys(PATHS),
): TableColumn<Row>[] {
  return columns.map((column) => {
    const path = of.includes(column.name) ? PATHS[column.name] : undefined;
    if (!path) return column;
    return {
      ...column,
      text: (row) => inShort(column.text?.(row) ?? String(row[column.name] ?? "–")),
      show: (row) => {
        const name = row[column.name];
        if (typeof name !== "string" || NO_MEMBERS.has(name) || !leadsOn(name)) return column.show?.(row) ?? String(name ?? "–");
        return <Member name={name} path={path} preset={preset} />;
      },
    };
  });
}
