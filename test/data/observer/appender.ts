import { appendOldest } from "../../../data/observer/append-batches.ts";
import { openLake } from "../../../data/open-lake.ts";
import { openFolder } from "../../../data/storage/folder.ts";

/** `appender.ts <folder> <spill> [deletions]`: takes in all that waits; or says so after its nth deletion, and goes no further. */
const [dir = "", tempDir = "", deletions] = process.argv.slice(2);
const folder = openFolder(dir);
let left = Number(deletions ?? Number.POSITIVE_INFINITY);

await using lake = await openLake({
  storage: {
    ...folder,
    async delete(key) {
      await folder.delete(key);
      left -= 1;
      if (left > 0) return;
      process.stdout.write("deleted\n");
      await new Promise(() => setInterval(() => undefined, 1_000));
    },
  },
  duckdb: { memoryBytes: 256 * 1024 ** 2, threads: 2, tempDir },
});
while (await appendOldest(lake));
