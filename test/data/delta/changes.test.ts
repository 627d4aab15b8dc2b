import { rm, utimes } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { VersionNotFoundError } from "../../../data/delta/errors.ts";
import { encodeZ85 } from "../../../data/delta/z85.ts";
import { type ForeignTable, features, foreignTable, metaData, protocol } from "./foreign-table.ts";
import { serializeVector } from "./roaring-writer.ts";

const change = async (foreign: ForeignTable, range: { from: number; to?: number }) =>
  (
    await foreign.query(
      `select _commit_version::int as v, _change_type as type, * exclude (_commit_version, _change_type, _commit_timestamp)
       from (${await foreign.fresh().changesSql(range)}) order by all`,
    )
  ).map((row) => Object.values(row).join(" "));

function vector(...positions: number[]) {
  const bytes = serializeVector(positions, "array");
  const padded = Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
  return {
    storageType: "i",
    pathOrInlineDv: encodeZ85(padded),
    sizeInBytes: bytes.length,
    cardinality: positions.length,
  };
}

describe("the changes of a commit", () => {
  test("without change files are the rows of the files it adds and removes, unless only their place changed", async () => {
    const foreign = await foreignTable();
    const a = await foreign.parquet("a.parquet", "select 1::bigint as id union all select 2");
    const b = await foreign.parquet("b.parquet", "select 3::bigint as id");
    const both = await foreign.parquet("both.parquet", "select unnest([1, 2, 3])::bigint as id");
    await foreign.commit(0, protocol, metaData({ id: "long" }), { add: a });
    await foreign.commit(1, { add: b });
    await foreign.commit(
      2,
      { add: { ...both, dataChange: false } },
      { remove: { path: a.path, dataChange: false } },
      { remove: { path: b.path, dataChange: false } },
    );
    await foreign.commit(3, { remove: { path: both.path, dataChange: true } });

    expect(await change(foreign, { from: 0 })).toEqual([
      "0 insert 1",
      "0 insert 2",
      "1 insert 3",
      "3 delete 1",
      "3 delete 2",
      "3 delete 3",
    ]);
    expect(await change(foreign, { from: 1, to: 2 })).toEqual(["1 insert 3"]);
    expect(await change(foreign, { from: 2, to: 2 })).toEqual([]);
    expect(await change(foreign, { from: 4 })).toEqual([]);
  });

  test("with change files are theirs alone, with the partition values of the log", async () => {
    const foreign = await foreignTable();
    const a = await foreign.parquet("a.parquet", "select 1::bigint as id");
    const rewritten = await foreign.parquet(
      "rewritten.parquet",
      "select 100::bigint as id, 'insert' as _change_type",
    );
    const cdc = await foreign.parquet(
      "_change_data/cdc.parquet",
      "select 1::bigint as id, 'update_preimage' as _change_type union all select 100, 'update_postimage'",
    );
    const partitionValues = { p: "x y" };
    const meta = metaData({ id: "long", p: "string" }, { partitionColumns: ["p"] });
    await foreign.commit(0, protocol, meta, { add: { ...a, partitionValues } });
    await foreign.commit(
      1,
      { remove: { path: a.path, dataChange: true } },
      { add: { ...rewritten, partitionValues } },
      { cdc: { ...cdc, partitionValues, dataChange: false } },
    );

    expect(await change(foreign, { from: 0 })).toEqual([
      "0 insert 1 x y",
      "1 update_postimage 100 x y",
      "1 update_preimage 1 x y",
    ]);
    expect(await foreign.rows()).toEqual([{ id: "100", p: "x y" }]);
  });

  test("of deletion vectors are the rows that one of two has and the other has not", async () => {
    const foreign = await foreignTable();
    const add = await foreign.parquet("part.parquet", "select range as id from range(6)");
    const remove = { path: add.path, dataChange: true };
    await foreign.commit(0, features("deletionVectors"), metaData({ id: "long" }), {
      add: { ...add, deletionVector: vector(0) },
    });
    await foreign.commit(
      1,
      { add: { ...add, deletionVector: vector(0, 2, 3) } },
      { remove: { ...remove, deletionVector: vector(0) } },
    );
    await foreign.commit(
      2,
      { add: { ...add, deletionVector: vector(3, 5) } },
      { remove: { ...remove, deletionVector: vector(0, 2, 3) } },
    );
    await foreign.commit(3, { add }, { remove: { ...remove, deletionVector: vector(3, 5) } });
    await foreign.commit(4, { remove });

    expect(await change(foreign, { from: 0, to: 3 })).toEqual([
      "0 insert 1",
      "0 insert 2",
      "0 insert 3",
      "0 insert 4",
      "0 insert 5",
      "1 delete 2",
      "1 delete 3",
      "2 delete 5",
      "2 insert 0",
      "2 insert 2",
      "3 insert 3",
      "3 insert 5",
    ]);
    expect(await change(foreign, { from: 4 })).toEqual([0, 1, 2, 3, 4, 5].map((id) => `4 delete ${id}`));
  });

  test("that removes files without naming their partition has it from where they were added", async () => {
    const foreign = await foreignTable();
    const a = await foreign.parquet("a.parquet", "select 1::bigint as id");
    const b = await foreign.parquet("b.parquet", "select 2::bigint as id");
    const meta = metaData({ id: "long", p: "string" }, { partitionColumns: ["p"] });
    await foreign.commit(0, protocol, meta, { add: { ...a, partitionValues: { p: "of a" } } });
    await foreign.commit(1, { add: { ...b, partitionValues: { p: "of b" } } });
    await foreign.commit(
      2,
      { remove: { path: a.path, dataChange: true } },
      { remove: { path: b.path, dataChange: true } },
    );

    expect(await change(foreign, { from: 1 })).toEqual([
      "1 insert 2 of b",
      "2 delete 1 of a",
      "2 delete 2 of b",
    ]);
  });

  test("are right over more versions than have a SELECT of their own", async () => {
    const foreign = await foreignTable();
    const add = await foreign.parquet("part.parquet", "select 7::bigint as id");
    await foreign.commit(0, protocol, metaData({ id: "long" }));
    for (let version = 1; version <= 60; version += 1)
      await foreign.commit(version, version % 2 ? { add } : { remove: { path: add.path, dataChange: true } });

    expect(await change(foreign, { from: 1 })).toEqual(
      Array.from({ length: 60 }, (_, index) => `${index + 1} ${index % 2 ? "delete" : "insert"} 7`),
    );
  });
});

