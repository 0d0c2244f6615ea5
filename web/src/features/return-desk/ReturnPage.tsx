/** One return: where it stands, the next thing to do, its products, money and history. */
import { Button, Menu, Textarea, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useState, type ReactNode } from "react";
import { changeReturn, moveReturn, settleReturn } from "@/api/calls";
import { deskWordsQuery, returnQuery } from "@/api/queries";
import { useShop } from "@/api/shop";
import type { DeskReturn, DeskStep, DeskWords } from "@/api/types";
import styles from "@/features/return-desk/desk.module.css";
import { ExchangeForm, InspectForm, RefundForm } from "@/features/return-desk/Forms";
import { Photos } from "@/features/return-desk/Photos";
import { age, lateBy, money, PLAIN, TONES, units, WAY } from "@/features/return-desk/words";
import { Member } from "@/panels/members";
import { Badge, Banner, Facts, Failed, Page, Pane, Skeleton } from "@/ui/Parts";
import { PageLink } from "@/ui/PageLink";

export function ReturnPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const found = useQuery(returnQuery(id));
  const words = useQuery(deskWordsQuery);
  const error = found.error ?? words.error;
  return (
    <Page
      title={`Return ${id}`}
      purpose={<PageLink path="/returns/desk">All of the desk</PageLink>}
      aside={
        found.data ? (
          <>
            <Badge tone={TONES[found.data.step]}>{found.data.step_title}</Badge>
            {found.data.is_overdue ? <Badge tone="bad">{lateBy(found.data)}</Badge> : null}
          </>
        ) : null
      }
    >
      {error ? (
        <Failed error={error} retry={() => void found.refetch()} />
      ) : found.data && words.data ? (
        <Whole key={found.data.return_id} kept={found.data} words={words.data} />
      ) : (
        <Skeleton height={420} />
      )}
    </Page>
  );
}

function Whole({ kept, words }: { kept: DeskReturn; words: DeskWords }) {
  const { format, shop } = useShop();
  const amount = (value: unknown) => money(format, shop.currency, value, kept.currency);
  const [doing, setDoing] = useState<DeskStep | null>(null);
  const client = useQueryClient();
  const done = (made: DeskReturn) => {
    // a photo leaves the form that it is taken in as it is
    if (made.step !== kept.step) setDoing(null);
    client.setQueryData(returnQuery(kept.return_id).queryKey, made);
    void client.invalidateQueries({ queryKey: ["desk"] });
  };
  const labelled = kept.history.some((one) => one.step === "return_label_generated");
  const facts: [string, ReactNode][] = [
    ["Wanted", kept.outcome_title],
    ["Order", kept.order_id ?? "unknown"],
    ["Customer", kept.customer_id ? <Member name={kept.customer_id} /> : "unknown"],
    ["Label", kept.label_number ?? (labelled ? "not known" : "not made")],
    ["Parcel", [kept.carrier, kept.tracking_number].filter(Boolean).join(" ") || "not known"],
    ["Begun", `${format.moment(kept.initiated_at)}`],
  ];
  if (kept.override_reason) facts.push(["After the window", `${kept.override_reason} (${kept.override_by ?? ""})`]);
  if (kept.rejection_reason) facts.push(["Rejected because", kept.rejection_reason]);
  return (
    <div className={styles.whole}>
      {kept.conflict ? <Conflict kept={kept} mayWork={words.may_work} done={done} /> : null}
      <Pane label="Way of the return">
        <Way kept={kept} />
        {kept.age_hours === null ? null : (
          <p className={styles.said}>
            At this step for {age(kept.age_hours)}
            {kept.target_hours ? `, target ${age(kept.target_hours)}` : ""}.
          </p>
        )}
      </Pane>
      {words.may_work && kept.actions.length ? (
        <Next key={kept.step} kept={kept} words={words} doing={doing} setDoing={setDoing} done={done} />
      ) : null}
      <div className={styles.columns}>
        <Pane title="Products">
          <ul className={styles.lines}>
            {kept.items.map((item) => (
              <li key={item.line_id}>
                <div className={styles.lineHead}>
                  <div>
                    <strong>
                      {units(item.quantity)} × {item.product_name ?? item.product_id}
                    </strong>
                    <small>
                      {[item.product_id, item.size_returned, item.reason].filter(Boolean).join(" · ")}
                    </small>
                    {item.reason_detail ? <q>{item.reason_detail}</q> : null}
                  </div>
                  <div className={styles.end}>
                    {item.disposition ? (
                      <Badge tone={item.resaleable ? "good" : "neutral"}>
                        {words.dispositions.find((one) => one.value === item.disposition)?.title ?? item.disposition}
                      </Badge>
                    ) : null}
                    {item.condition_rating ? <small>condition {item.condition_rating} of 5</small> : null}
                  </div>
                </div>
                {item.inspection_notes ? <small>{item.inspection_notes}</small> : null}
                {words.sees_photos && doing !== "inspected" ? (
                  <Photos
                    kept={kept}
                    line={item.line_id}
                    of={item.product_name ?? item.product_id}
                    mayAdd={words.may_work && kept.actions.length > 0}
                    done={done}
                  />
                ) : null}
              </li>
            ))}
          </ul>
          {words.sees_photos && doing !== "inspected" ? (
            <Photos kept={kept} line={null} of="the parcel" mayAdd={false} done={done} />
          ) : null}
        </Pane>
        <Pane title="Money">
          <Facts
            items={[
              ["Given back", amount(kept.refund_total)],
              ...kept.refunds.map((one): [string, string] => [
                `${one.kind}${one.method === "store_credit" ? ", store credit" : ""}`,
                amount(one.amount),
              ]),
              ...kept.exchanges.map((one): [string, string] => [
                `${one.exchange_product_id} for ${one.original_product_id}`,
                Number(one.additional_payment) === 0
                  ? "no difference"
                  : Number(one.additional_payment) > 0
                    ? `${amount(one.additional_payment)} paid on top`
                    : `${amount(-Number(one.additional_payment))} given back`,
              ]),
              ["Fee kept", amount(kept.restocking_fee)],
              ["Handling", amount(kept.processing_cost)],
              ["Label and parcel", amount(kept.shipping_cost)],
              ["Disposal", amount(kept.disposal_cost)],
            ]}
          />
        </Pane>
        <Pane title="Return">
          <Facts items={facts} />
          {words.may_work ? <Note key={kept.notes} kept={kept} done={done} /> : kept.notes ? <p>{kept.notes}</p> : null}
        </Pane>
        <Pane title="History" sub="every change, with who and when">
          <ol className={styles.history}>
            {[...kept.history].reverse().map((one, index) => (
              <li key={`${one.version} ${index}`}>
                <strong>{said(one.action, one.changed)}</strong>
                <small>
                  {one.who}, {format.moment(one.at)}
                </small>
                {one.note ? <q>{one.note}</q> : null}
              </li>
            ))}
          </ol>
          {kept.owned ? null : (
            <p className={styles.said}>Nobody here has touched this return yet. The first change takes it over from its source.</p>
          )}
        </Pane>
      </div>
    </div>
  );
}

