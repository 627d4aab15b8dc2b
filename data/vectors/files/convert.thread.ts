import { join } from "node:path";
import { openDuckDB, quote } from "../../sql/duckdb.ts";
import { appendVectors, createVectorTable } from "../vector-appender.ts";
import { openFvecs } from "./fvecs.ts";
import { openNpy } from "./npy.ts";

const BLOCK_BYTES = 32 * 1024 ** 2;
const MEMORY_BYTES = 256 * 1024 ** 2;

export interface Conversion {
  readonly path: string;
  readonly format: "npy" | "fvecs";
  /** An empty folder for the Parquet files. */
  readonly dir: string;
}

export interface Converted {
  readonly files: readonly string[];
  readonly rows: number;
  readonly dimensions: number;
}

/** Runs in a worker thread: writes a file of vectors as Parquet files of `id` and `vector`, a block of rows at a time. */
export async function work(
  { path, format, dir }: Conversion,
  report: (progress: { stage: string; done: number; total: number; unit: string }) => void,
): Promise<Converted> {
  await using file = await (format === "npy" ? openNpy(path) : openFvecs(path));
  using duckdb = await openDuckDB({ memoryBytes: MEMORY_BYTES, threads: 1, tempDir: dir });
  const connection = await duckdb.connect();
  const files: string[] = [];
  let done = 0;
  for await (const { rows, numbers } of file.blocks(BLOCK_BYTES)) {
    const first = done;
    await createVectorTable(connection, "block", file.dimensions);
    await appendVectors(connection, "block", file.dimensions, {
      rows,
      numberOf: (row) => first + row,
      numbers,
    });
    const target = join(dir, `part-${String(files.length).padStart(6, "0")}.parquet`);
    await connection.run(
      `copy (select n as id, vector::float[] as vector from block) to ${quote(target)} (format parquet)`,
    );
    files.push(target);
    done += rows;
    report({ stage: "read", done, total: file.rows, unit: "vectors" });
  }
  connection.closeSync();
  return { files, rows: done, dimensions: file.dimensions };
}
