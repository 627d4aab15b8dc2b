import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { openLake } from "../../../data/open-lake.ts";
import { openFolder } from "../../../data/storage/folder.ts";
import type { Storage } from "../../../data/storage/storage.ts";

/** `merging-process.ts <folder> <writer> <writers> <merges> <guarded|unguarded>`: says it is ready, and merges when told. */
const [dir = "", writer = "", writers = "", merges = "", guard = ""] = process.argv.slice(2);
const folder = openFolder(join(dir, "lake"));
await using lake = await openLake({
  storage: guard === "unguarded" ? withoutConditionalCreate(folder) : folder,
  duckdb: { memoryBytes: 256 * 1024 ** 2, threads: 1, tempDir: join(dir, `spill-${writer}`) },
});
const table = lake.table("test.contended");

process.stdout.write("ready\n");
await once(process.stdin, "data");
process.stdin.destroy();
for (let n = 1; n <= Number(merges); n += 1) {
  const rows = `select * from (values ('done-${writer}-${n}', ${n}), ('last-${writer}', ${n})) v(id, n)`;
  await table.merge({ sql: rows }, { key: ["id"], txn: { appId: `writer-${writer}`, version: n } });
}

/** What a store without the one atomic decision does: the later write wins. */
function withoutConditionalCreate(storage: Storage): Storage {
  return {
    ...storage,
    async putIfAbsent(key, body) {
      if (await storage.stat(key)) return false;
      await allHaveAsked();
      await storage.put(key, body);
      return true;
    },
  };
}

/** Every writer finds the first version free before any of them writes it. */
async function allHaveAsked(): Promise<void> {
  const asked = (who: number | string) => join(dir, `asked-${who}`);
  writeFileSync(asked(writer), "");
  const everybody = Array.from({ length: Number(writers) }, (_, who) => asked(who));
  while (!everybody.every((file) => existsSync(file))) await setTimeout(5);
}
