import { openDuckDB, quote } from "../../sql/duckdb.ts";
import { builtIn } from "../embedders/built-in.ts";
import { createEmbedded, embeddedSql, embedTexts } from "./embed-texts.ts";
import { streamTexts } from "./text-batches.ts";

const MEMORY_BYTES = 256 * 1024 ** 2;

export interface EmbedOrder {
  /** Parquet of n, content_hash and text. */
  readonly from: string;
  /** The contents to take: from the first to before the last. */
  readonly range: { readonly first: number; readonly last: number };
  /** Becomes Parquet of content_hash, vector and reason. */
  readonly to: string;
  readonly tempDir: string;
}

/** Runs in a worker thread: embeds a range of texts with the built-in embedder. */
export async function work(
  { from, range, to, tempDir }: EmbedOrder,
  report: (progress: { stage: string; done: number; total: number; unit: string }) => void,
): Promise<{ embedded: number }> {
  using duckdb = await openDuckDB({ memoryBytes: MEMORY_BYTES, threads: 1, tempDir });
  const [reading, writing] = [await duckdb.connect(), await duckdb.connect()];
  const numbered = `select * from read_parquet(${quote(from)}) where n >= ${range.first} and n < ${range.last}`;
  await createEmbedded(writing, builtIn.dimensions);
  let embedded = 0;
  for await (const batch of streamTexts(reading, `select n, text from (${numbered})`)) {
    await embedTexts(writing, builtIn, batch);
    embedded += batch.texts.length;
    report({ stage: "embed", done: embedded, total: range.last - range.first, unit: "chunks" });
  }
  await writing.run(`copy (${embeddedSql(numbered)}) to ${quote(to)} (format parquet)`);
  reading.closeSync();
  writing.closeSync();
  return { embedded };
}
