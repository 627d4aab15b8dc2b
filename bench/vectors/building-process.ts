import { readFile, writeFile } from "node:fs/promises";
import { prepareRows } from "../../data/vectors/generations/prepare.ts";
import { buildTrial } from "../../workers/autotune/trial-build.ts";
import { setting } from "./build.ts";
import { inventIndex } from "./invented.ts";
import { quiet } from "./served.ts";

/** Builds one index and says by how many bytes the process grew at its most while it built. */
const [rows = 0, dimensions = 0] = process.argv.slice(2).map(Number);
await using bench = await inventIndex(rows, dimensions);
const prepared = await prepareRows(bench.lake, bench.definition);
const before = await rssOf("VmRSS");
await writeFile("/proc/self/clear_refs", "5");
await buildTrial(quiet, prepared, { setting });
process.stdout.write(String((await rssOf("VmHWM")) - before));

async function rssOf(line: "VmRSS" | "VmHWM"): Promise<number> {
  const status = await readFile("/proc/self/status", "utf8");
  return Number(new RegExp(`^${line}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]) * 1024;
}
