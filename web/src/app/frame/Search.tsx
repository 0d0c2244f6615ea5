/** Ctrl-K or ⌘K: find a page, a metric, a product, a customer or an order, and go there. */
import { Modal } from "@mantine/core";
import { useDebouncedValue, useHotkeys } from "@mantine/hooks";
import { keepPreviousData, useQuery, useSuspenseQuery } from "@tanstack/react-query";
import { useNavigate, useRouter } from "@tanstack/react-router";
import { useId, useState } from "react";
import { search } from "@/api/calls";
import { dashboardsQuery } from "@/api/queries";
import styles from "@/app/frame/frame.module.css";
import { DOMAINS, TOOLS } from "@/lib/pages";
import { KEPT } from "@/lib/view";
import { ChipButton, Soft } from "@/ui/Parts";

interface Found {
  key: string;
  title: string;
  kind: string;
  path: string;
}

const KINDS: Record<string, string> = {
  page: "Page",
  metric: "Metric",
  dimension: "Dimension",
  product: "Product",
  customer: "Customer",
  order: "Order",
};

const isMac = /Mac|iPhone|iPad/.test(navigator.userAgent);

export function Search() {
  const [open, setOpen] = useState(false);
  useHotkeys([["mod+K", () => setOpen(true)]], []);
  return (
    <>
      <ChipButton onClick={() => setOpen(true)} aria-keyshortcuts="Control+K Meta+K">
        <Soft>Search</Soft> <span className={styles.roomy}>{isMac ? "⌘K" : "Ctrl K"}</span>
      </ChipButton>
      {open ? (
        <Modal.Root opened onClose={() => setOpen(false)} size={620} yOffset="12vh">
          <Modal.Overlay />
          <Modal.Content aria-label="Search">
            <SearchBox onDone={() => setOpen(false)} />
          </Modal.Content>
        </Modal.Root>
      ) : null}
    </>
  );
}

function SearchBox({ onDone }: { onDone: () => void }) {
  const [text, setText] = useState("");
  const [asked] = useDebouncedValue(text.trim(), 120);
  const [at, setAt] = useState(0);
  const list = useId();
  const router = useRouter();
  const navigate = useNavigate();
  const pages = usePages(text);
  const hits = useQuery({
    queryKey: ["search", asked],
    queryFn: ({ signal }) => search(asked, signal),
    enabled: asked.length > 1,
    placeholderData: keepPreviousData,
  });
  const found: Found[] = [
    ...pages,
    ...(asked.length > 1 ? (hits.data ?? []) : [])
      .filter((hit) => hit.kind !== "page")
      .map((hit) => ({
        key: `${hit.kind}:${hit.path}:${hit.title}`,
        title: hit.title,
        kind: [KINDS[hit.kind], hit.subtitle].filter(Boolean).join(" · "),
        path: hit.path,
      })),
  ];
  const current = Math.min(at, Math.max(found.length - 1, 0));
  const go = (hit: Found | undefined) => {
    if (!hit) return;
    onDone();
    const [path = "/", query = ""] = hit.path.split("?");
    const before = router.state.location.search as Record<string, unknown>;
    const kept = Object.fromEntries(KEPT.map((name) => [name, before[name]]));
    const added = router.options.parseSearch?.(query) ?? {};
    void navigate({ to: path as "/", search: { ...kept, ...added } as never });
  };
  return (
    <div>
      <input
        data-autofocus
        className={styles.searchInput}
        role="combobox"
        aria-expanded
        aria-controls={list}
        aria-activedescendant={found.length ? `${list}-${current}` : undefined}
        aria-label="Search pages, metrics, products, customers and orders"
        placeholder="Pages, metrics, products, customers, orders"
        value={text}
        onChange={(event) => {
          setText(event.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={(event) => {
          if (event.key === "ArrowDown") setAt(Math.min(current + 1, found.length - 1));
          else if (event.key === "ArrowUp") setAt(Math.max(current - 1, 0));
          else if (event.key === "Enter") go(found[current]);
          else return;
          event.preventDefault();
        }}
      />
      <ul className={styles.hits} id={list} role="listbox" aria-label="Found">
        {found.map((hit, index) => (
          <li
            key={hit.key}
            id={`${list}-${index}`}
            role="option"
            aria-selected={index === current}
            className={styles.hit}
            ref={index === current ? (node) => node?.scrollIntoView({ block: "nearest" }) : undefined}
            onMouseMove={() => setAt(index)}
            onClick={() => go(hit)}
          >
            <span>{hit.title}</span>
            <small>{hit.kind}</small>
          </li>
        ))}
        {found.length ? null : (
          <li className={styles.label} style={{ padding: 10 }}>
            {hits.isFetching ? "Searching…" : hits.error ? hits.error.message : `Nothing found for “${text}”.`}
          </li>
        )}
      </ul>
    </div>
  );
}

function usePages(text: string): Found[] {
  const { data: dashboards } = useSuspenseQuery(dashboardsQuery);
  const words = text.trim().toLowerCase();
  const declared = dashboards.map((dashboard) => ({ ...dashboard, words: `${dashboard.title} ${dashboard.purpose}` }));
  const paths = new Set(declared.map((dashboard) => dashboard.path));
  const others = [...DOMAINS, ...TOOLS]
    .filter((page) => !paths.has(page.path))
    .map((page) => ({ ...page, words: page.title }));
  return [...declared, ...others]
    .filter((page) => page.words.toLowerCase().includes(words))
    .map((page) => ({ key: page.path, title: page.title, kind: "Page", path: page.path }));
}
