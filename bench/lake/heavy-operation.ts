import { join } from "node:path";
import { openLake } from "../../data/open-lake.ts";
import { openFolder } from "../../data/storage/folder.ts";
import { columns, rowsSql } from "./bench-lake.ts";

/** Runs one operation on a table and prints the most memory the process had, in bytes: `heavy-operation.ts <folder> <operation> <rows> <limit>`. */
const [dir = "", operation = "", count = "0", limit = "0"] = process.argv.slice(2);
const rows = Number(count);
await using lake = await openLake({
  storage: openFolder(join(dir, "lake")),
  duckdb: { memoryBytes: Number(limit), threads: 2, tempDir: join(dir, "spill") },
});
const table = lake.table("bench.large");
await table.ensure({ columns });

const operations: Readonly<Record<string, () => Promise<unknown>>> = {
  append: () => table.append({ sql: rowsSql(0, rows) }),
  merge: () => table.merge({ sql: rowsSql(rows / 2, (rows * 3) / 2, 1) }, { key: ["id"] }),
  optimize: () => table.optimize({ sortBy: "subject, taken_at" }),
  delete: () => table.delete("code = 'code-7'"),
  overwrite: () => table.overwrite({ sql: rowsSql(0, rows, 2) }),
};
await operations[operation]?.();
process.stdout.write(String(process.resourceUsage().maxRSS * 1024));
