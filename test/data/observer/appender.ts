import { join } from "node:path";
import { appendOldest } from "../../../data/observer/append-batches.ts";
import { openLake } from "../../../data/open-lake.ts";
import { openFolder } from "../../../data/storage/folder.ts";

const [dir = ""] = process.argv.slice(2);

await using lake = await openLake({
  storage: openFolder(join(dir, "lake")),
  duckdb: { memoryBytes: 256 * 1024 ** 2, threads: 2, tempDir: join(dir, `spill-${process.pid}`) },
});
while (await appendOldest(lake));
