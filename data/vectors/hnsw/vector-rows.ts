import { DuckDBArrayValue, type DuckDBValue } from "@duckdb/node-api";
import { DataError } from "../../errors.ts";
import { openDuckDB } from "../../sql/duckdb.ts";
import { streamRows } from "../../sql/stream-rows.ts";
import { collectGarbage } from "./collect-garbage.ts";

/** A batch of rows as the engine hands them over, some two thousand. */
export interface VectorBatch {
  readonly ids: readonly string[];
  readonly chunks: readonly number[];
  /** The vector of one of them, made when asked for. */
  vector(at: number): readonly number[];
}

export interface VectorSource {
  /** A SELECT of id, chunk and vector. */
  readonly sql: string;
  /** A condition over these columns for rows to leave out. As a part of `sql` it would copy the vectors of the others. */
  readonly except?: string;
  readonly dimensions: number;
  /** For the small engine of this reading. */
  readonly tempDir: string;
  readonly memoryBytes?: number;
}

/**
 * Our own files need a tenth of it, for they have small groups of rows. One of another hand, or of an earlier version, may hold all its
 * vectors in one group, of which pages of up to 100 MB are in memory packed and unpacked.
 */
const MEMORY_BYTES = 512 * 1024 ** 2;

/** Reads vectors with an engine of its own, in the order of the files, so that one seed makes one graph. */
export async function* vectorBatches({
  sql,
  except = "false",
  dimensions,
  tempDir,
  memoryBytes = MEMORY_BYTES,
}: VectorSource): AsyncGenerator<VectorBatch> {
  using engine = await openDuckDB({ memoryBytes, threads: 1, tempDir });
  const connection = await engine.connect();
  try {
    await connection.run("set preserve_insertion_order = true");
    const { chunks } = await streamRows(
      connection,
      // Lists take the next power of two of their numbers in memory, arrays what they hold.
      `select id, chunk, try_cast(vector as float[${dimensions}]), ${except}, len(vector) from (${sql})`,
    );
    for await (const chunk of chunks()) {
      // The engine's memory of the chunk before, megabytes, is given back when its small object is collected.
      collectGarbage();
      const [ids, numbers, vectors, isLeftOut, lengths] = [0, 1, 2, 3, 4].map((column) =>
        chunk.getColumnVector(column),
      );
      const rows = Array.from({ length: chunk.rowCount }, (_, row) => row).filter(
        (row) => !isLeftOut?.getItem(row),
      );
      yield {
        ids: rows.map((row) => String(ids?.getItem(row))),
        chunks: rows.map((row) => Number(numbers?.getItem(row))),
        vector(at) {
          const row = rows[at] ?? -1;
          const length = lengths?.getItem(row);
          if (length !== null && Number(length) !== dimensions) throw wrongLength(length, dimensions);
          return numbersOf(vectors?.getItem(row));
        },
      };
    }
  } finally {
    connection.closeSync();
  }
}

/** The rows that a source leaves out. */
export function leftOutOf(source: VectorSource): VectorSource {
  const { sql, except = "false" } = source;
  return { ...source, sql: `select * from (${sql}) where ${except}`, except: "false" };
}

function wrongLength(length: DuckDBValue | undefined, dimensions: number): DataError {
  return new DataError(
    `A vector of the table has ${length} numbers, and its index ${dimensions}: refresh the index.`,
  );
}

/** Zero, NaN and wrong sizes are refused where vectors are made; a table written by another hand is checked here. */
function numbersOf(value: DuckDBValue | undefined): readonly number[] {
  if (!(value instanceof DuckDBArrayValue)) throw new DataError("A row of the vectors' table has no vector.");
  const numbers = value.items as number[];
  let sum = 0;
  for (const x of numbers) sum += x * x;
  if (Number.isFinite(sum) && sum > 0) return numbers;
  throw new DataError("A vector of the table is zero or not of finite numbers: refresh the index.");
}
