/** A secret that is shown this once: said so, and easy to copy. */
import type { ReactNode } from "react";
import { Banner, Code } from "@/ui/Parts";

export function Once({ label, text, children }: { label: string; text: string; children: ReactNode }) {
  return (
    <div role="status" style={{ display: "flex", flexDirection: "column", gap: 8 }}>
      <Banner tone="good">{children}</Banner>
      <Code label={label} text={text} wrap />
    </div>
  );
}
