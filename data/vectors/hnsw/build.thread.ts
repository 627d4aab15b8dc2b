import { stat } from "node:fs/promises";
import type { HnswSetting } from "../generation.ts";
import type { Metric } from "../index-definition.ts";
import { type Measured, measureSearch, type Truth, TruthSearch } from "../trials/measure.ts";
import { freeGraph, type Graph, openGraph } from "./binding.ts";
import { sealGraphFile } from "./graph-file.ts";
import { type StopFlag, stopper } from "./stop-flag.ts";
import { leftOutOf, type VectorSource, vectorBatches } from "./vector-rows.ts";
import { checkWritten } from "./written.ts";

/** One graph to build, and how it is to be looked at. */
export interface BuildOrder {
  /** What it leaves out are the questions: what is measured lacks them, what is written has them. */
  readonly source: VectorSource;
  readonly metric: Metric;
  /** How many rows are expected; a few more are taken too. */
  readonly rows: number;
  readonly setting: Pick<HnswSetting, "m" | "efConstruction" | "seed">;
  /** Where to leave it; unset: it is measured and forgotten. */
  readonly path?: string;
  readonly queries: readonly Float32Array[];
  /** Known from an earlier look at the same rows; else found on the way. */
  readonly truth?: Truth;
  /** The widths of search to measure; none needs another build. */
  readonly sweep: readonly number[];
  /** Each width is measured so often, to tell a difference from noise. */
  readonly rounds: number;
  readonly stop?: StopFlag;
}

export interface BuildOutcome {
  readonly rows: number;
  readonly buildSeconds: number;
  readonly memoryBytes: number;
  readonly file?: { readonly sha256: string; readonly sizeBytes: number };
  readonly truth: Truth;
  readonly rounds: readonly (readonly Measured[])[];
}

type Report = (progress: { stage: string; done: number; total: number | null; unit: string }) => void;

/** Runs in a worker thread: every call of the library holds the thread that makes it. */
export async function work(order: BuildOrder, report: Report): Promise<BuildOutcome> {
  const { metric, source, path } = order;
  const graph = await openGraph(metric, source.dimensions);
  const search = order.truth ? undefined : new TruthSearch(order.queries, metric);
  const { ids, chunks, buildMs } = await fillGraph(graph, order, search, report);

  const truth = order.truth ?? search?.truth() ?? [];
  const rounds = measure(graph, order, truth, ids.length);
  if (path !== undefined) await addHeld(graph, leftOutOf(source), ids, chunks);
  const file = path === undefined ? undefined : await write(graph, path, ids, chunks, source.dimensions);
  freeGraph(graph);
  return {
    rows: ids.length,
    buildSeconds: buildMs / 1_000,
    memoryBytes: graphBytes(ids.length, source.dimensions, order.setting.m),
    ...(file && { file }),
    truth,
    rounds,
  };
}

async function fillGraph(
  graph: Graph,
  { rows, setting, source, stop }: BuildOrder,
  search: TruthSearch | undefined,
  report: Report,
): Promise<{ ids: string[]; chunks: number[]; buildMs: number }> {
  const { m, efConstruction, seed } = setting;
  let capacity = Math.max(1, rows);
  graph.initIndex({ maxElements: capacity, m, efConstruction, randomSeed: seed });
  const ids: string[] = [];
  const chunks: number[] = [];
  let buildMs = 0;
  const goOn = stopper(stop);
  for await (const batch of vectorBatches(source)) {
    const begun = performance.now();
    for (const [at, id] of batch.ids.entries()) {
      if (ids.length === capacity) {
        capacity = Math.ceil(capacity * 1.2) + 1_000;
        graph.resizeIndex(capacity);
      }
      goOn();
      graph.addPoint(batch.vector(at) as number[], ids.length);
      ids.push(id);
      chunks.push(batch.chunks[at] ?? 0);
    }
    buildMs += performance.now() - begun;
    if (search) for (const at of batch.ids.keys()) search.see(batch.vector(at));
    report({ stage: "build", done: ids.length, total: rows, unit: "rows" });
  }
  return { ids, chunks, buildMs };
}

/** Once all is measured the rows that were held out join the others. */
async function addHeld(graph: Graph, held: VectorSource, ids: string[], chunks: number[]): Promise<void> {
  for await (const batch of vectorBatches(held)) {
    graph.resizeIndex(ids.length + batch.ids.length);
    for (const [at, id] of batch.ids.entries()) {
      graph.addPoint(batch.vector(at) as number[], ids.length);
      ids.push(id);
      chunks.push(batch.chunks[at] ?? 0);
    }
  }
}

function measure(graph: Graph, { queries, sweep, rounds, stop }: BuildOrder, truth: Truth, rows: number) {
  const goOn = stopper(stop);
  if (queries.length === 0 || rows === 0) return [];
  return Array.from({ length: rounds }, () =>
    sweep.map((efSearch) => {
      goOn();
      return measureSearch(graph, queries, truth, efSearch);
    }),
  );
}

async function write(
  graph: Graph,
  path: string,
  ids: readonly string[],
  chunks: readonly number[],
  dimensions: number,
) {
  if (ids.length === 0) throw new Error("An index of no rows is not written.");
  await graph.writeIndex(path);
  await checkWritten(path);
  const sha256 = await sealGraphFile(path, { ids, chunks: Int32Array.from(chunks) }, dimensions);
  return { sha256, sizeBytes: (await stat(path)).size };
}

/** Vectors, links of the ground level and labels; the levels above hold about one row in `m`. */
export function graphBytes(rows: number, dimensions: number, m: number): number {
  const ground = 4 * dimensions + 8 * m + 4 + 8;
  const above = (4 * m + 4) / (m - 1);
  return Math.round(rows * (ground + above));
}
