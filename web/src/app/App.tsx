/** Everything around the routes: the theme, what is kept of the server's answers, the router. */
import { localStorageColorSchemeManager, MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { flushSync } from "react-dom";
import { ApiError } from "@/api/client";
import { currentUser, onSession } from "@/api/session";
import { makeRouter } from "@/app/router";
import { cssVariables, theme } from "@/app/theme";

const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      refetchOnWindowFocus: false,
      // A refusal stays a refusal; only a server that could not be reached, or broke, is asked again.
      retry: (count, error) => count < 2 && !(error instanceof ApiError && error.status >= 400 && error.status < 500),
    },
  },
});
const router = makeRouter(client);
const schemes = localStorageColorSchemeManager({ key: "tillsight-scheme" });

/** Paper is light, whatever the screen is: charts are drawn anew before the page is printed. */
function usePrinting(): boolean {
  const [printing, setPrinting] = useState(false);
  useEffect(() => {
    const before = () => flushSync(() => setPrinting(true));
    const after = () => setPrinting(false);
    window.addEventListener("beforeprint", before);
    window.addEventListener("afterprint", after);
    return () => {
      window.removeEventListener("beforeprint", before);
      window.removeEventListener("afterprint", after);
    };
  }, []);
  return printing;
}

export function App() {
  const printing = usePrinting();
  useEffect(
    () =>
      onSession(() => {
        if (!currentUser()) void router.invalidate();
      }),
    [],
  );
  return (
    <MantineProvider
      theme={theme}
      cssVariablesResolver={cssVariables}
      colorSchemeManager={schemes}
      defaultColorScheme="auto"
      {...(printing ? { forceColorScheme: "light" as const } : {})}
    >
      <QueryClientProvider client={client}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  );
}
