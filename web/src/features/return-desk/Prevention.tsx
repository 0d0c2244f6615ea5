/** What to do about returns, and what was done: written down with its day, and measured afterwards. */
import { Button } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { addReturnMeasure, removeReturnMeasure } from "@/api/calls";
import { analysisQuery, measureEffectQuery, returnMeasuresQuery } from "@/api/queries";
import { currentUser } from "@/api/session";
import { useShop } from "@/api/shop";
import type { MeasureEffect, ReturnMeasure } from "@/api/types";
import { Dashboard } from "@/dashboards/Dashboard";
import styles from "@/features/return-desk/desk.module.css";
import { MeasureForm, type Suggested } from "@/features/return-desk/MeasureForm";
import { useAsked } from "@/panels/Panels";
import { Badge, Banner, Empty, Failed, Pane, Skeleton, Word, type Tone } from "@/ui/Parts";
import { Side } from "@/ui/Side";

export function Prevention() {
  const [writing, setWriting] = useState<Suggested | null>(null);
  const user = currentUser();
  const writes = user?.role === "admin" || user?.role === "manager";
  return (
    <>
      <Dashboard
        name="returns_prevention"
        aside={writes ? <Button onClick={() => setWriting({ product: null, measure: null })}>Write down what was done</Button> : null}
      >
        <Done writes={writes} write={setWriting} />
      </Dashboard>
      {writing ? (
        <Side title="What was done" side="right" size={460} closeLabel="Close" onClose={() => setWriting(null)}>
          <MeasureForm suggested={writing} close={() => setWriting(null)} />
        </Side>
      ) : null}
    </>
  );
}

function Done({ writes, write }: { writes: boolean; write: (one: Suggested) => void }) {
  const client = useQueryClient();
  const done = useQuery(returnMeasuresQuery);
  const [gone, setGone] = useState<ReturnMeasure | null>(null);
  const renew = () => client.invalidateQueries({ queryKey: returnMeasuresQuery.queryKey, exact: true });
  const remove = useMutation({
    mutationFn: removeReturnMeasure,
    onSuccess: async (taken) => {
      // its card goes first: what is no longer kept is not asked for again
      client.setQueryData(returnMeasuresQuery.queryKey, (kept) => kept?.filter((one) => one.id !== taken.id));
      client.removeQueries({ queryKey: ["measures", taken.id] });
      setGone(taken);
      await renew();
    },
  });
  const restore = useMutation({
    mutationFn: ({ product, measure, done_on, note }: ReturnMeasure) =>
      addReturnMeasure({ product, measure, done_on, note }),
    onSuccess: async () => {
      setGone(null);
      await renew();
    },
  });
  return (
    <Pane title="What was done" sub="30 days of returns are waited for; measured against goods that nothing was done about, with a 90% interval">
      {gone ? (
        <Banner tone="neutral">
          <span role="status">
            {gone.measure} for {gone.product} is taken back.
          </span>{" "}
          <Word disabled={restore.isPending} onClick={() => restore.mutate(gone)}>
            Undo
          </Word>
        </Banner>
      ) : null}
      {remove.error ? <Failed error={remove.error} /> : null}
      {restore.error ? <Failed error={restore.error} /> : null}
      {done.error ? (
        <Failed error={done.error} retry={() => void done.refetch()} />
      ) : !done.data ? (
        <Skeleton height={120} />
      ) : done.data.length ? (
        <ul className={styles.measures}>
          {done.data.map((one) => (
            <li key={one.id}>
              <Measured measure={one} writes={writes} remove={() => remove.mutate(one.id)} />
            </li>
          ))}
        </ul>
      ) : (
        <Empty title="Nothing is written down yet">
          <span>
            {writes
              ? "When something of the list above is done, say so with its day: from then on its effect is measured."
              : "A manager or an administrator writes down what was done."}
          </span>
        </Empty>
      )}
      {writes ? <Suggestions done={done.data ?? []} write={write} /> : null}
    </Pane>
  );
}

