import type { HierarchicalNSW } from "hnswlib-node";
import type { Metric } from "../index-definition.ts";

export type Graph = HierarchicalNSW;

type Binding = typeof import("hnswlib-node");

let loaded: Promise<Binding | undefined> | undefined;

/** The native library, or undefined where it could not be installed: then every search is exact. */
export function loadBinding(): Promise<Binding | undefined> {
  loaded ??= import("hnswlib-node").then(
    // It is a CommonJS module, whose names some loaders find only on the default.
    (module) => ("default" in module ? (module.default as Binding) : module),
    () => undefined,
  );
  return loaded;
}

export async function openGraph(metric: Metric, dimensions: number): Promise<Graph> {
  const binding = await loadBinding();
  if (!binding) throw new Error("hnswlib-node is not installed here: npm install hnswlib-node");
  return new binding.HierarchicalNSW(metric, dimensions);
}

/** Gives the graph's memory back now; the collector does not know how much hangs on the small object it sees. */
export function freeGraph(graph: Graph): void {
  graph.initIndex({ maxElements: 1, m: 2, efConstruction: 4 });
}
