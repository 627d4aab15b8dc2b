import { join } from "node:path";
import { openLake } from "../../../data/open-lake.ts";
import { openFolder } from "../../../data/storage/folder.ts";
import { buildIndex } from "./built.ts";

/** Builds the index of the lake in a folder, and prints what came of it. */
const [dir = ""] = process.argv.slice(2);
await using lake = await openLake({
  storage: openFolder(join(dir, "lake")),
  duckdb: { memoryBytes: 2 ** 28, threads: 1, tempDir: join(dir, "spill-of-build") },
});
const came = await buildIndex(lake).catch((error: unknown) => ({ error: String(error) }));
process.stdout.write(JSON.stringify(came));
