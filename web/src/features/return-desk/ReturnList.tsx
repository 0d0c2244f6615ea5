/** Every return with filters, in an order, page by page, as the address says; the same step with many at once; a file of all. */
import { Button, Checkbox, Select } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { moveReturns, returnsFile } from "@/api/calls";
import { returnsQuery } from "@/api/queries";
import { useShop } from "@/api/shop";
import type { DeskStep, DeskWords, ReturnListed } from "@/api/types";
import styles from "@/features/return-desk/desk.module.css";
import { NO_FILTERS, readListed, SORTS, USUAL, wantedOf } from "@/features/return-desk/listed";
import { age, DOES, goods, lateBy, money, PLAIN, TONES } from "@/features/return-desk/words";
import { useSetView } from "@/lib/useView";
import { DownloadMenu } from "@/panels/PanelFrame";
import { Badge, Banner, Empty, Failed, Pane, Skeleton, Word } from "@/ui/Parts";
import { PageLink } from "@/ui/PageLink";

const PER_PAGE = 25;

const NOBODY: ReadonlyMap<string, ReturnListed> = new Map();

interface Props {
  words: DeskWords;
  search: string;
  /** What the address says. */
  asked: Record<string, unknown>;
}

export function ReturnList({ words, search, asked }: Props) {
  const { format, shop } = useShop();
  const client = useQueryClient();
  const setView = useSetView();
  const listed = readListed(asked, words);
  const { page } = listed;
  const wanted = wantedOf(listed, search);
  // What is marked is marked among what was found: other filters, also those that "back" brings, begin without.
  const { sort: _order, ...found_by } = wanted;
  const among = JSON.stringify(found_by);
  const [marks, setMarks] = useState({ among, of: NOBODY });
  const marked = marks.among === among ? marks.of : NOBODY;
  const setMarked = (of: ReadonlyMap<string, ReturnListed>) => setMarks({ among, of });
  const found = useQuery(returnsQuery(wanted, page, PER_PAGE));
  const choose = (part: Record<string, unknown>) => setView({ ...part, page: undefined });
  const turn = (to: number) => setView({ page: to > 1 ? to : undefined });
  const move = useMutation({
    mutationFn: (step: DeskStep) =>
      moveReturns({
        step,
        returns: [...marked.values()].map((one) => ({ return_id: one.return_id, version: one.version })),
      }),
    onSuccess: () => setMarked(NOBODY),
    onSettled: () => client.invalidateQueries({ queryKey: ["desk"] }),
  });
  const shared = PLAIN.filter((step) => [...marked.values()].every((one) => one.allowed.includes(step)));
  const failed = move.data?.filter((one) => !one.done) ?? [];
  const mark = (one: ReturnListed, on: boolean) => {
    const next = new Map(marked);
    if (on) next.set(one.return_id, one);
    else next.delete(one.return_id);
    setMarked(next);
  };
  const rows = found.data?.data ?? [];
  const total = found.data?.total ?? 0;
  const pages = Math.max(1, Math.ceil(total / PER_PAGE));
  const narrowed = Object.keys(found_by).length > 0;
  return (
    <Pane
      title="Returns"
      sub={
        found.data ? `${format.count(total)} ${search ? `found for “${search}”` : narrowed ? "that fit" : "in all"}` : undefined
      }
      actions={
        total ? <DownloadMenu title="Returns" span={null} get={(how) => returnsFile(wanted, how)} /> : null
      }
    >
      <div className={styles.filters}>
        <Select
          aria-label="Step"
          placeholder="Any step"
          clearable
          data={words.steps.map((one) => ({ value: one.value, label: one.title }))}
          value={listed.step ?? null}
          onChange={(value) => choose({ step: value ?? undefined })}
        />
        <Select
          aria-label="Outcome"
          placeholder="Any outcome"
          clearable
          data={words.outcomes.map((one) => ({ value: one.value, label: one.title }))}
          value={listed.outcome ?? null}
          onChange={(value) => choose({ outcome: value ?? undefined })}
        />
        <Select
          aria-label="Reason"
          placeholder="Any reason"
          clearable
          searchable
          data={words.reasons.map((one) => ({ value: one.value, label: one.title }))}
          value={listed.reason ?? null}
          onChange={(value) => choose({ reason: value ?? undefined })}
        />
        <Select
          aria-label="Order"
          allowDeselect={false}
          data={SORTS.map(([value, label]) => ({ value, label }))}
          value={listed.sort}
          onChange={(value) => choose({ sort: value === USUAL ? undefined : (value ?? undefined) })}
        />
        <div className={styles.ticks}>
          <Checkbox
            label="Open"
            checked={listed.open}
            onChange={(event) => choose({ open: event.currentTarget.checked || undefined })}
          />
          <Checkbox
            label="Late"
            checked={listed.late}
            onChange={(event) => choose({ late: event.currentTarget.checked || undefined })}
          />
          <Checkbox
            label="To settle"
            checked={listed.settle}
            onChange={(event) => choose({ settle: event.currentTarget.checked || undefined })}
          />
        </div>
      </div>
      {failed.length ? (
        <Banner tone="bad">
          {failed.length} could not take the step: {failed[0]?.message}
        </Banner>
      ) : null}
      {move.error ? <Failed error={move.error} /> : null}
      {found.error ? (
        <Failed error={found.error} retry={() => void found.refetch()} />
      ) : !found.data ? (
        <Skeleton height={280} />
      ) : total > 0 && rows.length === 0 ? (
        <Empty title={`There is no page ${format.count(page)}`}>
          <Word onClick={() => turn(1)}>Go to the first page</Word>
        </Empty>
      ) : rows.length === 0 ? (
        <Empty title={narrowed ? "No return fits" : "No return yet"}>
          {narrowed ? (
            <span>
              Take a filter away, look for something else, or{" "}
              <Word onClick={() => setView({ ...NO_FILTERS, search: undefined })}>see all returns</Word>.
            </span>
          ) : (
            <span>Returns come with a file, or are begun here.</span>
          )}
        </Empty>
      ) : (
        <ul className={styles.rows} aria-busy={found.isPlaceholderData || undefined}>
          {rows.map((one) => (
            <li key={one.return_id}>
              {words.may_work ? (
                <Checkbox
                  aria-label={`Choose ${one.return_id}`}
                  checked={marked.has(one.return_id)}
                  disabled={!one.allowed.some((step) => PLAIN.includes(step))}
                  onChange={(event) => mark(one, event.currentTarget.checked)}
                />
              ) : null}
              <PageLink path={`/returns/desk/${encodeURIComponent(one.return_id)}`} className={styles.row}>
                <span>
                  <strong>{one.return_id}</strong>
                  <small>{one.order_id ? `Order ${one.order_id}` : "No order"}</small>
                </span>
                <span>
                  {goods(one)}
                  <small>
                    {one.reasons ?? "no reason given"}
                    {one.goods_value === null ? "" : ` · ${money(format, shop.currency, one.goods_value, one.currency)}`}
                  </small>
                </span>
                <span>
                  <Badge tone={TONES[one.step]}>{one.step_title}</Badge>
                  {one.conflict ? <Badge tone="warning">to settle</Badge> : null}
                  <small>{one.outcome_title}</small>
                </span>
                <span>
                  {format.dayOf(one.initiated_at)}
                  {one.is_overdue ? (
                    <small className={styles.late}>{lateBy(one)}</small>
                  ) : one.age_hours !== null ? (
                    <small>{age(one.age_hours)} at this step</small>
                  ) : null}
                  {one.refund_total === null ? null : (
                    <small>{money(format, shop.currency, one.refund_total, one.currency)} given back</small>
                  )}
                </span>
              </PageLink>
            </li>
          ))}
        </ul>
      )}
      {pages > 1 ? (
        <div className={styles.pager}>
          <Button variant="default" disabled={page <= 1} onClick={() => turn(Math.min(page - 1, pages))}>
            Back
          </Button>
          <span>
            Page {format.count(page)} of {format.count(pages)}
          </span>
          <Button variant="default" disabled={page >= pages} onClick={() => turn(page + 1)}>
            More
          </Button>
        </div>
      ) : null}
      {marked.size ? (
        <div className={styles.bulk} role="group" aria-label="With the chosen returns">
          <strong>{marked.size} chosen</strong>
          {shared.length ? (
            shared.map((step) => (
              <Button key={step} loading={move.isPending} onClick={() => move.mutate(step)}>
                {DOES[step]}
              </Button>
            ))
          ) : (
            <span>They have no step in common</span>
          )}
          <Button variant="default" onClick={() => setMarked(NOBODY)}>
            None
          </Button>
        </div>
      ) : null}
    </Pane>
  );
}
