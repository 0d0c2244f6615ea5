/** What stands around the forms of those who are not in yet. */
import { useEffect, type ReactNode } from "react";
import styles from "@/ui/ground.module.css";

export function Ground({ title, lead, children }: { title: string; lead: string; children: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Tillsight`;
  }, [title]);
  return (
    <main className={styles.ground}>
      <div className={styles.form}>
        <h1 className={styles.mark}>
          till<span>sight</span>
        </h1>
        <p className={styles.lead}>{lead}</p>
        {children}
      </div>
    </main>
  );
}
