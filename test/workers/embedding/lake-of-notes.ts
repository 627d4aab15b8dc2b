import { z } from "zod";
import type { Lake } from "../../../data/lake.ts";
import { quote } from "../../../data/sql/duckdb.ts";
import { defineIndex, type NewIndex } from "../../../data/vectors/define-index.ts";
import type { ModelServer } from "../../../data/vectors/embedders/ollama.ts";
import { openEmbedder } from "../../../data/vectors/embedders/open-embedder.ts";
import { createIndex } from "../../../data/vectors/indexes.ts";
import { enqueue } from "../../../queues/enqueue.ts";
import { findJob } from "../../../queues/jobs.ts";
import { untilEnded } from "../../../queues/watch.ts";
import type { Services } from "../../../workers/define-job.ts";
import { embeddingRefresh } from "../../../workers/embedding/embedding-refresh/job.ts";

export const notes = "corpus.notes";

export interface Note {
  readonly id: string;
  readonly note: string | null;
}

/** Makes these notes the rows of the table, by id; notes that are not named stay. */
export async function writeNotes(lake: Lake, rows: readonly Note[]): Promise<void> {
  const values = rows.map(({ id, note }) => `(${quote(id)}, ${note === null ? "null" : quote(note)}, 0)`);
  await writeRows(lake, `select * from (values ${values.join(", ")}) t(id, note, visits)`);
}

export async function writeRows(lake: Lake, sql: string): Promise<void> {
  const table = lake.table(notes);
  await table.ensure({
    columns: [
      { name: "id", type: "string", nullable: true },
      { name: "note", type: "string", nullable: true },
      { name: "visits", type: "integer", nullable: true },
    ],
    properties: { "delta.enableChangeDataFeed": "true" },
  });
  await table.merge({ sql }, { key: ["id"] });
}

export async function createNotesIndex(
  lake: Lake,
  options: Partial<NewIndex> & {
    embedder?: string;
    server?: ModelServer;
    chunkSize?: number;
    overlap?: number;
    redact?: boolean;
  } = {},
) {
  const { embedder = "built-in", server, chunkSize = 200, overlap = 20, redact = false, ...rest } = options;
  const request = {
    name: "notes",
    table: notes,
    idColumn: "id",
    content: { kind: "text", column: "note", embedder, chunkSize, overlap, redact },
    metric: "cosine",
    backend: "hnsw",
    targetRecall: 0.99,
    ...rest,
  } satisfies NewIndex;
  return createIndex(lake, await defineIndex(lake, request, (name) => openEmbedder(name, { server })));
}

/** What a refresh says that it did; the result of a failed one is its error. */
export const Outcome = z.object({
  rows: z.object({
    new: z.number(),
    changed: z.number(),
    deleted: z.number(),
    unchanged: z.number(),
    empty: z.number(),
  }),
  chunks: z.object({ embedded: z.number(), cached: z.number(), refused: z.number() }),
  outcome: z.string(),
  refused: z
    .object({ chunks: z.number(), reasons: z.record(z.string(), z.number()), rows: z.array(z.string()) })
    .optional(),
});

export async function refresh({ queues }: Services, index = "notes") {
  const { id } = await enqueue(queues, embeddingRefresh, { index });
  const job = await untilEnded(queues, id);
  if (job.state !== "completed") throw new Error((await findJob(queues, id))?.error ?? "The refresh failed");
  return Outcome.parse(job.output);
}

/** The chunks of an index with the length of their vectors, by row and chunk. */
export async function vectorsOf(lake: Lake, index = "notes") {
  const sql = await (await lake.table(`vectors.${index}`).snapshot()).readSql();
  return (await lake.duckdb()).query(
    z.object({ id: z.string(), chunk: z.number(), text: z.string().nullable(), size: z.coerce.number() }),
    `select id, chunk, text, len(vector) as size from (${sql}) order by id, chunk`,
  );
}

/** The content of the table as one text that knows no order. */
export async function fingerprint(lake: Lake, index = "notes"): Promise<string> {
  const sql = await (await lake.table(`vectors.${index}`).snapshot()).readSql();
  const [row] = await (await lake.duckdb()).query(
    z.object({ print: z.string() }),
    `select count(*) || ':' || coalesce(bit_xor(hash(id, chunk, text, vector, content_hash, model)), 0) as print from (${sql})`,
  );
  return row?.print ?? "";
}
