/** Choosing a value in a picture or a table filters the page by it; the filter is a chip that can be taken away. */
import { useCallback } from "react";
import { useSetView, useView } from "@/lib/useView";
import { drill } from "@/lib/where";

export function useDrill(): (dimension: string, value: string | null) => void {
  const { where } = useView();
  const setView = useSetView();
  return useCallback((dimension, value) => setView({ where: drill(where ?? [], dimension, value) }), [where, setView]);
}
