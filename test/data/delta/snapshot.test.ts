import { rm, utimes } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  CorruptLogError,
  LogGapError,
  TableNotFoundError,
  UnsupportedFeatureError,
  VersionNotFoundError,
} from "../../../data/delta/errors.ts";
import { type ForeignTable, features, foreignTable, metaData, protocol } from "./foreign-table.ts";

const version = (n: number) => String(n).padStart(20, "0");

/** A version for each value: version 0 has the row 0, each later one adds its own. */
async function grownTable(versions: number): Promise<ForeignTable> {
  const foreign = await foreignTable();
  for (let n = 0; n < versions; n += 1) {
    const add = await foreign.parquet(`part-${n}.parquet`, `select ${n}::bigint as id`);
    await foreign.commit(n, { commitInfo: {} }, ...(n === 0 ? [protocol, metaData({ id: "long" })] : []), {
      add,
    });
  }
  return foreign;
}

const ids = async (foreign: ForeignTable, at = {}) => {
  const sql = await (await foreign.fresh().snapshot(at)).readSql();
  return (await foreign.query(`select id from (${sql}) order by id`)).map(({ id }) => Number(id));
};

describe("the log", () => {
  test("a snapshot is the log replayed up to its version", async () => {
    const foreign = await grownTable(4);
    await foreign.commit(4, { remove: { path: "part-1.parquet", deletionTimestamp: 1, dataChange: true } });

    expect(await ids(foreign)).toEqual([0, 2, 3]);
    expect(await ids(foreign, { version: 2 })).toEqual([0, 1, 2]);
    expect(await foreign.table.snapshot()).toMatchObject({ version: 4, fileCount: 3, id: "a-table" });
  });

  test("a snapshot counts its rows by the statistics, where every file has them", async () => {
    const foreign = await grownTable(1);
    expect((await foreign.table.snapshot()).rowCount()).toBeUndefined();

    const add = await foreign.parquet("part-0.parquet", "select 7::bigint as id");
    await foreign.commit(1, { add: { ...add, stats: JSON.stringify({ numRecords: 1 }) } });
    expect((await foreign.table.snapshot()).rowCount()).toBe(1);
  });

  test("what a commit removes goes before what it adds, in whatever order it says them", async () => {
    const foreign = await grownTable(1);
    const add = await foreign.parquet("part-0.parquet", "select 7::bigint as id");
    await foreign.commit(1, { add }, { remove: { path: "part-0.parquet", dataChange: true } });

    expect(await ids(foreign)).toEqual([7]);
  });

  test("a later metaData, protocol and txn take the place of earlier ones", async () => {
    const foreign = await grownTable(1);
    await foreign.commit(1, { txn: { appId: "a", version: 4 } }, { txn: { appId: "b", version: 1 } });
    await foreign.commit(2, { txn: { appId: "a", version: 5 } }, metaData({ id: "long", more: "string" }));

    const { txns, columns } = await foreign.table.snapshot();

    expect(Object.fromEntries(txns)).toEqual({ a: 5, b: 1 });
    expect(columns.map(({ name }) => name)).toEqual(["id", "more"]);
  });

  test("a missing commit is a gap with its name, and the versions before it can be read", async () => {
    const foreign = await grownTable(5);
    await rm(join(foreign.folder, `_delta_log/${version(3)}.json`));

    await expect(foreign.fresh().snapshot()).rejects.toThrow(LogGapError);
    await expect(foreign.fresh().snapshot()).rejects.toThrow(/0003\.json is missing/);
  });

  test("a log without its beginning is a gap", async () => {
    const foreign = await grownTable(3);
    await rm(join(foreign.folder, `_delta_log/${version(0)}.json`));

    await expect(foreign.fresh().snapshot()).rejects.toThrow(LogGapError);
  });

  test.each([
    ["cut", '{"add":{"path":"x"', /line 1 of .*0001\.json is not JSON/],
    ["empty", "", /0001\.json is empty/],
  ])("a commit that is %s is named", async (_, content, message) => {
    const foreign = await grownTable(3);
    await foreign.write(`_delta_log/${version(1)}.json`, content);

    await expect(foreign.fresh().snapshot()).rejects.toThrow(CorruptLogError);
    await expect(foreign.fresh().snapshot()).rejects.toThrow(message);
  });

  test("a folder without a log is no table", async () => {
    const foreign = await foreignTable();

    await expect(foreign.table.snapshot()).rejects.toThrow(TableNotFoundError);
    expect(await foreign.table.exists()).toBe(false);
  });

  test("a log without protocol or metaData is corrupt", async () => {
    const foreign = await foreignTable();
    await foreign.commit(0, protocol);
    await expect(foreign.fresh().snapshot()).rejects.toThrow(/no metaData/);
    await foreign.commit(0, metaData({ id: "long" }));
    await expect(foreign.fresh().snapshot()).rejects.toThrow(/no protocol/);
  });

  test.each([-1, 3, 1.5])("version %d of three is not there", async (asked) => {
    const foreign = await grownTable(3);

    await expect(foreign.table.snapshot({ version: asked })).rejects.toThrow(VersionNotFoundError);
  });
});

