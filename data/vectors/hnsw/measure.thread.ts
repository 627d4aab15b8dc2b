import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Metric } from "../index-definition.ts";
import { type Measured, measureSearch, type Truth } from "../trials/measure.ts";
import { freeGraph, type Graph, openGraph } from "./binding.ts";
import { splitGraphFile } from "./graph-file.ts";
import { type StopFlag, stopper } from "./stop-flag.ts";

/** Built generations to measure beside one another, each in every round, so that a busy machine slows them all. */
export interface MeasureOrder {
  readonly files: readonly { readonly path: string; readonly sha256: string }[];
  readonly metric: Metric;
  readonly dimensions: number;
  readonly queries: readonly Float32Array[];
  readonly truth: Truth;
  readonly sweep: readonly number[];
  readonly rounds: number;
  readonly tempDir: string;
  readonly stop?: StopFlag;
}

/** By round, by file, by width. */
export type MeasuredFiles = readonly (readonly (readonly Measured[])[])[];

/** Runs in a worker thread, for the same reason as a build. */
export async function work(order: MeasureOrder): Promise<MeasuredFiles> {
  const goOn = stopper(order.stop);
  const graphs: Graph[] = [];
  for (const file of order.files) {
    goOn();
    graphs.push(await loadGraph(file, order));
  }
  const rounds = Array.from({ length: order.rounds }, () =>
    graphs.map((graph) =>
      order.sweep.map((width) => {
        goOn();
        return measureSearch(graph, order.queries, order.truth, width);
      }),
    ),
  );
  graphs.forEach(freeGraph);
  return rounds;
}

async function loadGraph(
  { path, sha256 }: MeasureOrder["files"][number],
  { metric, dimensions, tempDir }: MeasureOrder,
): Promise<Graph> {
  await mkdir(tempDir, { recursive: true });
  const dir = await mkdtemp(join(tempDir, "measure-"));
  try {
    const graph = await openGraph(metric, dimensions);
    await splitGraphFile(path, join(dir, "graph"), { sha256, dimensions });
    await graph.readIndex(join(dir, "graph"));
    return graph;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
