import type { BronzeBundle } from "../../data/clinical/bronze/bronze-bundle.ts";
import { batchesOf } from "../../data/clinical/bundle-file.ts";
import type { Lake } from "../../data/lake.ts";
import { quote } from "../../data/sql/duckdb.ts";
import { settleDisk } from "../harness/settle-disk.ts";
import { secondsOf } from "../lake/bench-lake.ts";

export type Chunks = readonly (readonly BronzeBundle[])[];

/**
 * The least that DuckDB must do with the files: read them, check them, and take their entries apart. Of two times the
 * better: in the first the engine is new.
 */
export async function measureFloor(lake: Lake, chunks: Chunks): Promise<number> {
  const batches = batchesOf(chunks.flat(), ({ size_bytes }) => size_bytes);
  await settleDisk();
  const once = () => secondsOf(() => sideBySide(batches, (batch) => readOnly(lake, batch)));
  return Math.min(await once(), await once());
}

/** Two at a time, as the pool takes them. */
export async function sideBySide<Item>(
  items: readonly Item[],
  work: (item: Item, index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < items.length; index = next++) {
      const item = items[index];
      if (item) await work(item, index);
    }
  };
  await Promise.all([worker(), worker()]);
}

export async function pathsOf(lake: Lake, chunk: readonly BronzeBundle[]): Promise<string[]> {
  return await Promise.all(chunk.map((bundle) => lake.storage.localPath(bundle.key)));
}

async function readOnly(lake: Lake, chunk: readonly BronzeBundle[]): Promise<void> {
  const connection = await (await lake.duckdb()).connect();
  const paths = (await pathsOf(lake, chunk)).map(quote).join(", ");
  await connection.run(`
    select count(*), count(entry) from (
      select unnest(from_json(content, '{"entry": ["JSON"]}').entry) as entry
      from read_text([${paths}]) where json_valid(content))`);
  connection.closeSync();
}

/** The sum of all tables' versions: it grows by one with every commit. */
export async function versions(lake: Lake): Promise<number> {
  const names = await lake.tableNames();
  const snapshots = await Promise.all(names.map((name) => lake.table(name).snapshot()));
  return snapshots.reduce((sum, snapshot) => sum + snapshot.version, 0);
}
