import { readFileSync } from "node:fs";
import { join } from "node:path";
import { openLake } from "../../../data/open-lake.ts";
import { openFolder } from "../../../data/storage/folder.ts";

/**
 * Has the engine fill a table, drop it and then need a little, for work on so many bytes: `node freeing-process.ts <dir>
 * <bytes>`. Prints how many MiB the process has then more than before.
 */
const [dir = "", bytes] = process.argv.slice(2);
const duckdb = { memoryBytes: 512 * 1024 ** 2, threads: 1, tempDir: join(dir, "spill") };
await using lake = await openLake({ storage: openFolder(join(dir, "lake")), duckdb });
const engine = await lake.duckdb();
await using _spared = await engine.spare(Number(bytes));
const little = "create or replace temp table little as select i from range(200000) r(i) group by i";
await engine.run(little);

const before = memoryOf("Rss");
await engine.run("create temp table large as select hash(i) as a, hash(i * 7) as b from range(8000000) r(i)");
await engine.run("drop table large");
await engine.run(little);
process.stdout.write(String(memoryOf("Rss") - before));

function memoryOf(field: string): number {
  const kilobytes = new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(
    readFileSync("/proc/self/smaps_rollup", "utf8"),
  );
  return Math.round(Number(kilobytes?.[1]) / 1024);
}
