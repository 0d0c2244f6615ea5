/** The small parts of every page: words to press, badges, panes, states. */
import { useEffect, useState, type ComponentPropsWithRef, type ReactNode } from "react";
import { ApiError } from "@/api/client";
import { Building } from "@/ui/Building";
import styles from "@/ui/ui.module.css";

export type Tone = "good" | "bad" | "warning" | "accent" | "neutral";

/** A word that does something: "Table", "Download". */
export function Word(props: ComponentPropsWithRef<"button">) {
  return <button type="button" {...props} className={styles.word} />;
}

/** A bordered button of the top bar. */
export function ChipButton(props: ComponentPropsWithRef<"button">) {
  return <button type="button" {...props} className={styles.chip} />;
}

export function Soft({ children }: { children: ReactNode }) {
  return <span className={styles.soft}>{children}</span>;
}

export function Badge({ tone = "neutral", children, title }: { tone?: Tone; children: ReactNode; title?: string }) {
  return (
    <span className={styles.badge} data-tone={tone} title={title}>
      {children}
    </span>
  );
}

export function Page({
  title,
  purpose,
  aside,
  children,
}: {
  title: string;
  purpose?: ReactNode;
  aside?: ReactNode;
  children: ReactNode;
}) {
  useEffect(() => {
    document.title = `${title} · Tillsight`;
  }, [title]);
  return (
    <div className={styles.page}>
      <div className={styles.head}>
        <div>
          <h1>{title}</h1>
          {purpose ? <p className={styles.purpose}>{purpose}</p> : null}
        </div>
        {aside ? <div className={styles.actions}>{aside}</div> : null}
      </div>
      {children}
    </div>
  );
}

export function Pane({
  title,
  sub,
  actions,
  children,
  label,
}: {
  title?: string;
  sub?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  label?: string;
}) {
  return (
    <section className={styles.pane} aria-label={title ?? label}>
      {title ? (
        <header className={styles.paneHead}>
          <div>
            <h2>{title}</h2>
            {sub ? <div className={styles.sub}>{sub}</div> : null}
          </div>
          {actions ? <div className={styles.actions}>{actions}</div> : null}
        </header>
      ) : null}
      {children}
    </section>
  );
}

export function Skeleton({ height, width }: { height: number | string; width?: number | string }) {
  return <span className={styles.skeleton} style={{ height, width: width ?? "100%" }} aria-hidden />;
}

/** Nothing to show: which data is missing, and how to bring it. */
export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className={styles.state}>
      <strong>{title}</strong>
      {children}
    </div>
  );
}

/** What failed, and the way to try again. */
export function Failed({ error, retry }: { error: unknown; retry?: () => void }) {
  if (error instanceof ApiError && error.job) return <Building id={error.job} message={error.message} />;
  return (
    <div className={styles.state} role="alert">
      <strong>{error instanceof ApiError && error.status === 403 ? "Not allowed" : "This could not be shown"}</strong>
      <span>{error instanceof Error ? error.message : "Something unexpected happened."}</span>
      {retry ? (
        <button type="button" className={styles.retry} onClick={retry}>
          Try again
        </button>
      ) : null}
    </div>
  );
}

export function Banner({ tone, children }: { tone: "warning" | "bad" | "good" | "neutral"; children: ReactNode }) {
  return (
    <div className={styles.banner} data-tone={tone} role={tone === "bad" ? "alert" : undefined}>
      {children}
    </div>
  );
}

/** Text of a program with a button that copies it. */
export function Code({ text, label, wrap = false }: { text: string; label: string; wrap?: boolean }) {
  return (
    <div className={styles.code}>
      <pre tabIndex={0} aria-label={label} data-wrap={wrap || undefined}>
        {text}
      </pre>
      <Copy text={text} />
    </div>
  );
}

function Copy({ text, children = "Copy" }: { text: string; children?: string }) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 1500);
    return () => clearTimeout(timer);
  }, [copied]);
  return (
    <Word
      onClick={() => {
        void navigator.clipboard.writeText(text).then(() => setCopied(true));
      }}
    >
      <span aria-live="polite">{copied ? "Copied" : children}</span>
    </Word>
  );
}

/** Names with their values, one below the other. */
export function Facts({ items }: { items: [string, ReactNode][] }) {
  return (
    <dl className={styles.kv}>
      {items.map(([name, value]) => (
        <div key={name} style={{ display: "contents" }}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
