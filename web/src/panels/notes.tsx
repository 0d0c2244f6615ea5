/** What readers should know of the answers on a page: said once at its top when it holds for several panels. */
import { createContext, use, useCallback, useEffect, useMemo, useState, type ReactNode } from "react";
import type { Answer } from "@/api/types";
import styles from "@/panels/panels.module.css";

interface Board {
  /** Texts by the panel that has them. */
  said: ReadonlyMap<string, readonly string[]>;
  say: (panel: string, texts: readonly string[]) => void;
}

const Context = createContext<Board | null>(null);

export function NotesProvider({ children }: { children: ReactNode }) {
  const [said, setSaid] = useState<ReadonlyMap<string, readonly string[]>>(new Map());
  const say = useCallback((panel: string, texts: readonly string[]) => {
    setSaid((before) => {
      if (before.get(panel)?.join("\n") === texts.join("\n")) return before;
      return new Map(before).set(panel, texts);
    });
  }, []);
  const board = useMemo(() => ({ said, say }), [said, say]);
  return <Context value={board}>{children}</Context>;
}

/** Texts that more than one panel has. */
function shared({ said }: Board): string[] {
  const count = new Map<string, number>();
  for (const texts of said.values()) for (const text of new Set(texts)) count.set(text, (count.get(text) ?? 0) + 1);
  return [...count].filter(([, times]) => times > 1).map(([text]) => text);
}

export function SharedNotes() {
  const board = use(Context);
  const texts = board ? shared(board) : [];
  return <List texts={texts} />;
}

/** The warnings of one panel's answer, but for those that stand at the top of the page. */
export function Notes({ panel, notes }: { panel: string; notes: Answer["notes"] }) {
  const board = use(Context);
  const texts = notes.filter((note) => note.level === "warning").map((note) => note.text);
  const key = texts.join("\n");
  const say = board?.say;
  useEffect(() => {
    say?.(panel, key ? key.split("\n") : []);
    return () => say?.(panel, []);
  }, [say, panel, key]);
  const above = board ? shared(board) : [];
  return <List texts={texts.filter((text) => !above.includes(text))} />;
}

function List({ texts }: { texts: string[] }) {
  if (!texts.length) return null;
  return (
    <ul className={styles.notes}>
      {texts.map((text) => (
        <li key={text}>{text}</li>
      ))}
    </ul>
  );
}
