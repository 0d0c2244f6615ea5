/** The forms of a return: inspection, money back, exchange. Each says its effect before it acts. */
import { Button, Checkbox, SegmentedControl, Select, Textarea, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { exchangeReturn, inspectReturn, refundReturn } from "@/api/calls";
import { useShop } from "@/api/shop";
import type { DeskReturn, DeskWords } from "@/api/types";
import styles from "@/features/return-desk/desk.module.css";
import { Photos } from "@/features/return-desk/Photos";
import { money, typed, units } from "@/features/return-desk/words";
import { Banner, Pane } from "@/ui/Parts";

interface Props {
  kept: DeskReturn;
  words: DeskWords;
  done: (made: DeskReturn) => void;
  close: () => void;
}

export function InspectForm({ kept, words, done, close }: Props) {
  const kept_by = kept.outcome === "keep_item";
  const [seen, setSeen] = useState(
    Object.fromEntries(
      kept.items.map((item) => [item.line_id, { rating: "5", disposition: kept_by ? "kept_by_customer" : "restocked", notes: "" }]),
    ),
  );
  const [notes, setNotes] = useState("");
  const inspect = useMutation({
    mutationFn: () =>
      inspectReturn(kept.return_id, {
        version: kept.version,
        notes: notes.trim() || null,
        items: kept.items.map((item) => ({
          line_id: item.line_id,
          condition_rating: Number(seen[item.line_id]?.rating ?? 5),
          disposition: seen[item.line_id]?.disposition ?? "restocked",
          notes: seen[item.line_id]?.notes.trim() || null,
        })),
      }),
    onSuccess: done,
  });
  const shelf = kept.items.filter((item) => ["restocked", "refurbished"].includes(seen[item.line_id]?.disposition ?? ""));
  const count = shelf.reduce((sum, item) => sum + Number(item.quantity), 0);
  return (
    <Pane title="Inspection" sub="condition 5 is as new, 1 is beyond repair">
      <div className={styles.form}>
        {kept.items.map((item) => {
          const one = seen[item.line_id] ?? { rating: "5", disposition: "restocked", notes: "" };
          const set = (part: Partial<typeof one>) => setSeen({ ...seen, [item.line_id]: { ...one, ...part } });
          const name = item.product_name ?? item.product_id;
          return (
            <fieldset key={item.line_id} className={styles.inspected}>
              <legend>
                {units(item.quantity)} × {name}
              </legend>
              <SegmentedControl
                transitionDuration={0}
                aria-label={`Condition of ${name}`}
                fullWidth
                size="md"
                value={one.rating}
                onChange={(rating) =>
                  set({
                    rating,
                    disposition:
                      Number(rating) < 3 && ["restocked", "refurbished"].includes(one.disposition)
                        ? "damaged_stock"
                        : one.disposition,
                  })
                }
                data={["1", "2", "3", "4", "5"]}
              />
              <small>{words.conditions.find((word) => word.value === one.rating)?.title}</small>
              <Select
                label="What becomes of it"
                size="md"
                allowDeselect={false}
                data={words.dispositions
                  .filter((word) => (word.value === "kept_by_customer") === kept_by)
                  .map((word) => ({
                    value: word.value,
                    label: word.title,
                    disabled: Number(one.rating) < 3 && ["restocked", "refurbished"].includes(word.value),
                  }))}
                value={one.disposition}
                onChange={(value) => set({ disposition: value ?? one.disposition })}
              />
              <TextInput label="What was found" size="md" value={one.notes} onChange={(event) => set({ notes: event.currentTarget.value })} />
              {words.sees_photos ? <Photos kept={kept} line={item.line_id} of={name} mayAdd done={done} /> : null}
            </fieldset>
          );
        })}
        <Textarea label="Notes on the whole" autosize minRows={1} value={notes} onChange={(event) => setNotes(event.currentTarget.value)} />
        {words.sees_photos ? <Photos kept={kept} line={null} of="the parcel" mayAdd done={done} /> : null}
        {inspect.error ? <Banner tone="bad">{inspect.error.message}</Banner> : null}
        <p className={styles.effect}>
          {count ? `${count} ${count === 1 ? "unit goes" : "units go"} back into stock.` : "Nothing goes back into stock."}
        </p>
        <div className={styles.stick}>
          <Button size="lg" fullWidth loading={inspect.isPending} onClick={() => inspect.mutate()}>
            Keep the inspection
          </Button>
          <Button size="lg" variant="default" onClick={close}>
            Back
          </Button>
        </div>
      </div>
    </Pane>
  );
}

export function RefundForm({ kept, done, close }: Props) {
  const { format, shop } = useShop();
  const show = (value: unknown) => money(format, shop.currency, value, kept.currency);
  const [lines, setLines] = useState(Object.fromEntries(kept.items.map((item) => [item.line_id, Number(item.refundable).toFixed(shop.minor_units)])));
  const [shipping, setShipping] = useState(false);
  const [goodwill, setGoodwill] = useState("");
  const [fee, setFee] = useState("");
  const [method, setMethod] = useState(kept.outcome === "store_credit" ? "store_credit" : "original");
  const amounts = kept.items.map((item) => typed(lines[item.line_id] ?? ""));
  const more = typed(goodwill);
  const less = typed(fee);
  const wrong = amounts.includes(null) || more === null || less === null;
  const total =
    amounts.reduce<number>((sum, one) => sum + (one ?? 0), 0) + (shipping ? Number(kept.shipping_refundable) : 0) + (more ?? 0) - (less ?? 0);
  const refund = useMutation({
    mutationFn: () =>
      refundReturn(kept.return_id, {
        version: kept.version,
        lines: kept.items.map((item) => ({ line_id: item.line_id, amount: (lines[item.line_id] ?? "0").replace(",", ".") || "0" })),
        shipping: shipping ? kept.shipping_refundable : 0,
        goodwill: goodwill.trim().replace(",", ".") || "0",
        restocking_fee: fee.trim().replace(",", ".") || "0",
        method,
      }),
    onSuccess: done,
  });
  return (
    <Pane title="Give the money back" sub={`amounts in ${kept.currency}, with tax`}>
      <div className={styles.form}>
        {kept.items.map((item, index) => (
          <TextInput
            key={item.line_id}
            label={`${units(item.quantity)} × ${item.product_name ?? item.product_id} (${show(item.refundable)} at most)`}
            size="md"
            inputMode="decimal"
            value={lines[item.line_id] ?? ""}
            error={amounts[index] === null ? "An amount such as 12.50" : undefined}
            onChange={(event) => setLines({ ...lines, [item.line_id]: event.currentTarget.value })}
          />
        ))}
        {Number(kept.shipping_refundable) > 0 ? (
          <Checkbox
            size="md"
            label={`Shipping too: ${show(kept.shipping_refundable)}`}
            checked={shipping}
            onChange={(event) => setShipping(event.currentTarget.checked)}
          />
        ) : null}
        <div className={styles.two}>
          <TextInput label="Goodwill on top" size="md" inputMode="decimal" value={goodwill} error={more === null} onChange={(event) => setGoodwill(event.currentTarget.value)} />
          <TextInput label="Fee that is kept" size="md" inputMode="decimal" value={fee} error={less === null} onChange={(event) => setFee(event.currentTarget.value)} />
        </div>
        <SegmentedControl
          transitionDuration={0}
          aria-label="How the money goes back"
          fullWidth
          size="md"
          value={method}
          onChange={setMethod}
          data={[
            { value: "original", label: "As it was paid" },
            { value: "store_credit", label: "Store credit" },
          ]}
        />
        {refund.error ? <Banner tone="bad">{refund.error.message}</Banner> : null}
        <div className={styles.stick}>
          <Button size="lg" fullWidth disabled={wrong || total < 0} loading={refund.isPending} onClick={() => refund.mutate()}>
            {method === "store_credit" ? "Give credit of" : "Give back"} {show(total)}
          </Button>
          <Button size="lg" variant="default" onClick={close}>
            Back
          </Button>
        </div>
      </div>
    </Pane>
  );
}

export function ExchangeForm({ kept, done, close }: Props) {
  const { format, shop } = useShop();
  const [sent, setSent] = useState(
    Object.fromEntries(kept.items.map((item) => [item.line_id, { product: item.product_id, price: "" }])),
  );
  const exchange = useMutation({
    mutationFn: () =>
      exchangeReturn(kept.return_id, {
        version: kept.version,
        items: kept.items.map((item) => ({
          line_id: item.line_id,
          product_id: (sent[item.line_id]?.product ?? item.product_id).trim(),
          unit_price: sent[item.line_id]?.price.trim() ? (sent[item.line_id]?.price ?? "").trim().replace(",", ".") : null,
        })),
      }),
    onSuccess: done,
  });
  return (
    <Pane title="Send the exchange" sub="the customer pays what is dearer, and gets back what is cheaper">
      <div className={styles.form}>
        {kept.items.map((item) => {
          const one = sent[item.line_id] ?? { product: item.product_id, price: "" };
          const set = (part: Partial<typeof one>) => setSent({ ...sent, [item.line_id]: { ...one, ...part } });
          const price = one.price.trim() ? typed(one.price) : null;
          const more = price === null ? null : price * Number(item.quantity) - Number(item.refundable);
          return (
            <fieldset key={item.line_id} className={styles.inspected}>
              <legend>
                {units(item.quantity)} × {item.product_name ?? item.product_id},{" "}
                {money(format, shop.currency, item.refundable, kept.currency)} paid
                {item.new_size_requested ? `, wants size ${item.new_size_requested}` : ""}
              </legend>
              <div className={styles.two}>
                <TextInput label="Product to send (SKU)" size="md" value={one.product} onChange={(event) => set({ product: event.currentTarget.value })} />
                <TextInput
                  label="Price of one, with tax"
                  placeholder="as in the catalogue"
                  size="md"
                  inputMode="decimal"
                  value={one.price}
                  onChange={(event) => set({ price: event.currentTarget.value })}
                />
              </div>
              {more === null ? null : (
                <p className={styles.effect}>
                  {Math.abs(more) < 0.005
                    ? "Nothing is paid, nothing is given back."
                    : `${money(format, shop.currency, Math.abs(more), kept.currency)} ${more > 0 ? "is paid on top" : "is given back"}.`}
                </p>
              )}
            </fieldset>
          );
        })}
        {exchange.error ? <Banner tone="bad">{exchange.error.message}</Banner> : null}
        <div className={styles.stick}>
          <Button size="lg" fullWidth loading={exchange.isPending} onClick={() => exchange.mutate()}>
            Send the exchange
          </Button>
          <Button size="lg" variant="default" onClick={close}>
            Back
          </Button>
        </div>
      </div>
    </Pane>
  );
}
