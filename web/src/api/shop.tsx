/** The shop, its catalogue and how its numbers are written, for everything inside the frame. */
import { useSuspenseQuery } from "@tanstack/react-query";
import { createContext, use, useMemo, type ReactNode } from "react";
import { dimensionsQuery, metricsQuery, shopQuery } from "@/api/queries";
import type { Dimension, Metric, Shop } from "@/api/types";
import { createFormat, type Format } from "@/lib/format";

export interface ShopContext {
  shop: Shop;
  format: Format;
  metrics: Map<string, Metric>;
  dimensions: Map<string, Dimension>;
  /** The release that questions are asked of; null when nothing was built yet. */
  release: number | null;
}

const Context = createContext<ShopContext | null>(null);

export function ShopProvider({ children }: { children: ReactNode }) {
  const { data: shop } = useSuspenseQuery(shopQuery);
  const { data: metrics } = useSuspenseQuery(metricsQuery);
  const { data: dimensions } = useSuspenseQuery(dimensionsQuery);
  const { locale, currency, minor_units: minorUnits, timezone } = shop;
  const format = useMemo(
    () => createFormat({ locale, currency, minorUnits, timezone }),
    [locale, currency, minorUnits, timezone],
  );
  const value = useMemo(
    () => ({
      shop,
      format,
      metrics: new Map(metrics.map((metric) => [metric.name, metric])),
      dimensions: new Map(dimensions.map((dimension) => [dimension.name, dimension])),
      release: shop.release?.number ?? null,
    }),
    [shop, format, metrics, dimensions],
  );
  return <Context value={value}>{children}</Context>;
}

export function useShop(): ShopContext {
  const context = use(Context);
  if (!context) throw new Error("useShop is used outside of the frame");
  return context;
}
