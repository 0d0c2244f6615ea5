/** A link to a page by its path, which takes the view (period, comparison, filters) along. */
import { Link } from "@tanstack/react-router";
import type { ComponentProps, ReactNode } from "react";
import { KEPT } from "@/lib/view";

type Search = Record<string, unknown>;

const kept = (search: Search): Search =>
  Object.fromEntries(KEPT.flatMap((name) => (search[name] === undefined ? [] : [[name, search[name]]])));

interface Props extends Omit<ComponentProps<"a">, "href"> {
  path: string;
  /** Added to the view that is kept. */
  add?: Search;
  children: ReactNode;
}

export function PageLink({ path, add, children, ...rest }: Props) {
  return (
    <Link
      {...(rest as object)}
      to={path as "/"}
      search={((before: Search) => ({ ...kept(before), ...add })) as never}
      activeOptions={{ exact: true, includeSearch: false }}
    >
      {children}
    </Link>
  );
}
