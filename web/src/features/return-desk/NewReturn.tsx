/** Begin a return: find the order, choose what comes back and why, and what the customer gets. */
import { Button, Select, Textarea, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { createReturn } from "@/api/calls";
import { ordersFoundQuery, returnableOrderQuery } from "@/api/queries";
import { useShop } from "@/api/shop";
import type { DeskWords, ReturnableOrder, ReturnWanted } from "@/api/types";
import styles from "@/features/return-desk/desk.module.css";
import { daysAgo, money, units } from "@/features/return-desk/words";
import { Banner, Empty, Failed, Skeleton, Word } from "@/ui/Parts";
import { Side } from "@/ui/Side";

export function NewReturn({ words, onClose }: { words: DeskWords; onClose: () => void }) {
  const { format } = useShop();
  const [text, setText] = useState("");
  const [order, setOrder] = useState<string | null>(null);
  const orders = useQuery(ordersFoundQuery(text));
  return (
    <Side title="New return" side="right" size={520} closeLabel="Close" onClose={onClose}>
      {order === null ? (
        <div className={styles.form}>
          <TextInput
            label="Order"
            placeholder="Number, customer or e-mail address"
            size="md"
            data-autofocus
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
          />
          {orders.error ? <Failed error={orders.error} /> : null}
          {orders.data?.length === 0 ? <Empty title="No order fits">Try the number on the parcel or the invoice.</Empty> : null}
          <ul className={styles.picks}>
            {(text.trim().length > 1 ? (orders.data ?? []) : []).map((one) => (
              <li key={one.order_id}>
                <button type="button" onClick={() => setOrder(one.order_id)}>
                  <strong>{one.order_id}</strong>
                  <span>
                    {format.dayOf(one.placed_at)} · {units(one.units)} {Number(one.units) === 1 ? "unit" : "units"}
                    {one.customer_id ? ` · customer ${one.customer_id}` : ""}
                  </span>
                </button>
              </li>
            ))}
          </ul>
        </div>
      ) : (
        <OfOrder key={order} id={order} words={words} onBack={() => setOrder(null)} />
      )}
    </Side>
  );
}

interface Chosen {
  quantity: number;
  reason: string | null;
  detail: string;
}

function OfOrder({ id, words, onBack }: { id: string; words: DeskWords; onBack: () => void }) {
  const order = useQuery(returnableOrderQuery(id));
  return (
    <div className={styles.form}>
      <div>
        <Word onClick={onBack}>Another order</Word>
      </div>
      {order.error ? (
        <Failed error={order.error} retry={() => void order.refetch()} />
      ) : order.data ? (
        <Lines order={order.data} words={words} />
      ) : (
        <Skeleton height={240} />
      )}
    </div>
  );
}

function Lines({ order, words }: { order: ReturnableOrder; words: DeskWords }) {
  const { format, shop } = useShop();
  const client = useQueryClient();
  const go = useNavigate();
  const [chosen, setChosen] = useState<Record<string, Chosen>>({});
  const [outcome, setOutcome] = useState<string>("refund");
  const [override, setOverride] = useState("");
  const [notes, setNotes] = useState("");
  const make = useMutation({
    mutationFn: createReturn,
    onSuccess: async (made) => {
      await client.invalidateQueries({ queryKey: ["desk"] });
      await go({ to: "/returns/desk/$id", params: { id: made.return_id } });
    },
  });
  const set = (line: string, part: Partial<Chosen>) =>
    setChosen({ ...chosen, [line]: { ...(chosen[line] ?? { quantity: 0, reason: null, detail: "" }), ...part } });
  const items = Object.entries(chosen).filter(([, one]) => one.quantity > 0);
  const ready = items.length > 0 && items.every(([, one]) => one.reason) && (order.in_window || override.trim() !== "");
  const count = items.reduce((sum, [, one]) => sum + one.quantity, 0);
  return (
    <form
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        make.mutate({
          order_id: order.order_id,
          outcome: outcome as NonNullable<ReturnWanted["outcome"]>,
          items: items.map(([line, one]) => ({
            order_line_id: line,
            quantity: one.quantity,
            reason_code: one.reason ?? "other",
            reason_detail: one.detail.trim() || null,
          })),
          notes: notes.trim() || null,
          override_reason: order.in_window ? null : override.trim(),
        });
      }}
    >
      <p>
        <strong>Order {order.order_id}</strong>, {format.dayOf(order.placed_at)}, {daysAgo(order.days_from_purchase)}
      </p>
      <ul className={styles.lines}>
        {order.lines.map((line) => {
          const most = Number(line.returnable);
          const one = chosen[line.order_line_id];
          const name = line.product_name ?? line.product_id ?? "Unknown product";
          return (
            <li key={line.order_line_id} data-off={most <= 0 || undefined}>
              <div className={styles.lineHead}>
                <div>
                  <strong>{name}</strong>
                  <small>
                    {[
                      [line.size, line.colour].filter(Boolean).join(", "),
                      line.why_not?.replace(/\.$/, "") ?? `${units(most)} of ${units(line.bought)} can come back`,
                      `${money(format, shop.currency, line.paid, order.currency)} paid`,
                    ]
                      .filter(Boolean)
                      .join(" · ")}
                  </small>
                </div>
                {most > 0 ? (
                  <div className={styles.stepper} role="group" aria-label={`Units of ${name}`}>
                    <button
                      type="button"
                      aria-label={`One ${name} less`}
                      disabled={!one?.quantity}
                      onClick={() => set(line.order_line_id, { quantity: (one?.quantity ?? 0) - 1 })}
                    >
                      −
                    </button>
                    <output>{one?.quantity ?? 0}</output>
                    <button
                      type="button"
                      aria-label={`One ${name} more`}
                      disabled={(one?.quantity ?? 0) >= most}
                      onClick={() => set(line.order_line_id, { quantity: (one?.quantity ?? 0) + 1 })}
                    >
                      +
                    </button>
                  </div>
                ) : null}
              </div>
              {one?.quantity ? (
                <div className={styles.form}>
                  <Select
                    label={`Reason for ${name}`}
                    placeholder="Why does it come back?"
                    searchable
                    data={[...new Set(words.reasons.map((reason) => reason.group))].map((group) => ({
                      group,
                      items: words.reasons
                        .filter((reason) => reason.group === group)
                        .map((reason) => ({ value: reason.value, label: reason.title })),
                    }))}
                    value={one.reason}
                    onChange={(value) => set(line.order_line_id, { reason: value })}
                  />
                  <TextInput
                    label="In the customer's words"
                    value={one.detail}
                    onChange={(event) => set(line.order_line_id, { detail: event.currentTarget.value })}
                  />
                </div>
              ) : null}
            </li>
          );
        })}
      </ul>
      <Select
        label="What the customer gets"
        data={words.outcomes.map((one) => ({ value: one.value, label: one.title }))}
        value={outcome}
        allowDeselect={false}
        onChange={(value) => setOutcome(value ?? "refund")}
      />
      {order.in_window ? null : (
        <Textarea
          label={`The return window of ${order.window_days} days is over: why is it taken back?`}
          value={override}
          onChange={(event) => setOverride(event.currentTarget.value)}
          autosize
          minRows={2}
        />
      )}
      <Textarea label="Note" value={notes} onChange={(event) => setNotes(event.currentTarget.value)} autosize minRows={1} />
      {make.error ? <Banner tone="bad">{make.error.message}</Banner> : null}
      <div className={styles.stick}>
        <Button type="submit" size="lg" fullWidth disabled={!ready} loading={make.isPending}>
          {items.some(([, one]) => !one.reason) ? "Choose a reason" : count ? `Begin the return of ${count} ${count === 1 ? "unit" : "units"}` : "Choose what comes back"}
        </Button>
      </div>
    </form>
  );
}