describe("a range of versions", () => {
  test("has the columns of its end and the times of its commits", async () => {
    const foreign = await foreignTable();
    const a = await foreign.parquet("a.parquet", "select 1::bigint as id");
    const b = await foreign.parquet("b.parquet", "select 2::bigint as id, 'n' as note");
    await foreign.commit(0, protocol, metaData({ id: "long" }), { add: a });
    await foreign.commit(1, metaData({ id: "long", note: "string" }), { add: b });
    const time = new Date("2024-05-06T07:08:09.123Z");
    for (const n of [0, 1])
      await utimes(join(foreign.folder, `_delta_log/${String(n).padStart(20, "0")}.json`), time, time);

    const sql = await foreign.fresh().changesSql({ from: 0 });

    expect(await foreign.query(`from (${sql}) order by all`)).toEqual([
      {
        id: "1",
        note: null,
        _change_type: "insert",
        _commit_version: "0",
        _commit_timestamp: "2024-05-06 07:08:09.123+00",
      },
      {
        id: "2",
        note: "n",
        _change_type: "insert",
        _commit_version: "1",
        _commit_timestamp: "2024-05-06 07:08:09.123+00",
      },
    ]);
  });

  test("of commits that carry their own time has that", async () => {
    const foreign = await foreignTable();
    const add = await foreign.parquet("a.parquet", "select 1::bigint as id");
    const configuration = { "delta.enableInCommitTimestamps": "true" };
    const commitInfo = { inCommitTimestamp: Date.parse("2020-01-01T00:00:00.5Z") };
    await foreign.commit(0, { commitInfo }, protocol, metaData({ id: "long" }, { configuration }), { add });

    const sql = await foreign.table.changesSql({ from: 0 });

    expect(await foreign.query(`select _commit_timestamp as at from (${sql})`)).toEqual([
      { at: "2020-01-01 00:00:00.5+00" },
    ]);
  });

  test("that the table does not have is an error", async () => {
    const foreign = await foreignTable();
    await foreign.commit(0, protocol, metaData({ id: "long" }));

    for (const range of [{ from: 2 }, { from: 0, to: 1 }, { from: -1 }, { from: 1, to: 0 }])
      await expect(foreign.table.changesSql(range)).rejects.toThrow(VersionNotFoundError);
  });

  test("whose files were vacuumed is an error, not a shorter feed", async () => {
    const foreign = await foreignTable();
    const add = await foreign.parquet("a.parquet", "select 1::bigint as id");
    await foreign.commit(0, protocol, metaData({ id: "long" }), { add });
    await foreign.commit(1, { remove: { path: add.path, dataChange: true } });
    await rm(join(foreign.folder, "a.parquet"));

    await expect(foreign.table.changesSql({ from: 0 })).rejects.toThrow(/vacuumed/);
  });
});