describe("a cached snapshot", () => {
  test("goes on with the commits made since and leaves the older one as it was", async () => {
    const foreign = await grownTable(2);
    const before = await foreign.table.snapshot();
    const add = await foreign.parquet("new.parquet", "select 9::bigint as id");
    await foreign.commit(2, { add });
    await foreign.commit(3, { remove: { path: "part-0.parquet", dataChange: true } });

    const after = await foreign.table.snapshot();

    expect(after).toMatchObject({ version: 3, fileCount: 2 });
    expect(before).toMatchObject({ version: 1, fileCount: 2 });
    expect(await foreign.query(`from (${await before.readSql()}) order by all`)).toHaveLength(2);
    expect((await foreign.rows()).map(({ id }) => id)).toEqual(["1", "9"]);
  });

  test("is given up when another table lies in its place", async () => {
    const foreign = await grownTable(3);
    await foreign.table.snapshot();
    await rm(foreign.folder, { recursive: true });
    await foreign.commit(0, protocol, metaData({ other: "string" }));

    expect(await foreign.table.snapshot()).toMatchObject({ version: 0, fileCount: 0 });
  });
});

describe("features", () => {
  test.each(["columnMapping", "deletionVectors", "timestampNtz", "v2Checkpoint"])(
    "%s is read",
    async (feature) => {
      const foreign = await foreignTable();
      await foreign.commit(0, features(feature), metaData({ id: "long" }));

      expect(await foreign.rows()).toEqual([]);
    },
  );

  test.each([
    [features("deletionVectors", "variantType", "typeWidening"), /variantType, typeWidening/],
    [{ protocol: { minReaderVersion: 4, minWriterVersion: 7 } }, /reader version 4/],
  ])("%j is refused by name", async (protocolAction, message) => {
    const foreign = await foreignTable();
    await foreign.commit(0, protocolAction, metaData({ id: "long" }));

    await expect(foreign.table.snapshot()).rejects.toThrow(UnsupportedFeatureError);
    await expect(foreign.table.snapshot()).rejects.toThrow(message);
  });

  test("a type that is not known is refused with its column", async () => {
    const foreign = await foreignTable();
    await foreign.commit(0, protocol, metaData({ id: "long", shape: "geometry" }));

    await expect(foreign.table.snapshot()).rejects.toThrow(/column shape has the type geometry/);
  });
});

describe("times", () => {
  const at = (text: string) => new Date(`2024-01-01T${text}Z`);
  const setTime = (foreign: ForeignTable, n: number, time: Date) =>
    utimes(join(foreign.folder, `_delta_log/${version(n)}.json`), time, time);

  test("the newest version of a time is found by the times of the files", async () => {
    const foreign = await grownTable(4);
    for (const [n, time] of ["10:00:00", "11:00:00", "12:00:00", "13:00:00"].entries())
      await setTime(foreign, n, at(time));
    const versionAt = async (text: string) =>
      (await foreign.fresh().snapshot({ timestamp: at(text) })).version;

    expect(await versionAt("10:00:00")).toBe(0);
    expect(await versionAt("11:59:59.999")).toBe(1);
    expect(await versionAt("12:00:00")).toBe(2);
    expect(await versionAt("23:00:00")).toBe(3);
    expect((await foreign.table.snapshot({ version: 2 })).timestamp).toEqual(at("12:00:00"));
    await expect(versionAt("09:00:00")).rejects.toThrow(VersionNotFoundError);
  });

  test("a file older than the one before it counts as a millisecond later", async () => {
    const foreign = await grownTable(3);
    for (const [n, time] of ["10:00:00", "09:00:00", "11:00:00"].entries())
      await setTime(foreign, n, at(time));

    expect(await foreign.table.snapshot({ timestamp: at("10:00:00") })).toMatchObject({ version: 0 });
    expect(await foreign.table.snapshot({ timestamp: at("10:00:00.001") })).toMatchObject({ version: 1 });
  });

  test("commits that carry their own time are found by it, those before by their files", async () => {
    const foreign = await grownTable(2);
    const own = (time: string) => ({ commitInfo: { inCommitTimestamp: at(time).getTime() } });
    const configuration = {
      "delta.enableInCommitTimestamps": "true",
      "delta.inCommitTimestampEnablementVersion": "2",
      "delta.inCommitTimestampEnablementTimestamp": String(at("12:00:00").getTime()),
    };
    await foreign.commit(2, own("12:00:00"), metaData({ id: "long" }, { configuration }));
    await foreign.commit(3, own("14:00:00"));
    for (const [n, time] of ["10:00:00", "11:00:00", "20:00:00", "20:00:00"].entries())
      await setTime(foreign, n, at(time));

    const versionAt = async (text: string) => (await foreign.table.snapshot({ timestamp: at(text) })).version;
    expect(await versionAt("11:30:00")).toBe(1);
    expect(await versionAt("13:00:00")).toBe(2);
    expect(await versionAt("14:00:00")).toBe(3);
    expect((await foreign.table.snapshot()).timestamp).toEqual(at("14:00:00"));
  });
});
