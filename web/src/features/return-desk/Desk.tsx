/** The return desk: find a return by what is on its parcel, see what waits at each step, take steps with one or many. */
import { Button, SegmentedControl, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { getReturns } from "@/api/calls";
import { deskWordsQuery, returnBoardQuery } from "@/api/queries";
import { Board } from "@/features/return-desk/Board";
import styles from "@/features/return-desk/desk.module.css";
import { NO_FILTERS, readDesk } from "@/features/return-desk/listed";
import { NewReturn } from "@/features/return-desk/NewReturn";
import { ReturnList } from "@/features/return-desk/ReturnList";
import { useSetView } from "@/lib/useView";
import { PageLink } from "@/ui/PageLink";
import { Failed, Page, Skeleton } from "@/ui/Parts";

export function Desk() {
  const words = useQuery(deskWordsQuery);
  const board = useQuery(returnBoardQuery);
  const asked = useSearch({ strict: false }) as Record<string, unknown>;
  const setView = useSetView();
  const { view, search } = readDesk(asked);
  // What is being typed; where the address says something else, that.
  const [typed, setTyped] = useState({ over: search, text: search });
  const text = typed.over === search ? typed.text : search;
  const [making, setMaking] = useState(false);
  const go = useNavigate();
  const find = async () => {
    const wanted = text.trim();
    setTyped({ over: wanted, text: wanted });
    if (wanted === "") {
      setView({ search: undefined, page: undefined });
      return;
    }
    const found = await getReturns({ search: wanted }, 1, 2, new AbortController().signal);
    const only = found.data[0];
    if (found.total === 1 && only) await go({ to: "/returns/desk/$id", params: { id: only.return_id } });
    else setView({ ...NO_FILTERS, view: "list", search: wanted });
  };
  const error = words.error ?? board.error;
  return (
    <Page
      title="Return desk"
      purpose="Where returns are begun and worked, from the label to the money."
      aside={words.data?.may_work ? <Button onClick={() => setMaking(true)}>New return</Button> : null}
    >
      <form
        className={styles.find}
        role="search"
        onSubmit={(event) => {
          event.preventDefault();
          void find();
        }}
      >
        <TextInput
          aria-label="Find a return"
          placeholder="Scan or type a number or product"
          value={text}
          onChange={(event) => setTyped({ over: search, text: event.currentTarget.value })}
          size="md"
        />
        <Button type="submit" variant="default" size="md">
          Find
        </Button>
      </form>
      {error ? (
        <Failed error={error} retry={() => void board.refetch()} />
      ) : !words.data || !board.data ? (
        <Skeleton height={320} />
      ) : (
        <>
          <div className={styles.bar}>
            <SegmentedControl
              transitionDuration={0}
              aria-label="How returns are shown"
              value={view}
              onChange={(chosen) => setView({ view: chosen === "list" ? "list" : undefined })}
              data={[
                { value: "board", label: "Board" },
                { value: "list", label: "All returns" },
              ]}
            />
            <p className={styles.said}>
              {board.data.open} open,{" "}
              <Listed of={board.data.overdue} add={{ late: "true", sort: "-age" }}>
                beyond their target
              </Listed>
              {board.data.conflicts ? (
                <>
                  , <Listed of={board.data.conflicts} add={{ settle: "true" }}>to settle with the source</Listed>
                </>
              ) : null}
              {board.data.waiting ? `. ${board.data.waiting} changed here: in the figures with the next release` : ""}
            </p>
          </div>
          {view === "board" ? (
            <Board board={board.data} words={words.data} />
          ) : (
            <ReturnList words={words.data} search={search} asked={asked} />
          )}
        </>
      )}
      {making && words.data ? <NewReturn words={words.data} onClose={() => setMaking(false)} /> : null}
    </Page>
  );
}

/** So many returns, and the way to the list of them. */
function Listed({ of, add, children }: { of: number; add: Record<string, string>; children: string }) {
  const said = `${of} ${children}`;
  return of ? (
    <PageLink path="/returns/desk" add={{ view: "list", ...add }}>
      {said}
    </PageLink>
  ) : (
    said
  );
}
