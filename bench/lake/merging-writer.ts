import { join } from "node:path";
import { openLake } from "../../data/open-lake.ts";
import { openFolder } from "../../data/storage/folder.ts";

/** One of several processes that merge into one table: `merging-writer.ts <folder> <writer> <merges>`. */
const [dir = "", writer = "0", merges = "0"] = process.argv.slice(2);
await using lake = await openLake({
  storage: openFolder(join(dir, "lake")),
  duckdb: { memoryBytes: 256 * 1024 ** 2, threads: 1, tempDir: join(dir, `spill-${writer}`) },
});
const table = lake.table("bench.contended");
for (let n = 1; n <= Number(merges); n += 1) {
  await table.merge(
    { sql: `select * from (values ('done-${writer}-${n}', ${n}), ('last-${writer}', ${n})) v(id, n)` },
    { key: ["id"], txn: { appId: `writer-${writer}`, version: n } },
  );
}
