import { DuckDBListValue } from "@duckdb/node-api";
import { DataError } from "../../errors.ts";
import { openDuckDB } from "../../sql/duckdb.ts";

/** A batch of rows as the engine hands them over, some two thousand. */
export interface VectorBatch {
  readonly ids: readonly string[];
  readonly chunks: readonly number[];
  readonly vectors: readonly (readonly number[])[];
}

export interface VectorSource {
  /** A SELECT of id, chunk and vector. */
  readonly sql: string;
  readonly dimensions: number;
  /** For the small engine of this reading. */
  readonly tempDir: string;
}

/** A group of rows of a Parquet file may hold a hundred thousand vectors, and is taken apart in memory. */
const MEMORY_BYTES = 1024 ** 3;

/** Reads vectors with an engine of its own, in the order of the files, so that one seed makes one graph. */
export async function* vectorBatches({
  sql,
  dimensions,
  tempDir,
}: VectorSource): AsyncGenerator<VectorBatch> {
  using engine = await openDuckDB({ memoryBytes: MEMORY_BYTES, threads: 1, tempDir });
  const connection = await engine.connect();
  try {
    await connection.run("set preserve_insertion_order = true");
    const result = await connection.stream(sql);
    for (let chunk = await result.fetchChunk(); chunk?.rowCount; chunk = await result.fetchChunk()) {
      yield {
        ids: chunk.getColumnValues(0).map(String),
        chunks: chunk.getColumnValues(1).map(Number),
        vectors: chunk.getColumnValues(2).map((value) => numbersOf(value, dimensions)),
      };
    }
  } finally {
    connection.closeSync();
  }
}

/** Zero, NaN and wrong sizes are refused where vectors are made; a table written by another hand is checked here. */
export function numbersOf(value: unknown, dimensions: number): number[] {
  if (!(value instanceof DuckDBListValue)) throw new DataError("A row of the vectors' table has no vector.");
  const numbers = value.items as number[];
  if (numbers.length !== dimensions)
    throw new DataError(
      `A vector of the table has ${numbers.length} numbers, and its index ${dimensions}: refresh the index.`,
    );
  let sum = 0;
  for (const x of numbers) sum += x * x;
  if (Number.isFinite(sum) && sum > 0) return numbers;
  throw new DataError("A vector of the table is zero or not of finite numbers: refresh the index.");
}
