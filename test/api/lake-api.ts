import { join } from "node:path";
import type { Lake } from "../../data/lake.ts";
import { openLake } from "../../data/open-lake.ts";
import { openFolder } from "../../data/storage/folder.ts";
import { test as base } from "./api.ts";

/** `test` with the tables of the API's own lake. */
export const test = base.extend<{ lake: Lake }>({
  lake: async ({ dir }, use) => {
    const duckdb = { memoryBytes: 256 * 1024 ** 2, threads: 2, tempDir: join(dir, "spill") };
    await using lake = await openLake({ storage: openFolder(join(dir, "lake")), duckdb });
    await use(lake);
  },
});
