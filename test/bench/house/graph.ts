/**
 * What can be asked of a graph of imports, files or folders: circles, the longest chain, what is reached.
 */

/** From each node to those it imports. Nodes without an entry import nothing. */
export type Graph = ReadonlyMap<string, ReadonlySet<string>>;

/**
 * Groups of nodes each of which reaches all others of its group; every node is in one (Tarjan 1972). A group comes after
 * those it imports.
 */
export function findGroups(graph: Graph): string[][] {
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const open: string[] = [];
  const isOpen = new Set<string>();
  const groups: string[][] = [];
  const visit = (node: string): number => {
    let low = order.size;
    order.set(node, low);
    open.push(node);
    isOpen.add(node);
    for (const next of graph.get(node) ?? []) {
      if (!order.has(next)) low = Math.min(low, visit(next));
      else if (isOpen.has(next)) low = Math.min(low, order.get(next) as number);
    }
    lowest.set(node, low);
    if (low === order.get(node)) {
      const group = open.splice(open.indexOf(node));
      for (const member of group) isOpen.delete(member);
      groups.push(group);
    }
    return low;
  };
  for (const node of graph.keys()) if (!order.has(node)) visit(node);
  return groups;
}

/** Groups of more than one node: each is a knot of circles. */
export function findCircles(graph: Graph): string[][] {
  return findGroups(graph).filter((group) => group.length > 1);
}

/** The most nodes of which each imports the next; a circle counts as one node of it. */
export function longestChain(graph: Graph): string[] {
  const best = new Map<string, readonly string[]>();
  let longest: readonly string[] = [];
  for (const group of findGroups(graph)) {
    let below: readonly string[] = [];
    let from = group[0] as string;
    for (const node of group) {
      for (const next of graph.get(node) ?? []) {
        const chain = best.get(next);
        if (chain !== undefined && !group.includes(next) && chain.length > below.length)
          [below, from] = [chain, node];
      }
    }
    const chain = [from, ...below];
    for (const node of group) best.set(node, chain);
    if (chain.length > longest.length) longest = chain;
  }
  return [...longest];
}

/** The nodes that are reached from some, those included. */
export function reachedFrom(graph: Graph, starts: Iterable<string>): Set<string> {
  const reached = new Set<string>();
  const open = [...starts];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (reached.has(node)) continue;
    reached.add(node);
    open.push(...(graph.get(node) ?? []));
  }
  return reached;
}
