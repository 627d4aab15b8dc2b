import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { openBenchLake, secondsOf } from "./bench-lake.ts";

export interface ConcurrencyCounts {
  readonly asked: number;
  /** Merges whose rows are in the table, each once. */
  readonly applied: number;
  readonly commits: number;
  readonly gaps: number;
  readonly failedProcesses: number;
  readonly seconds: number;
}

/** Several processes merge into one table at once, each its own row and one that it keeps changing. */
export async function measureConcurrency({ processes = 4, merges = 500 } = {}): Promise<ConcurrencyCounts> {
  await using bench = await openBenchLake();
  const table = bench.lake.table("bench.contended");
  await table.ensure({
    columns: [
      { name: "id", type: "string", nullable: false },
      { name: "n", type: "long", nullable: true },
    ],
  });

  let failedProcesses = 0;
  const seconds = await secondsOf(async () => {
    const ended = Array.from({ length: processes }, (_, writer) => runWriter(bench.dir, writer, merges));
    failedProcesses = (await Promise.all(ended)).filter((code) => code !== 0).length;
  });

  const snapshot = await table.snapshot();
  const duckdb = await bench.lake.duckdb();
  const [rows] = await duckdb.query(
    z.object({ applied: z.bigint() }),
    `select count(*) as applied from (${await snapshot.readSql()}) where id like 'done-%'`,
  );
  const versions = (await table.history()).map(({ version }) => version);
  return {
    asked: processes * merges,
    applied: Number(rows?.applied),
    commits: snapshot.version,
    gaps: snapshot.version + 1 - versions.length,
    failedProcesses,
    seconds,
  };
}

async function runWriter(dir: string, writer: number, merges: number): Promise<number> {
  const script = fileURLToPath(new URL("merging-writer.ts", import.meta.url));
  const args = ["--import", "tsx", script, dir, String(writer), String(merges)];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "inherit"] });
  const [code] = await once(child, "exit");
  return Number(code);
}
