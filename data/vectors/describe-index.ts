import { z } from "zod";
import type { Lake } from "../lake.ts";
import { quote } from "../sql/duckdb.ts";
import { recallWatchOf } from "./autotune/live-recall.ts";
import { Generation } from "./generation.ts";
import { currentPointer } from "./generations/pointers.ts";
import { IndexDefinition, vectorsTable } from "./index-definition.ts";
import { Staleness, stalenessOf } from "./refresh/state.ts";

/** All that is known of an index without searching it. */
export const IndexDescription = z
  .strictObject({
    ...IndexDefinition.shape,
    rows: z.int().describe("Rows that have a vector"),
    chunks: z.int(),
    sizeBytes: z.int().describe("Of the files of chunks and vectors"),
    staleness: Staleness.nullable().describe("Null when the index's table is gone"),
    generation: Generation.nullable().describe("What serves; null: every search is exact"),
    recall: z
      .strictObject({
        measured: z.number().nullable().describe("On the evaluation set, when it was built"),
        live: z
          .number()
          .nullable()
          .describe("Of searches that this process answered, compared with the truth"),
        compared: z.int().describe("How many searches those were"),
      })
      .describe("Which share of the ten nearest rows a search finds"),
    memoryBytes: z
      .int()
      .describe("What a process that serves it holds in memory; of Lance, which stays on disk, 0"),
  })
  .meta({ id: "VectorIndexDescription" });
export type IndexDescription = z.infer<typeof IndexDescription>;

export async function describeIndex(lake: Lake, index: IndexDefinition): Promise<IndexDescription> {
  const snapshot = await lake.table(vectorsTable(index)).snapshot();
  const duckdb = await lake.duckdb();
  const [counts, pointer, staleness] = await Promise.all([
    duckdb.query(
      z.object({ rows: z.coerce.number(), chunks: z.coerce.number() }),
      `select count(distinct id) as rows, count(*) as chunks
       from (${await snapshot.readSql({ columns: ["id", "model"] })}) where model = ${quote(index.model)}`,
    ),
    currentPointer(lake.storage, index.name),
    stalenessOf(lake, index).catch(() => null),
  ]);
  return {
    ...index,
    rows: counts[0]?.rows ?? 0,
    chunks: counts[0]?.chunks ?? 0,
    sizeBytes: snapshot.sizeBytes,
    staleness,
    generation: pointer?.generation ?? null,
    recall: recallOf(lake, index, pointer?.generation),
    memoryBytes: pointer?.generation.backend === "hnsw" ? pointer.generation.sizeBytes : 0,
  };
}

function recallOf(lake: Lake, { name }: IndexDefinition, generation: Generation | undefined) {
  const told = recallWatchOf(lake).told(name);
  const live = told && told.generation === generation?.number ? told : undefined;
  return {
    measured: generation?.recall ?? null,
    live: live?.recall ?? null,
    compared: live?.compared ?? 0,
  };
}
