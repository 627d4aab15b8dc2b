import type { DuckDBConnection } from "@duckdb/node-api";
import type { Embedder } from "../embedders/embedder.ts";
import { type Refusal, refusalOf } from "../embedders/refusal.ts";
import { appendVectors, createVectorTable } from "../vector-appender.ts";
import type { TextBatch } from "./text-batches.ts";

/** Makes `embedded` (n, vector) and `refused` (n, reason), both empty. */
export async function createEmbedded(connection: DuckDBConnection, dimensions: number): Promise<void> {
  await createVectorTable(connection, "embedded", dimensions);
  await connection.run("create or replace temp table refused (n bigint, reason varchar)");
}

/** A SELECT of content_hash, vector and why the vector was refused, of the numbered contents that `numbered` selects. */
export function embeddedSql(numbered: string): string {
  return `select c.content_hash,
      case when r.reason is null then cast(e.vector as float[]) end as vector, r.reason
    from (${numbered}) c join embedded e using (n) left join refused r using (n)`;
}

/** Embeds numbered texts into the tables that `createEmbedded` made. */
export async function embedTexts(
  connection: DuckDBConnection,
  embedder: Embedder,
  { names, texts }: TextBatch,
  signal?: AbortSignal,
): Promise<void> {
  const vectors = await embedder.embed(texts, signal);
  const { dimensions } = embedder;
  const numbers = new Float32Array(texts.length * dimensions);
  const refused: { n: number; reason: Refusal }[] = [];
  const numberOf = (row: number) => Number(names[row]);
  for (let row = 0; row < texts.length; row++) {
    const vector = vectors[row] ?? new Float32Array();
    const reason = refusalOf(vector, dimensions);
    if (reason) refused.push({ n: numberOf(row), reason });
    else numbers.set(vector, row * dimensions);
  }
  await appendVectors(connection, "embedded", dimensions, { rows: texts.length, numberOf, numbers });
  if (refused.length === 0) return;
  const values = refused.map(({ n, reason }) => `(${n}, '${reason}')`);
  await connection.run(`insert into refused values ${values.join(", ")}`);
}
