import {
  ARRAY,
  BIGINT,
  DuckDBArrayValue,
  type DuckDBConnection,
  DuckDBDataChunk,
  FLOAT,
} from "@duckdb/node-api";
import { identifier } from "../sql/duckdb.ts";

/** What DuckDB takes in one piece. */
const ROWS_AT_ONCE = 2_048;

export interface NumberedVectors {
  readonly rows: number;
  /** The number that names a row. */
  numberOf(row: number): number;
  /** All vectors, one after the other. */
  readonly numbers: Float32Array;
}

/** Makes an empty table of numbered vectors, `n` and `vector`. */
export async function createVectorTable(
  connection: DuckDBConnection,
  table: string,
  dimensions: number,
): Promise<void> {
  await connection.run(
    `create or replace temp table ${identifier(table)} (n bigint, vector float[${dimensions}])`,
  );
}

/** Adds vectors without making an object of each number; what lies in `numbers` is copied before this returns. */
export async function appendVectors(
  connection: DuckDBConnection,
  table: string,
  dimensions: number,
  { rows, numberOf, numbers }: NumberedVectors,
): Promise<void> {
  const appender = await connection.createAppender(table);
  try {
    for (let from = 0; from < rows; from += ROWS_AT_ONCE) {
      if (from > 0) await new Promise(setImmediate);
      const count = Math.min(ROWS_AT_ONCE, rows - from);
      const chunk = DuckDBDataChunk.create([BIGINT, ARRAY(FLOAT, dimensions)], count);
      const ns = chunk.getColumnVector(0);
      const vectors = chunk.getColumnVector(1);
      for (let i = 0; i < count; i++) {
        const start = (from + i) * dimensions;
        ns.setItem(i, BigInt(numberOf(from + i)));
        vectors.setItem(i, arrayOf(numbers.subarray(start, start + dimensions)));
      }
      ns.flush();
      vectors.flush();
      appender.appendDataChunk(chunk);
    }
    appender.flushSync();
  } finally {
    appender.closeSync();
  }
}

/** The value is read by position alone, so a typed array serves as the list of its items. */
function arrayOf(numbers: Float32Array): DuckDBArrayValue {
  return new DuckDBArrayValue(numbers as unknown as number[]);
}
