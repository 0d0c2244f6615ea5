/** Every return with filters, page by page; the same step with many at once. */
import { Button, Checkbox, Select } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { moveReturns } from "@/api/calls";
import { returnsQuery } from "@/api/queries";
import { useShop } from "@/api/shop";
import type { DeskStep, DeskWords, ReturnListed, ReturnsWanted } from "@/api/types";
import styles from "@/features/return-desk/desk.module.css";
import { age, DOES, goods, lateBy, money, PLAIN, TONES } from "@/features/return-desk/words";
import { Badge, Banner, Empty, Failed, Pane, Skeleton } from "@/ui/Parts";
import { PageLink } from "@/ui/PageLink";

const PER_PAGE = 25;

export function ReturnList({ words, search }: { words: DeskWords; search: string }) {
  const { format, shop } = useShop();
  const client = useQueryClient();
  const [wanted, setWanted] = useState<ReturnsWanted>({ search });
  const [page, setPage] = useState(1);
  const [marked, setMarked] = useState<Map<string, ReturnListed>>(new Map());
  const found = useQuery(returnsQuery(wanted, page, PER_PAGE));
  const choose = (part: ReturnsWanted) => {
    setWanted({ ...wanted, ...part });
    setPage(1);
    setMarked(new Map());
  };
  const move = useMutation({
    mutationFn: (step: DeskStep) =>
      moveReturns({
        step,
        returns: [...marked.values()].map((one) => ({ return_id: one.return_id, version: one.version })),
      }),
    onSuccess: () => setMarked(new Map()),
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
  return (
    <Pane label="Returns">
      <div className={styles.filters}>
        <Select
          aria-label="Step"
          placeholder="Any step"
          clearable
          data={words.steps.map((one) => ({ value: one.value, label: one.title }))}
          value={wanted.step?.[0] ?? null}
          onChange={(value) => choose({ step: value ? [value] : [] })}
        />
        <Select
          aria-label="Outcome"
          placeholder="Any outcome"
          clearable
          data={words.outcomes.map((one) => ({ value: one.value, label: one.title }))}
          value={wanted.outcome ?? null}
          onChange={(value) => choose({ outcome: value ?? undefined } as ReturnsWanted)}
        />
        <Select
          aria-label="Reason"
          placeholder="Any reason"
          clearable
          searchable
          data={words.reasons.map((one) => ({ value: one.value, label: one.title }))}
          value={wanted.reason ?? null}
          onChange={(value) => choose({ reason: value ?? undefined } as ReturnsWanted)}
        />
        <Checkbox
          label="Open"
          checked={wanted.open ?? false}
          onChange={(event) => choose({ open: event.currentTarget.checked })}
        />
        <Checkbox
          label="Late"
          checked={wanted.overdue ?? false}
          onChange={(event) => choose({ overdue: event.currentTarget.checked })}
        />
        <Checkbox
          label="To settle"
          checked={wanted.conflict ?? false}
          onChange={(event) => choose({ conflict: event.currentTarget.checked })}
        />
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
      ) : rows.length === 0 ? (
        <Empty title="No return fits">Take a filter away, or look for something else.</Empty>
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
                  <small>{one.reasons ?? "no reason given"}</small>
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
                  ) : (
                    <small>
                      {one.age_hours !== null
                        ? `${age(one.age_hours)} at this step`
                        : one.refund_total === null
                          ? ""
                          : `${money(format, shop.currency, one.refund_total, one.currency)} given back`}
                    </small>
                  )}
                </span>
              </PageLink>
            </li>
          ))}
        </ul>
      )}
      <div className={styles.pager}>
        <Button variant="default" disabled={page <= 1} onClick={() => setPage(page - 1)}>
          Back
        </Button>
        <span>
          Page {format.count(page)} of {format.count(pages)}, {format.count(total)} returns
        </span>
        <Button variant="default" disabled={page >= pages} onClick={() => setPage(page + 1)}>
          More
        </Button>
      </div>
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
          <Button variant="default" onClick={() => setMarked(new Map())}>
            None
          </Button>
        </div>
      ) : null}
    </Pane>
  );
}