/** What the analysis advises and nobody has written down yet, one press away. */
function Suggestions({ done, write }: { done: readonly ReturnMeasure[]; write: (one: Suggested) => void }) {
  const { release } = useShop();
  const { view } = useAsked();
  const advice = useQuery({ ...analysisQuery(release, "returns.prevention", view), enabled: release !== null });
  const known = new Set(done.map((one) => `${one.measure}\n${one.product}`));
  const open = (advice.data?.rows ?? [])
    .map((row) => ({ product: String(row.product), measure: String(row.measure) }))
    .filter((one) => !known.has(`${one.measure}\n${one.product}`))
    .slice(0, 5);
  if (!open.length) return null;
  return (
    <div className={styles.advised}>
      <h3>Advised, and not written down as done</h3>
      <ul>
        {open.map((one) => (
          <li key={`${one.measure} ${one.product}`}>
            <span>
              {one.measure}: {one.product}
            </span>
            <Button
              variant="default"
              size="xs"
              aria-label={`${one.measure} for ${one.product} is done`}
              onClick={() => write(one)}
            >
              It is done
            </Button>
          </li>
        ))}
      </ul>
    </div>
  );
}

const toneOf = (effect: MeasureEffect): Tone =>
  effect.state !== "measured" ? "neutral" : (effect.high ?? 0) < 0 ? "good" : (effect.low ?? 0) > 0 ? "bad" : "neutral";

const VERDICTS: Record<Tone, string> = { good: "it helped", bad: "more came back", neutral: "no effect so far", warning: "", accent: "" };

function Measured({ measure, writes, remove }: { measure: ReturnMeasure; writes: boolean; remove: () => void }) {
  const { release, format } = useShop();
  const effect = useQuery(measureEffectQuery(release, measure.id));
  const found = effect.data;
  const tone = found ? toneOf(found) : "neutral";
  return (
    <article className={styles.measure} aria-label={`${measure.measure} for ${measure.product}`}>
      <header>
        <div>
          <strong>
            {measure.measure}: {measure.product}
          </strong>
          <small>
            done on {format.day(measure.done_on)}, written down by {measure.said_by}
          </small>
          {measure.note ? <q>{measure.note}</q> : null}
        </div>
        <div className={styles.measureEnd}>
          {found ? <Badge tone={tone}>{found.state === "measured" ? VERDICTS[tone] : "too early"}</Badge> : null}
          {writes ? (
            <Word aria-label={`Take back ${measure.measure} for ${measure.product}`} onClick={remove}>
              Take back
            </Word>
          ) : null}
        </div>
      </header>
      {effect.error ? (
        <Failed error={effect.error} retry={() => void effect.refetch()} />
      ) : !found ? (
        release === null ? null : <Skeleton height={60} />
      ) : (
        <>
          <p>{found.text}</p>
          {found.rows.length ? <BeforeAndAfter effect={found} /> : null}
        </>
      )}
    </article>
  );
}

function BeforeAndAfter({ effect }: { effect: MeasureEffect }) {
  const { format } = useShop();
  const goods = [...new Set(effect.rows.map((row) => row.goods))];
  const of = (name: string, when: string) => effect.rows.find((row) => row.goods === name && row.when === when);
  const span = (start: string | null, end: string | null) => (start && end ? format.span({ start, end }) : "");
  const cell = (name: string, when: string) => {
    const row = of(name, when);
    return row ? (
      <>
        {format.full(row.rate, "percent")}
        <small>
          {format.count(row.units)} of {format.count(row.units_sold)}
        </small>
      </>
    ) : (
      "–"
    );
  };
  return (
    <table className={styles.before}>
      <thead>
        <tr>
          <th scope="col">Came back for it within 30 days</th>
          <th scope="col">
            Before<small>{span(effect.before_from, effect.before_to)}</small>
          </th>
          <th scope="col">
            After<small>{span(effect.after_from, effect.after_to)}</small>
          </th>
        </tr>
      </thead>
      <tbody>
        {goods.map((name) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td>{cell(name, "before")}</td>
            <td>{cell(name, "after")}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
