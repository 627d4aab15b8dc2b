import { expect, test } from "vitest";
import { freeGraphAside, openGraph } from "../../../../data/vectors/hnsw/binding.ts";

test.each(["cosine", "l2", "ip"] as const)(
  "a graph by %s is let go of aside, and holds one row then",
  async (metric) => {
    const graph = await openGraph(metric, 3);
    graph.initIndex({ maxElements: 50, m: 8, efConstruction: 20 });
    for (let label = 0; label < 50; label += 1) graph.addPoint([label, 1, 2], label);

    await freeGraphAside(graph, metric, 3);

    expect(graph.getMaxElements()).toBe(1);
    expect(graph.searchKnn([1, 1, 1], 1).neighbors).toEqual([0]);
  },
);
