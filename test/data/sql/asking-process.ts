import { join } from "node:path";
import { openLake } from "../../../data/open-lake.ts";
import { askWalled } from "../../../data/sql/wall/ask.ts";
import { openFolder } from "../../../data/storage/folder.ts";

/** Asks a query that works for hours, in a process that a test kills: `node asking-process.ts <dir>`. */
const [dir = ""] = process.argv.slice(2);
const duckdb = { memoryBytes: 128 * 1024 ** 2, threads: 1, tempDir: join(dir, "sql") };
const lake = await openLake({ storage: openFolder(join(dir, "lake")), duckdb });
const sql = "select levenshtein(repeat('a', 400000), repeat('b', 400000))";
await askWalled(lake, { sql }, { ...duckdb, timeoutMs: 600_000, maxRows: 1 });
