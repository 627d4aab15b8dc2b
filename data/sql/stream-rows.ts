import { type DuckDBConnection, type DuckDBDataChunk, ResultReturnType } from "@duckdb/node-api";
import type { QueryColumn } from "./run-query.ts";

/** Rows on their way: the columns are known, the rows come in chunks. */
export interface RowStream {
  readonly columns: readonly QueryColumn[];
  chunks(): AsyncGenerator<DuckDBDataChunk>;
}

/** Runs a SELECT of our own and hands on its rows as the engine makes them. */
export async function streamRows(connection: DuckDBConnection, sql: string): Promise<RowStream> {
  const result = await connection.stream(sql);
  const names = result.deduplicatedColumnNames();
  return {
    columns: result.columnTypes().map((type, index) => ({ name: names[index] ?? "", type })),
    async *chunks() {
      for (let chunk = await result.fetchChunk(); chunk?.rowCount; chunk = await result.fetchChunk())
        yield chunk;
      // A stream that fails half-way ends as if it were complete, but for this.
      if (result.returnType === ResultReturnType.INVALID) {
        throw new Error("Reading stopped half-way: a file is damaged, or the memory did not suffice.");
      }
    },
  };
}
