import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const MIB = 1024 ** 2;
const run = promisify(execFile);

/** By operation: the most memory its process had above DuckDB's limit, in MiB. At most 300. */
export async function measureMemory({
  rows = 20_000_000,
  limitBytes = 512 * MIB,
} = {}): Promise<Readonly<Record<string, number>>> {
  const dir = await mkdtemp(join(tmpdir(), "bench-memory-"));
  const script = fileURLToPath(new URL("heavy-operation.ts", import.meta.url));
  const above: Record<string, number> = {};
  try {
    for (const operation of ["append", "merge", "delete", "optimize", "overwrite"]) {
      const args = ["--import", "tsx", script, dir, operation, String(rows), String(limitBytes)];
      const { stdout } = await run(process.execPath, args);
      above[operation] = Math.round((Number(stdout) - limitBytes) / MIB);
    }
    return above;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
