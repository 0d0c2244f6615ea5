/** Bands between two sides: how much went from which to which (a Sankey diagram of two layers). */
export interface Flow {
  from: string;
  to: string;
  size: number;
}

export interface Node {
  name: string;
  size: number;
  top: number;
  height: number;
}

export interface Band extends Flow {
  fromTop: number;
  toTop: number;
  height: number;
}

export interface Sides {
  left: Node[];
  right: Node[];
  bands: Band[];
}

/** Nodes and bands in a given height; names in the order in which the flows name them, `gap` between nodes. */
export function sides(flows: readonly Flow[], height: number, gap: number): Sides {
  const whole = flows.reduce((sum, flow) => sum + flow.size, 0);
  const lefts = nodesOf(flows, "from");
  const rights = nodesOf(flows, "to");
  const most = Math.max(lefts.size, rights.size, 1);
  const scale = whole > 0 ? Math.max(height - gap * (most - 1), 0) / whole : 0;
  const place = (names: Map<string, number>): Node[] => {
    let top = 0;
    return [...names].map(([name, size]) => {
      const node = { name, size, top, height: size * scale };
      top += node.height + gap;
      return node;
    });
  };
  const left = place(lefts);
  const right = place(rights);
  const leftAt = new Map(left.map((node) => [node.name, node.top]));
  const rightAt = new Map(right.map((node) => [node.name, node.top]));
  const order = new Map(right.map((node, index) => [node.name, index]));
  const ordered = left.flatMap((node) =>
    flows.filter((flow) => flow.from === node.name).sort((a, b) => (order.get(a.to) ?? 0) - (order.get(b.to) ?? 0)),
  );
  const bands = ordered.map((flow) => {
    const band = {
      ...flow,
      fromTop: leftAt.get(flow.from) ?? 0,
      toTop: rightAt.get(flow.to) ?? 0,
      height: flow.size * scale,
    };
    leftAt.set(flow.from, band.fromTop + band.height);
    rightAt.set(flow.to, band.toTop + band.height);
    return band;
  });
  return { left, right, bands };
}

function nodesOf(flows: readonly Flow[], side: "from" | "to"): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const flow of flows) sizes.set(flow[side], (sizes.get(flow[side]) ?? 0) + flow.size);
  return sizes;
}
