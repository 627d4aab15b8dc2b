import type { DuckDBConnection } from "@duckdb/node-api";
import { identifier } from "../../sql/duckdb.ts";
import { type ChunkSize, chunkText } from "../chunk.ts";
import { redactText } from "../redaction.ts";
import type { TextBatch } from "./text-batches.ts";

export interface Chunking extends ChunkSize {
  readonly redact: boolean;
}

/** A few rows at a time, for whoever shares this thread. */
const ROWS_AT_ONCE = 16;

export async function createPieces(connection: DuckDBConnection, table: string): Promise<void> {
  await connection.run(
    `create or replace temp table ${identifier(table)} (id varchar, chunk integer, text varchar)`,
  );
}

/** Cuts texts into rows of a table that `createPieces` made. */
export async function chunkRows(
  connection: DuckDBConnection,
  table: string,
  { names, texts }: TextBatch,
  { redact, ...size }: Chunking,
): Promise<void> {
  const appender = await connection.createAppender(table);
  try {
    for (const [row, text] of texts.entries()) {
      if (row % ROWS_AT_ONCE === 0) await new Promise(setImmediate);
      for (const [number, chunk] of chunkText(redact ? redactText(text) : text, size).entries()) {
        appender.appendVarchar(String(names[row]));
        appender.appendInteger(number);
        appender.appendVarchar(chunk.text);
        appender.endRow();
      }
    }
    appender.flushSync();
  } finally {
    appender.closeSync();
  }
}
