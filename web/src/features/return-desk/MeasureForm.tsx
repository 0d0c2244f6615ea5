/** Write down a measure against returns: what was done, for which product, from which day on. */
import { Button, Select, Textarea, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { addReturnMeasure, getValues } from "@/api/calls";
import { deskWordsQuery, returnMeasuresQuery } from "@/api/queries";
import { useShop } from "@/api/shop";
import styles from "@/features/return-desk/desk.module.css";
import { Banner, Failed, Skeleton, Word } from "@/ui/Parts";

export interface Suggested {
  product: string | null;
  measure: string | null;
}

export function MeasureForm({ suggested, close }: { suggested: Suggested; close: () => void }) {
  const { shop, release, format } = useShop();
  const client = useQueryClient();
  const words = useQuery(deskWordsQuery);
  const [product, setProduct] = useState(suggested.product);
  const [measure, setMeasure] = useState(suggested.measure);
  const [day, setDay] = useState(shop.today);
  const [note, setNote] = useState("");
  const [search, setSearch] = useState("");
  const found = useQuery({
    queryKey: ["values", release, "product", search],
    queryFn: ({ signal }) => getValues("product", search, signal),
    enabled: release !== null,
  });
  const names = (found.data ?? []).flatMap((one) => (one.value === null ? [] : [String(one.value)]));
  const keep = useMutation({
    mutationFn: addReturnMeasure,
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: returnMeasuresQuery.queryKey, exact: true });
      close();
    },
  });
  if (words.error) return <Failed error={words.error} retry={() => void words.refetch()} />;
  if (!words.data) return <Skeleton height={280} />;
  const cures = words.data.measures.find((one) => one.value === measure)?.cures;
  const late = day > shop.today;
  return (
    <form
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        if (product && measure) keep.mutate({ product, measure, done_on: day, note: note.trim() || null });
      }}
    >
      <Select
        label="Product"
        placeholder="Which product is it for?"
        searchable
        data={product && !names.includes(product) ? [product, ...names] : names}
        value={product}
        onSearchChange={setSearch}
        onChange={setProduct}
        nothingFoundMessage={found.isFetching ? "Looking …" : "No product is called so"}
      />
      <Select
        label="What was done"
        placeholder="Choose one"
        data={words.data.measures.map((one) => one.value)}
        value={measure}
        onChange={setMeasure}
      />
      <TextInput
        type="date"
        label="Done on"
        max={shop.today}
        value={day}
        error={late ? "That day is still to come" : undefined}
        onChange={(event) => setDay(event.currentTarget.value)}
      />
      <Textarea label="Note" autosize minRows={1} value={note} onChange={(event) => setNote(event.currentTarget.value)} />
      {cures ? (
        <p className={styles.effect}>
          Measured from {day ? format.day(day) : "that day"} on: how much comes back as{" "}
          {cures.map((one) => one.toLowerCase()).join(", ")}, before and after, against comparable goods.
        </p>
      ) : null}
      {keep.error ? <Banner tone="bad">{keep.error.message}</Banner> : null}
      <div className={styles.pair}>
        <Button type="submit" loading={keep.isPending} disabled={!product || !measure || !day || late}>
          Write it down
        </Button>
        <Word onClick={close}>Cancel</Word>
      </div>
    </form>
  );
}
