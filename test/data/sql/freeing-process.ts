import { readFileSync } from "node:fs";
import { join } from "node:path";
import { openLake } from "../../../data/open-lake.ts";
import { openFolder } from "../../../data/storage/folder.ts";

/**
 * Has the engine fill a table, drop it and then need a little: `node freeing-process.ts <dir> [<threshold>]`. Prints how
 * many MiB the process has then more than before, and what its allocator was told.
 */
const [dir = "", threshold] = process.argv.slice(2);
const duckdb = { memoryBytes: 512 * 1024 ** 2, threads: 1, tempDir: join(dir, "spill") };
await using lake = await openLake({ storage: openFolder(join(dir, "lake")), duckdb });
const engine = await lake.duckdb();
if (threshold) await engine.run(`set allocator_bulk_deallocation_flush_threshold = '${threshold}'`);
const little = "create or replace temp table little as select i from range(200000) r(i) group by i";
await engine.run(little);

const before = memoryOf("Rss");
await engine.run("create temp table large as select hash(i) as a, hash(i * 7) as b from range(8000000) r(i)");
await engine.run("drop table large");
await engine.run(little);
const more = memoryOf("Rss") - before;
// biome-ignore lint/style/noProcessEnv: what the engine's library was told stands nowhere else.
const allocator = process.env.DUCKDB_JE_MALLOC_CONF;
process.stdout.write(JSON.stringify({ more, allocator }));

function memoryOf(field: string): number {
  const kilobytes = new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(
    readFileSync("/proc/self/smaps_rollup", "utf8"),
  );
  return Math.round(Number(kilobytes?.[1]) / 1024);
}
