import { createHash } from "node:crypto";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { BuildOrder, BuildOutcome } from "../hnsw/build.thread.ts";
import { stopper } from "../hnsw/stop-flag.ts";
import { leftOutOf, type VectorBatch, vectorBatches } from "../hnsw/vector-rows.ts";
import type { Metric } from "../index-definition.ts";
import { hitsWithin, type Measured, RECALL_AT, type Truth, TruthSearch } from "../trials/measure.ts";
import { type LanceDb, type LanceTable, lanceQuery, loadLanceDb, TABLE } from "./binding.ts";

type Report = (progress: { stage: string; done: number; total: number | null; unit: string }) => void;

/** Each call makes a fragment on disk, so rows are gathered first. */
const ROWS_A_FRAGMENT = 16_384;
/** Fewer rows train no quantiser; they are compared one by one, which is quick. */
const FEWEST_TO_TRAIN = 1_000;

interface Record {
  id: string;
  chunk: number;
  vector: readonly number[];
  [column: string]: unknown;
}

/** Runs in a worker thread: an IVF_PQ index on disk, in the folder `path`. */
export async function work(order: BuildOrder, report: Report): Promise<BuildOutcome> {
  const { source, metric, path } = order;
  if (path === undefined) throw new Error("A Lance index is built on disk only: give it a folder.");
  const lancedb = await loadLanceDb();
  if (!lancedb) throw new Error("@lancedb/lancedb is not installed here: npm install @lancedb/lancedb");
  const connection = await lancedb.connect(path);
  const search = order.truth ? undefined : new TruthSearch(order.queries, metric);
  const begun = performance.now();
  let table: LanceTable | undefined;
  let rows = 0;
  const goOn = stopper(order.stop);
  for await (const records of fragments(vectorBatches(source))) {
    goOn();
    for (const { vector } of records) search?.see(vector);
    if (table) await table.add(records);
    else table = await connection.createTable(TABLE, records);
    rows += records.length;
    report({ stage: "write", done: rows, total: order.rows, unit: "rows" });
  }
  if (!table) throw new Error("An index of no rows is not written.");
  report({ stage: "train", done: 0, total: null, unit: "rows" });
  await train(lancedb, table, rows, metric);
  const buildSeconds = (performance.now() - begun) / 1_000;
  const truth = order.truth ?? search?.truth() ?? [];
  const measured: Measured[] = [];
  for (const width of order.sweep) {
    goOn();
    measured.push(await measure(table, order, truth, width));
  }
  for await (const records of fragments(vectorBatches(leftOutOf(source)))) {
    await table.add(records);
    rows += records.length;
  }
  return { rows, buildSeconds, memoryBytes: 0, file: await sealFolder(path), truth, rounds: [measured] };
}

async function train(lancedb: LanceDb, table: LanceTable, rows: number, metric: Metric): Promise<void> {
  if (rows < FEWEST_TO_TRAIN) return;
  const numPartitions = Math.max(2, Math.round(Math.sqrt(rows) / 2));
  const config = lancedb.Index.ivfPq({ distanceType: metric === "ip" ? "dot" : metric, numPartitions });
  await table.createIndex("vector", { config });
}

async function* fragments(batches: AsyncIterable<VectorBatch>): AsyncGenerator<Record[]> {
  let records: Record[] = [];
  for await (const { ids, chunks, vector } of batches) {
    for (const [at, id] of ids.entries()) records.push({ id, chunk: chunks[at] ?? 0, vector: vector(at) });
    if (records.length < ROWS_A_FRAGMENT) continue;
    yield records;
    records = [];
  }
  if (records.length > 0) yield records;
}

async function measure(table: LanceTable, order: BuildOrder, truth: Truth, width: number) {
  const times: number[] = [];
  const k = Math.min(RECALL_AT, order.rows);
  let hits = 0;
  for (const [at, query] of order.queries.entries()) {
    const begun = performance.now();
    const found = await lanceQuery(table, order.metric, query, k, width);
    times.push(performance.now() - begun);
    const distances = found.map(({ distance }) => distance);
    hits += hitsWithin(distances, truth[at] ?? 0);
  }
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
  const recall = hits / (k * order.queries.length || 1);
  return { efSearch: width, recall, p50Ms: at(0.5), p95Ms: at(0.95) };
}

/** A name for the folder's content: its files and their sizes. */
async function sealFolder(path: string): Promise<{ sha256: string; sizeBytes: number }> {
  const names = (await readdir(path, { recursive: true })).sort();
  const hash = createHash("sha256");
  let sizeBytes = 0;
  for (const name of names) {
    const found = await stat(join(path, name));
    if (!found.isFile()) continue;
    sizeBytes += found.size;
    hash.update(`${name} ${found.size}\n`);
  }
  return { sha256: hash.digest("hex"), sizeBytes };
}
