/** Everything around the routes: the theme, what is kept of the server's answers, the router. */
import { localStorageColorSchemeManager, MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { useEffect } from "react";
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

export function App() {
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
    >
      <QueryClientProvider client={client}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  );
}
