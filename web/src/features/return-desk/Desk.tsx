/** The return desk: find a return by what is on its parcel, see what waits at each step, take steps with one or many. */
import { Button, SegmentedControl, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { getReturns } from "@/api/calls";
import { deskWordsQuery, returnBoardQuery } from "@/api/queries";
import { Board } from "@/features/return-desk/Board";
import styles from "@/features/return-desk/desk.module.css";
import { NewReturn } from "@/features/return-desk/NewReturn";
import { ReturnList } from "@/features/return-desk/ReturnList";
import { Failed, Page, Skeleton } from "@/ui/Parts";

export function Desk() {
  const words = useQuery(deskWordsQuery);
  const board = useQuery(returnBoardQuery);
  const [view, setView] = useState<"board" | "list">("board");
  const [text, setText] = useState("");
  const [search, setSearch] = useState("");
  const [making, setMaking] = useState(false);
  const go = useNavigate();
  const find = async () => {
    const wanted = text.trim();
    setSearch(wanted);
    if (wanted === "") return;
    const found = await getReturns({ search: wanted }, 1, 2, new AbortController().signal);
    const only = found.data[0];
    if (found.total === 1 && only) await go({ to: "/returns/desk/$id", params: { id: only.return_id } });
    else setView("list");
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
          onChange={(event) => setText(event.currentTarget.value)}
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
              onChange={(chosen) => setView(chosen as "board" | "list")}
              data={[
                { value: "board", label: "Board" },
                { value: "list", label: "All returns" },
              ]}
            />
            <p className={styles.said}>
              {board.data.open} open, {board.data.overdue} beyond their target
              {board.data.conflicts ? `, ${board.data.conflicts} to settle with the source` : ""}
              {board.data.waiting ? `. ${board.data.waiting} changed here: in the figures with the next release` : ""}
            </p>
          </div>
          {view === "board" ? (
            <Board board={board.data} words={words.data} />
          ) : (
            <ReturnList key={search} words={words.data} search={search} />
          )}
        </>
      )}
      {making && words.data ? <NewReturn words={words.data} onClose={() => setMaking(false)} /> : null}
    </Page>
  );
}
