/** The view that the address holds, and how to change it. Every change is a step that "back" undoes. */
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import { readView, type View } from "@/lib/view";

export function useView(): View {
  const search = useSearch({ strict: false }) as Record<string, unknown>;
  const key = JSON.stringify(readView(search));
  // One object for as long as the view is the same, so that questions made from it keep their identity.
  return useMemo(() => JSON.parse(key) as View, [key]);
}

export type SetView = (change: Record<string, unknown>, options?: { replace?: boolean }) => void;

export function useSetView(): SetView {
  const navigate = useNavigate();
  return useCallback(
    (change, options) => {
      void navigate({
        to: ".",
        search: ((before: Record<string, unknown>) => ({ ...before, ...change })) as never,
        replace: options?.replace ?? false,
        resetScroll: false,
      });
    },
    [navigate],
  );
}
