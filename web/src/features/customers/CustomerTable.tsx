/** Customers as a table: searched, sorted and paged by the server; the whole list can be taken as an audience. */
import { TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { analyse } from "@/api/calls";
import { useShop } from "@/api/shop";
import styles from "@/features/customers/customers.module.css";
import { useView } from "@/lib/useView";
import { Audience } from "@/panels/Audience";
import { answerColumns } from "@/panels/columns";
import { withMembers } from "@/panels/members";
import { useAsked } from "@/panels/Panels";
import { DataTable } from "@/ui/DataTable";
import { Empty, Failed, Skeleton } from "@/ui/Parts";

const PAGE = 100;
export function CustomerTable({ segment = "" }: { segment?: string }) {
  const { release, format } = useShop();
  const { view } = useAsked();
  const { preset } = useView();
  const [typed, setTyped] = useState("");
  const [search] = useDebouncedValue(typed.trim(), 250);
  const [sort, setSort] = useState<string>();
  const params = { ...(preset ? { preset } : {}), segment, search, sort: sort ?? "", limit: PAGE };
  const pages = useInfiniteQuery({
    queryKey: ["analysis", release, "customers.list", view, params],
    queryFn: ({ pageParam, signal }) => analyse("customers.list", view, { ...params, offset: pageParam }, signal),
    initialPageParam: 0,
    getNextPageParam: (last, all) => (all.length * PAGE < last.row_count ? all.length * PAGE : undefined),
    enabled: release !== null,
    placeholderData: keepPreviousData,
  });
  const first = pages.data?.pages[0];
  const rows = pages.data?.pages.flatMap((page) => page.rows) ?? [];
  const columns = first ? withMembers(answerColumns({ answer: { ...first, rows }, format }), preset) : [];
  return (
    <>
      <div className={styles.tools}>
        <TextInput
          aria-label="Search customers"
          placeholder="Number, name or e-mail"
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
        <span className={styles.size}>{first ? `${format.count(first.row_count)} customers` : ""}</span>
        <Audience of={{ segment, search }} />
      </div>
      {pages.error ? (
        <Failed error={pages.error} retry={() => void pages.refetch()} />
      ) : !first ? (
        <Skeleton height={360} />
      ) : !rows.length ? (
        <Empty title="Nobody found">
          <span>No customer fits the search, the period and the filters.</span>
        </Empty>
      ) : (
        <DataTable
          label="Customers"
          columns={columns}
          rows={rows}
          rowKey={(row) => String(row.customer_id)}
          hidden={segment ? IN_SEGMENT : HIDDEN}
          sort={sort}
          onSort={setSort}
          maxHeight={620}
          onEnd={pages.hasNextPage && !pages.isFetching ? () => void pages.fetchNextPage() : undefined}
          more={
            pages.hasNextPage
              ? `${format.count(rows.length)} of ${format.count(first.row_count)}; scroll for more`
              : null
          }
        />
      )}
    </>
  );
}

const HIDDEN: ReadonlySet<string> = new Set(["fm"]);
const IN_SEGMENT: ReadonlySet<string> = new Set(["fm", "segment"]);
