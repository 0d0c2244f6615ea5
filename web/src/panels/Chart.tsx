/** A picture on the page: ECharts with the parts that our pictures use, drawn as SVG, so that it is sharp and prints well. */
import { useComputedColorScheme } from "@mantine/core";
import { BarChart, HeatmapChart, LineChart, PieChart, ScatterChart } from "echarts/charts";
import { AriaComponent, GridComponent, TooltipComponent, VisualMapComponent } from "echarts/components";
import { init, use as register, type EChartsType } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { useEffect, useRef, useState } from "react";
import { flushSync } from "react-dom";
import type { Answer } from "@/api/types";
import { useShop } from "@/api/shop";
import { WEEKDAYS, type Grain } from "@/lib/days";
import { PALETTES } from "@/lib/tokens";
import styles from "@/panels/panels.module.css";
import "@/panels/tip.css";
import { pictureOf, type PicturedPanel } from "@/panels/pictures/picture";

register([
  BarChart,
  HeatmapChart,
  LineChart,
  PieChart,
  ScatterChart,
  GridComponent,
  TooltipComponent,
  VisualMapComponent,
  AriaComponent,
  SVGRenderer,
]);

interface Props {
  panel: PicturedPanel;
  answer: Answer;
  grain: Grain | undefined;
  height: number;
  /** What is to be reached by each day, where the picture shows it. */
  target?: Answer | undefined;
  /** A click on a value of a dimension; null where it is unknown. */
  onDrill?: (dimension: string, value: string | null) => void;
  /** A span dragged along a time axis: the indices of its buckets. */
  onSpan?: (from: number, to: number) => void;
}

export function Chart({ panel, answer, grain, height, target, onDrill, onSpan }: Props) {
  const { format, metrics, shop } = useShop();
  const scheme = useComputedColorScheme("light", { getInitialValueInEffect: false });
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<EChartsType>(null);
  const [[width, tall], setSize] = useState<[number, number]>([0, 0]);

  useEffect(() => {
    const node = box.current;
    if (!node) return;
    const made = init(node, null, { renderer: "svg" });
    chart.current = made;
    const observer = new ResizeObserver(([entry]) => {
      if (!entry) return;
      made.resize();
      // At once, so that a box and the picture in it are never of two sizes.
      flushSync(() => setSize([Math.round(entry.contentRect.width), Math.round(entry.contentRect.height)]));
    });
    observer.observe(node);
    return () => {
      observer.disconnect();
      made.dispose();
      chart.current = null;
    };
  }, []);

  const picture = width
    ? pictureOf({
        panel,
        answer,
        grain,
        target,
        format,
        palette: PALETTES[scheme],
        width,
        height: tall,
        metric: (name) => metrics.get(name) ?? { title: name, unit: "ratio", better: null },
        weekStart: Math.max(WEEKDAYS.indexOf(shop.week_start as (typeof WEEKDAYS)[number]), 0),
      })
    : null;

  useEffect(() => {
    if (!picture || !chart.current) return;
    chart.current.setOption(
      { ...picture.option, aria: { enabled: true, label: { enabled: false } } },
      { notMerge: true },
    );
    // Paper has another width than the screen: with its own box the picture scales.
    box.current?.querySelector("svg")?.setAttribute("viewBox", `0 0 ${width} ${tall}`);
  });

  const drill = picture?.drill;
  useEffect(() => {
    const made = chart.current;
    if (!made || !drill || !onDrill) return;
    const click = (event: { dataIndex?: number; componentType?: string; value?: unknown }) => {
      const index = event.componentType === "yAxis" ? Number(event.value) : event.dataIndex;
      const value = index === undefined ? undefined : drill.values[index];
      if (value !== undefined) onDrill(drill.dimension, value);
    };
    made.on("click", click as never);
    return () => {
      made.off("click", click as never);
    };
  });

  const band = useBand(box, chart, onSpan);
  return (
    <div
      className={styles.chart}
      style={picture?.height ? { height: picture.height, flex: "none" } : { minHeight: height }}
      data-drills={drill && onDrill ? true : undefined}
      role="img"
      aria-label={picture?.label ?? panel.title}
    >
      <div ref={box} className={styles.chartBox} onPointerDown={band.start} />
      {band.rect ? (
        <div className={styles.band} style={{ left: band.rect[0], width: band.rect[1] - band.rect[0] }} />
      ) : null}
    </div>
  );
}

/** Dragging along the time axis marks a span; letting go takes it as the period. Not for touch, which scrolls. */
function useBand(
  box: React.RefObject<HTMLDivElement | null>,
  chart: React.RefObject<EChartsType | null>,
  onSpan: Props["onSpan"],
) {
  const [rect, setRect] = useState<[number, number] | null>(null);
  const start = (event: React.PointerEvent) => {
    const node = box.current;
    if (!onSpan || !node || event.pointerType === "touch" || event.button !== 0) return;
    const left = node.getBoundingClientRect().left;
    const from = event.clientX - left;
    const place = (move: PointerEvent): [number, number] => {
      const to = Math.min(Math.max(move.clientX - left, 0), node.clientWidth);
      return from < to ? [from, to] : [to, from];
    };
    const onMove = (move: PointerEvent) => {
      const [low, high] = place(move);
      setRect(high - low > 6 ? [low, high] : null);
    };
    const onUp = (up: PointerEvent) => {
      window.removeEventListener("pointermove", onMove);
      window.removeEventListener("pointerup", onUp);
      setRect(null);
      const [low, high] = place(up);
      if (high - low <= 6) return;
      const index = (x: number) => Number(chart.current?.convertFromPixel({ xAxisIndex: 0 }, x));
      onSpan(Math.max(index(low), 0), Math.max(index(high), 0));
    };
    window.addEventListener("pointermove", onMove);
    window.addEventListener("pointerup", onUp);
  };
  return { rect, start };
}
