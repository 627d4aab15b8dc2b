import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openLake } from "../../data/open-lake.ts";
import { openFolder } from "../../data/storage/folder.ts";
import { openStorage } from "../../data/storage/open-storage.ts";
import type { Storage } from "../../data/storage/storage.ts";
import { temporaryFolder } from "../support/folder.ts";
import { startS3 } from "../support/s3.ts";
import { foreignTable, metaData, protocol } from "./delta/foreign-table.ts";

async function open(storage: Storage) {
  const tempDir = await temporaryFolder();
  return openLake({ storage, duckdb: { memoryBytes: 256 * 1024 ** 2, threads: 1, tempDir } });
}

async function bucket(endpoint: string, maxBytes = 10_000_000): Promise<Storage> {
  return openStorage("s3://lake/kept", {
    s3: { endpoint, region: "us-east-1", pathStyle: true, anonymous: false },
    cache: { dir: join(await temporaryFolder(), "cache"), maxBytes },
  });
}

test("the names of tables are found among everything else that is kept", async () => {
  const storage = openFolder(await temporaryFolder());
  await using lake = await open(storage);
  for (const key of ["silver/patient", "silver/encounter", "gold/patient_day", "bronze/landing/deeper"])
    await storage.put(`${key}/_delta_log/${"0".repeat(20)}.json`, "{}");
  for (const key of [
    "silver/patient/part.parquet",
    "silver/notes.txt",
    "bronze/files/a/b",
    "top",
    "Odd Name/x/_delta_log/0",
  ])
    await storage.put(key, "x");

  expect(await lake.tableNames()).toEqual(["gold.patient_day", "silver.encounter", "silver.patient"]);
});

test("a lake without tables has none, and a table that is not there does not exist", async () => {
  await using lake = await open(openFolder(join(await temporaryFolder(), "not yet")));

  expect(await lake.tableNames()).toEqual([]);
  expect(await lake.table("silver.patient").exists()).toBe(false);
});

test.each(["silver", "a.b.c", "Silver.Patient", "../etc.passwd", "silver.", "silver.pa tient"])(
  "%s names no table",
  async (name) => {
    await using lake = await open(openFolder(await temporaryFolder()));

    expect(() => lake.table(name as `${string}.${string}`)).toThrow(/is not a table's name/);
  },
);

test("a lake in a bucket lists and reads its tables through the cache", async () => {
  const foreign = await foreignTable();
  const add = await foreign.parquet("a part.parquet", "select range as id from range(100)");
  await foreign.commit(0, protocol, metaData({ id: "long" }), { add });
  const { endpoint } = await startS3();
  const storage = await bucket(endpoint);
  for await (const { key } of foreign.storage.list(""))
    await storage.put(`silver/patient/${key}`, await readFile(join(foreign.folder, key)));
  await using lake = await open(storage);

  const snapshot = await lake.table("silver.patient").snapshot();

  expect(await lake.tableNames()).toEqual(["silver.patient"]);
  expect(snapshot).toMatchObject({ version: 0, fileCount: 1 });
  expect(
    await foreign.query(`select count(*) as n, sum(id) as total from (${await snapshot.readSql()})`),
  ).toEqual([{ n: "100", total: "4950" }]);
});

test("a scan of more than the cache holds is refused by the setting's name", async () => {
  const { endpoint } = await startS3();
  const storage = await bucket(endpoint, 1_000);
  const add = {
    path: "large.parquet",
    partitionValues: {},
    size: 5_000,
    modificationTime: 1,
    dataChange: true,
  };
  const lines = [protocol, metaData({ id: "long" }), { add }].map((action) => JSON.stringify(action));
  await storage.put(`silver/patient/_delta_log/${"0".repeat(20)}.json`, lines.join("\n"));
  await using lake = await open(storage);
  const snapshot = await lake.table("silver.patient").snapshot();

  await expect(snapshot.readSql()).rejects.toThrow(/raise CACHE_BYTES/);
});
