/** Hand a file that the server made to the person at the browser. */
export function saveBlob(blob: Blob, name: string): void {
  const address = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  // The browser reads the address after the click has returned.
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** A file name from a title: `revenue-by-country_2011-11-10_2011-12-09.csv`. */
export function fileName(title: string, span: { start: string; end: string } | null, format: string): string {
  const stem = title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, "-")
    .replace(/^-+|-+$/g, "");
  return `${[stem || "tillsight", span?.start, span?.end].filter(Boolean).join("_")}.${format}`;
}
