import type { DuckDBConnection } from "@duckdb/node-api";
import { z } from "zod";
import { queryRows } from "../sql/duckdb.ts";

const SAMPLE_MS = 100;

export interface Measured {
  readonly seconds: number;
  /** The most memory the process held while the step ran. */
  readonly peakRssBytes: number;
}

/** Runs a step and tells what it took. */
export async function measured<T>(step: () => Promise<T>): Promise<{ result: T; took: Measured }> {
  let peakRssBytes = process.memoryUsage.rss();
  const sampler = setInterval(() => {
    peakRssBytes = Math.max(peakRssBytes, process.memoryUsage.rss());
  }, SAMPLE_MS).unref();
  const started = performance.now();
  try {
    const result = await step();
    const took = { seconds: (performance.now() - started) / 1_000, peakRssBytes };
    return { result, took };
  } finally {
    clearInterval(sampler);
  }
}

const Size = z.tuple([z.coerce.number(), z.enum(["bytes", "KiB", "MiB", "GiB", "TiB"])]);
const powers = { bytes: 0, KiB: 1, MiB: 2, GiB: 3, TiB: 4 };

/** What DuckDB may hold in memory; it tells in words. */
export async function memoryLimitBytes(connection: DuckDBConnection): Promise<number> {
  const [row] = await queryRows(
    connection,
    z.object({ words: z.string() }),
    "select current_setting('memory_limit') as words",
  );
  const [amount, unit] = Size.parse(row?.words.split(" "));
  return Math.round(amount * 1024 ** powers[unit]);
}
