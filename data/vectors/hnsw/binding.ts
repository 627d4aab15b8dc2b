import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { ownTempDir } from "../../own-temp-dir.ts";
import type { Metric } from "../index-definition.ts";
import { checkWritten } from "./written.ts";

/** What we use of the library. It says so itself, but where it could not be compiled its types are not there either. */
export interface Graph {
  initIndex(size: { maxElements: number; m?: number; efConstruction?: number; randomSeed?: number }): void;
  resizeIndex(maxElements: number): void;
  addPoint(vector: number[], label: number): void;
  setEf(ef: number): void;
  searchKnn(
    vector: number[],
    count: number,
    filter?: (label: number) => boolean,
  ): { distances: number[]; neighbors: number[] };
  writeIndex(path: string): Promise<boolean>;
  readIndex(path: string): Promise<boolean>;
  getPoint(label: number): number[];
  getCurrentCount(): number;
  getMaxElements(): number;
}

interface Binding {
  readonly HierarchicalNSW: new (metric: Metric, dimensions: number) => Graph;
}

/** What its compiling needs; Node's headers are fetched where they do not lie beside Node. */
export const howToInstall =
  "It is compiled: install g++, make and python3, then npm ci; if that cannot fetch Node's headers, " +
  "npm_config_nodedir=/usr npm ci takes them from /usr/include/node (or another prefix).";

let loaded: Promise<Binding | undefined> | undefined;

/** The native library, or undefined where it could not be installed: then every search is exact. */
export function loadBinding(): Promise<Binding | undefined> {
  loaded ??= import("hnswlib-node" as string).then(
    // It is a CommonJS module, whose names some loaders find only on the default.
    (module: Binding | { readonly default: Binding }) => ("default" in module ? module.default : module),
    () => undefined,
  );
  return loaded;
}

export async function openGraph(metric: Metric, dimensions: number): Promise<Graph> {
  const binding = await loadBinding();
  if (!binding) throw new Error(`hnswlib-node is not installed here. ${howToInstall}`);
  return new binding.HierarchicalNSW(metric, dimensions);
}

/** Gives the graph's memory back now; the collector does not know how much hangs on the small object it sees. */
export function freeGraph(graph: Graph): void {
  graph.initIndex({ maxElements: 1, m: 2, efConstruction: 4 });
}

/**
 * The same without holding the event loop, which giving back hundreds of megabytes does: reading another graph in its
 * place lets go of the old one in a thread of the library's own. The other has one row.
 */
export async function freeGraphAside(graph: Graph, metric: Metric, dimensions: number): Promise<void> {
  await mkdir(ownTempDir, { recursive: true });
  const dir = await mkdtemp(join(ownTempDir, "free-"));
  try {
    const path = join(dir, "graph");
    const small = await openGraph(metric, dimensions);
    small.initIndex({ maxElements: 1, m: 2, efConstruction: 4 });
    small.addPoint(new Array<number>(dimensions).fill(1), 0);
    await small.writeIndex(path);
    // A file that is not whole would be refused after the old graph is gone, and the library would free that twice.
    await checkWritten(path);
    await graph.readIndex(path);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
