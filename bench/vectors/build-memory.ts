import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { setting } from "./build.ts";

const run = promisify(execFile);
const FLOAT_BYTES = 4;
const LINK_BYTES = 4;
/** A row's own number and the count of its links. */
const ROW_BYTES = 8 + LINK_BYTES;

/** By how much a process of its own grows while it builds, beside what the vectors and the graph's lowest level must take. */
export async function measureBuildMemory({ rows, dimensions = 768 }: { rows: number; dimensions?: number }) {
  const script = fileURLToPath(new URL("./building-process.ts", import.meta.url));
  const args = ["--import", "tsx", script, String(rows), String(dimensions)];
  const { stdout } = await run(process.execPath, args);
  const needed = rows * (dimensions * FLOAT_BYTES + 2 * setting.m * LINK_BYTES + ROW_BYTES);
  return { grownToNeeded: Number(stdout) / needed, grownMib: Number(stdout) / 1024 ** 2 };
}
