import type { DuckDBConnection } from "@duckdb/node-api";

/** Names of rows and their texts, as the engine hands them over. */
export interface TextBatch {
  readonly names: readonly unknown[];
  readonly texts: readonly string[];
}

/** Reads a SELECT of a name and a text bit by bit. Nothing else may run on the connection meanwhile. */
export async function* streamTexts(connection: DuckDBConnection, sql: string): AsyncGenerator<TextBatch> {
  const result = await connection.stream(sql);
  for (let rows = await result.fetchChunk(); rows?.rowCount; rows = await result.fetchChunk())
    yield { names: rows.getColumnValues(0), texts: rows.getColumnValues(1).map(String) };
}

/** Reads all of a small SELECT of a name and a text. */
export async function readTexts(connection: DuckDBConnection, sql: string): Promise<TextBatch> {
  const columns = (await connection.runAndReadAll(sql)).getColumns();
  return { names: columns[0] ?? [], texts: (columns[1] ?? []).map(String) };
}
