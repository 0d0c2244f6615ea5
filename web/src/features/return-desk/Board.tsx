/** Open returns by step, with their age against the target. On a phone one step at a time. */
import { useState } from "react";
import type { DeskStep, DeskWords, ReturnBoard, ReturnListed } from "@/api/types";
import styles from "@/features/return-desk/desk.module.css";
import { age, DOES, goods, lateBy } from "@/features/return-desk/words";
import { Badge } from "@/ui/Parts";
import { PageLink } from "@/ui/PageLink";

/** The chosen step is seen without a swipe, however many stand before it. */
function intoView(chip: HTMLElement | null) {
  const row = chip?.parentElement;
  if (chip && row) row.scrollLeft = chip.offsetLeft - row.offsetLeft - 8;
}

export function Board({ board, words }: { board: ReturnBoard; words: DeskWords }) {
  // The settlement is one step with two names: a shop that exchanges nothing sees no empty column for it.
  const steps = board.steps.filter((one) => one.step !== "exchanged" || one.count > 0);
  const busiest = steps.find((one) => one.overdue > 0) ?? steps.find((one) => one.count > 0) ?? steps[0];
  const [chosen, setChosen] = useState<DeskStep>(busiest?.step ?? "initiated");
  return (
    <>
      <div className={styles.chips} role="group" aria-label="Step to show">
        {steps.map((one) => (
          <button
            key={one.step}
            type="button"
            className={styles.stepChip}
            aria-pressed={one.step === chosen}
            ref={one.step === chosen ? intoView : undefined}
            onClick={() => setChosen(one.step)}
          >
            <span>{one.title}</span>
            <strong data-late={one.overdue > 0 || undefined}>{one.count}</strong>
          </button>
        ))}
      </div>
      <div className={styles.board}>
        {steps.map((one) => (
          <section key={one.step} className={styles.column} aria-label={one.title} data-chosen={one.step === chosen}>
            <header>
              <h2>{one.title}</h2>
              <div className={styles.count}>
                <strong>{one.count}</strong>
                {one.overdue ? <Badge tone="bad">{one.overdue} late</Badge> : null}
              </div>
              <p>{one.target_hours ? `target ${age(one.target_hours)}` : "no target"}</p>
              <p>{one.count ? `oldest ${age(one.oldest_hours)}` : "none"}</p>
            </header>
            {one.returns.length === 0 ? (
              <p className={styles.more}>Nothing waits here</p>
            ) : (
              <ul className={styles.cards}>
                {one.returns.map((item) => (
                  <li key={item.return_id}>
                    <Card item={item} mayWork={words.may_work} />
                  </li>
                ))}
              </ul>
            )}
            {one.count > one.returns.length ? (
              <p className={styles.more}>
                <PageLink path="/returns/desk" add={{ view: "list", step: one.step, sort: "-age" }}>
                  All {one.count}
                </PageLink>
              </p>
            ) : null}
          </section>
        ))}
      </div>
    </>
  );
}

function Card({ item, mayWork }: { item: ReturnListed; mayWork: boolean }) {
  const share = item.target_hours ? Math.min(1, (item.age_hours ?? 0) / item.target_hours) : 0;
  const next = item.allowed[0];
  return (
    <PageLink path={`/returns/desk/${encodeURIComponent(item.return_id)}`} className={styles.card}>
      <span className={styles.cardHead}>
        <strong>{item.return_id}</strong>
        <span data-late={item.is_overdue || undefined} className={styles.age}>
          {lateBy(item) || age(item.age_hours)}
        </span>
      </span>
      <span className={styles.what}>
        {goods(item)}
      </span>
      <span className={styles.dim}>
        {item.order_id ? `Order ${item.order_id}` : "No order"}
        {item.reasons ? ` · ${item.reasons}` : ""}
      </span>
      {item.target_hours ? (
        <span className={styles.meter} data-late={item.is_overdue || undefined} aria-hidden>
          <span style={{ width: `${Math.round(share * 100)}%` }} />
        </span>
      ) : null}
      <span className={styles.cardFoot}>
        {item.conflict ? <Badge tone="warning">differs from the source</Badge> : <span>{item.outcome_title}</span>}
        {mayWork && next ? <span className={styles.next}>{DOES[next]}</span> : null}
      </span>
    </PageLink>
  );
}
