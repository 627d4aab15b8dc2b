import { availableParallelism, loadavg, tmpdir, totalmem } from "node:os";
import { z } from "zod";
import { openDuckDB } from "../../data/sql/duckdb.ts";

/** The class of machine that figures came from; nothing that names it. */
export interface Machine {
  readonly cores: number;
  readonly memoryGib: number;
  readonly platform: string;
  readonly node: string;
  readonly duckdb: string;
  /** Processes that wanted a core when it began; above the number of cores the times are no good. */
  readonly loadAtStart: number;
  readonly date: string;
}

export async function describeMachine(): Promise<Machine> {
  using duckdb = await openDuckDB({ memoryBytes: 2 ** 26, threads: 1, tempDir: tmpdir() });
  const [row] = await duckdb.query(z.object({ version: z.string() }), "select version() as version");
  return {
    cores: availableParallelism(),
    memoryGib: Math.round(totalmem() / 1024 ** 3),
    platform: `${process.platform} ${process.arch}`,
    node: process.versions.node,
    duckdb: row?.version ?? "unknown",
    loadAtStart: Number((loadavg()[0] ?? 0).toFixed(1)),
    date: new Date().toISOString().slice(0, 10),
  };
}
