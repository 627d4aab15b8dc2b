import { openDuckDB, quote } from "../../sql/duckdb.ts";
import { type Chunking, chunkRows, createPieces } from "./chunk-rows.ts";
import { streamTexts } from "./text-batches.ts";

const MEMORY_BYTES = 256 * 1024 ** 2;

export interface ChunkOrder {
  /** Parquet of id and content. */
  readonly from: string;
  /** Becomes Parquet of id, chunk and text. */
  readonly to: string;
  readonly chunking: Chunking;
  readonly tempDir: string;
}

/** Runs in a worker thread. */
export async function work({ from, to, chunking, tempDir }: ChunkOrder): Promise<{ done: true }> {
  using duckdb = await openDuckDB({ memoryBytes: MEMORY_BYTES, threads: 1, tempDir });
  const [reading, writing] = [await duckdb.connect(), await duckdb.connect()];
  await createPieces(writing, "pieces");
  for await (const batch of streamTexts(reading, `select id, content from read_parquet(${quote(from)})`))
    await chunkRows(writing, "pieces", batch, chunking);
  await writing.run(`copy pieces to ${quote(to)} (format parquet)`);
  reading.closeSync();
  writing.closeSync();
  return { done: true };
}