function said(action: string, changed: Record<string, unknown>): string {
  const words = action.replaceAll("_", " ");
  const names = action === "changed" ? `: ${Object.keys(changed).join(", ").replaceAll("_", " ")}` : "";
  return words.charAt(0).toUpperCase() + words.slice(1) + names;
}

function Way({ kept }: { kept: DeskReturn }) {
  const { format } = useShop();
  const at = new Map(kept.history.filter((one) => one.step).map((one) => [one.step, one]));
  const stamps: Partial<Record<DeskStep, string | null>> = {
    initiated: kept.initiated_at,
    received: kept.received_at,
    inspected: kept.inspected_at,
    refunded: kept.refunded_at,
    exchanged: kept.exchanged_at,
    completed: kept.completed_at,
  };
  const settled: DeskStep = kept.exchanged_at || kept.outcome === "exchange" ? "exchanged" : "refunded";
  const ended = kept.step === "rejected" || kept.step === "cancelled";
  const travels = kept.outcome !== "keep_item";
  const way = WAY.filter((step) => travels || !["return_label_generated", "in_transit", "received"].includes(step)).map(
    (step) => (step === "refunded" ? settled : step),
  );
  const reached = way.indexOf(kept.step);
  const shown = ended ? [...way.filter((step) => at.has(step) || stamps[step]), kept.step] : way;
  return (
    <ol className={styles.way} aria-label="Steps">
      {shown.map((step, index) => {
        const state = step === kept.step ? "now" : ended || index < reached ? "done" : "ahead";
        const moment = at.get(step)?.at ?? stamps[step];
        return (
          <li key={step} data-state={state} aria-current={state === "now" ? "step" : undefined}>
            <span>{TITLES[step]}</span>
            <small>{state === "ahead" || !moment ? " " : format.moment(moment)}</small>
            <small>{at.get(step)?.who ?? ""}</small>
          </li>
        );
      })}
    </ol>
  );
}

const TITLES: Record<DeskStep, string> = {
  initiated: "Initiated",
  return_label_generated: "Label",
  in_transit: "In transit",
  received: "Received",
  inspected: "Inspected",
  refunded: "Refunded",
  exchanged: "Exchanged",
  completed: "Completed",
  rejected: "Rejected",
  cancelled: "Cancelled",
};

interface NextProps {
  kept: DeskReturn;
  words: DeskWords;
  doing: DeskStep | null;
  setDoing: (step: DeskStep | null) => void;
  done: (made: DeskReturn) => void;
}

function Next({ kept, words, doing, setDoing, done }: NextProps) {
  const [note, setNote] = useState("");
  const [tracking, setTracking] = useState("");
  const move = useMutation({
    mutationFn: (step: DeskStep) =>
      moveReturn(kept.return_id, {
        version: kept.version,
        step,
        note: note.trim() || null,
        tracking_number: tracking.trim() || null,
      }),
    onSuccess: done,
  });
  const take = (step: DeskStep) => {
    if (PLAIN.includes(step) && step !== "in_transit") move.mutate(step);
    else setDoing(step);
  };
  const [first, ...others] = kept.actions;
  const close = () => setDoing(null);
  const form = { kept, words, done, close };
  if (doing === "inspected") return <InspectForm {...form} />;
  if (doing === "refunded") return <RefundForm {...form} />;
  if (doing === "exchanged") return <ExchangeForm {...form} />;
  if (doing === "rejected" || doing === "cancelled" || doing === "in_transit") {
    const title = kept.actions.find((one) => one.step === doing)?.title ?? "";
    return (
      <Pane title={title}>
        <div className={styles.form}>
          {doing === "in_transit" ? (
            <TextInput
              label="Number of the parcel"
              size="md"
              value={tracking}
              onChange={(event) => setTracking(event.currentTarget.value)}
            />
          ) : (
            <Textarea
              label={doing === "rejected" ? "Why is it rejected?" : "Why is it cancelled?"}
              autosize
              minRows={2}
              value={note}
              onChange={(event) => setNote(event.currentTarget.value)}
            />
          )}
          {move.error ? <Banner tone="bad">{move.error.message}</Banner> : null}
          <div className={styles.stick}>
            <Button
              size="lg"
              fullWidth
              loading={move.isPending}
              disabled={doing === "rejected" && !note.trim()}
              onClick={() => move.mutate(doing)}
            >
              {title}
            </Button>
            <Button size="lg" variant="default" onClick={close}>
              Back
            </Button>
          </div>
        </div>
      </Pane>
    );
  }
  return (
    <div className={styles.stick}>
      {move.error ? <Banner tone="bad">{move.error.message}</Banner> : null}
      {first ? (
        <Button size="lg" fullWidth loading={move.isPending} onClick={() => take(first.step)}>
          {first.title}
        </Button>
      ) : null}
      {others.length ? (
        <Menu position="top-end">
          <Menu.Target>
            <Button size="lg" variant="default">
              Other steps
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            {others.map((one) => (
              <Menu.Item key={one.step} onClick={() => take(one.step)}>
                {one.title}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      ) : null}
    </div>
  );
}

function Conflict({
  kept,
  mayWork,
  done,
}: {
  kept: DeskReturn;
  mayWork: boolean;
  done: (made: DeskReturn) => void;
}) {
  const settle = useMutation({
    mutationFn: (keep: "ours" | "theirs") => settleReturn(kept.return_id, kept.version, keep),
    onSuccess: done,
  });
  return (
    <Pane title="The source says otherwise" sub={`a later load of ${kept.conflict?.source ?? ""}; the desk's own goes on counting until somebody decides`}>
      <table className={styles.differences}>
        <thead>
          <tr>
            <th scope="col">What</th>
            <th scope="col">Here</th>
            <th scope="col">Source</th>
          </tr>
        </thead>
        <tbody>
          {kept.conflict?.differences.map((one) => (
            <tr key={one.field}>
              <th scope="row">{one.field.replaceAll("_", " ")}</th>
              <td>{one.ours ?? "–"}</td>
              <td>{one.theirs ?? "–"}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {settle.error ? <Banner tone="bad">{settle.error.message}</Banner> : null}
      {mayWork ? (
        <div className={styles.pair}>
          <Button loading={settle.isPending} onClick={() => settle.mutate("ours")}>
            Keep ours
          </Button>
          <Button variant="default" onClick={() => settle.mutate("theirs")}>
            Take theirs
          </Button>
        </div>
      ) : null}
    </Pane>
  );
}

function Note({ kept, done }: { kept: DeskReturn; done: (made: DeskReturn) => void }) {
  const [text, setText] = useState(kept.notes ?? "");
  const save = useMutation({
    mutationFn: () => changeReturn(kept.return_id, { version: kept.version, notes: text.trim() }),
    onSuccess: done,
  });
  return (
    <div className={styles.note}>
      <Textarea label="Note" autosize minRows={2} value={text} onChange={(event) => setText(event.currentTarget.value)} />
      {save.error ? <Banner tone="bad">{save.error.message}</Banner> : null}
      {text.trim() === (kept.notes ?? "") ? null : (
        <Button variant="default" loading={save.isPending} onClick={() => save.mutate()}>
          Keep the note
        </Button>
      )}
    </div>
  );
}
