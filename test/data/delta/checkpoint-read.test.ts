import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { quote } from "../../../data/sql/duckdb.ts";
import { type ForeignTable, features, foreignTable, metaData, protocol } from "./foreign-table.ts";

const version = (n: number) => String(n).padStart(20, "0");
const schemaString = '{"type":"struct","fields":[{"name":"id","type":"long","nullable":true,"metadata":{}}]}';

/** Writes a checkpoint file whose rows are these SQL structs, each under the name of its action. */
async function checkpointFile(foreign: ForeignTable, name: string, actions: Record<string, string[]>) {
  const names = Object.keys(actions);
  const rows = names.flatMap((action) =>
    (actions[action] ?? []).map(
      (struct) =>
        `select ${names.map((other) => `${other === action ? struct : "null"} as "${other}"`).join(", ")}`,
    ),
  );
  await foreign.write(`_delta_log/${name}`, "");
  await foreign.duckdb.run(
    `copy (${rows.join(" union all ")}) to ${quote(join(foreign.folder, "_delta_log", name))} (format parquet)`,
  );
}

const protocolStruct = "{minReaderVersion: 1::int, minWriterVersion: 2::int}";
const metaStruct = `{id: 'a-table', schemaString: ${quote(schemaString)}, partitionColumns: []::varchar[],
  configuration: map {'delta.appendOnly': 'false'}, createdTime: 5::bigint, name: null::varchar}`;
const addStruct = (path: string, more = "") =>
  `{path: '${path}', partitionValues: map {}::map(varchar, varchar), size: 10::bigint, modificationTime: 1::bigint, dataChange: true${more}}`;
const base = (...adds: string[]) => ({ protocol: [protocolStruct], metaData: [metaStruct], add: adds });

/** A table whose commits before the checkpoint are gone: only the checkpoint tells what is in it. */
async function cleanedTable(): Promise<ForeignTable> {
  const foreign = await foreignTable();
  await foreign.parquet("a.parquet", "select 1::bigint as id");
  await foreign.parquet("b.parquet", "select 2::bigint as id");
  return foreign;
}

const ids = async (foreign: ForeignTable) => {
  const sql = await (await foreign.fresh().snapshot()).readSql();
  return (await foreign.query(`select id from (${sql}) order by id`)).map(({ id }) => Number(id));
};

describe("a checkpoint", () => {
  test("stands for all commits up to its version, even when they are gone", async () => {
    const foreign = await cleanedTable();
    await checkpointFile(foreign, `${version(5)}.checkpoint.parquet`, {
      ...base(addStruct("a.parquet")),
      txn: ["{appId: 'app', version: 7::bigint}"],
      remove: ["{path: 'gone.parquet', deletionTimestamp: 9::bigint, dataChange: true}"],
    });
    await foreign.commit(5, { commitInfo: {} });
    const add = await foreign.parquet("c.parquet", "select 3::bigint as id");
    await foreign.commit(6, { add });

    const snapshot = await foreign.table.snapshot();

    expect(await ids(foreign)).toEqual([1, 3]);
    expect(snapshot).toMatchObject({ version: 6, properties: { "delta.appendOnly": "false" } });
    expect(snapshot.txns.get("app")).toBe(7);
    expect(snapshot).toHaveProperty("tombstones.size", 1);
  });

  test.each([
    ["missing", undefined],
    ["empty", ""],
    ["not JSON", "{"],
    ["without a version", "{}"],
    ["older than the newest checkpoint", '{"version":2,"size":1}'],
    ["of a version that never was", '{"version":99,"size":1}'],
  ])("is found when its hint is %s", async (_, hint) => {
    const foreign = await cleanedTable();
    await checkpointFile(foreign, `${version(2)}.checkpoint.parquet`, base(addStruct("b.parquet")));
    await checkpointFile(foreign, `${version(5)}.checkpoint.parquet`, base(addStruct("a.parquet")));
    await foreign.commit(5, { commitInfo: {} });
    if (hint !== undefined) await foreign.write("_delta_log/_last_checkpoint", hint);

    expect(await foreign.fresh().snapshot()).toMatchObject({ version: 5 });
    expect(await ids(foreign)).toEqual([1]);
  });

  test("in parts counts only with all of them", async () => {
    const foreign = await cleanedTable();
    const part = (n: number, at: number) =>
      `${version(at)}.checkpoint.${String(n).padStart(10, "0")}.${String(2).padStart(10, "0")}.parquet`;
    await checkpointFile(foreign, part(1, 2), base());
    await checkpointFile(foreign, part(2, 2), { add: [addStruct("a.parquet"), addStruct("b.parquet")] });
    await foreign.commit(3, { remove: { path: "b.parquet", dataChange: true } });
    await checkpointFile(foreign, part(1, 3), base());

    expect(await ids(foreign)).toEqual([1]);
  });

  test("that is broken is passed over where the commits are there, and is the error where they are not", async () => {
    const foreign = await cleanedTable();
    const add = { path: "a.parquet", partitionValues: {}, size: 1, modificationTime: 1, dataChange: true };
    await foreign.commit(0, protocol, metaData({ id: "long" }), { add });
    await foreign.commit(1, { add: { ...add, path: "b.parquet" } });
    await foreign.write(`_delta_log/${version(1)}.checkpoint.parquet`, "PAR1 but not really PAR1");
    await foreign.write("_delta_log/_last_checkpoint", '{"version":1,"size":4}');

    expect(await ids(foreign)).toEqual([1, 2]);

    const { rm } = await import("node:fs/promises");
    await rm(join(foreign.folder, `_delta_log/${version(0)}.json`));
    await expect(foreign.fresh().snapshot()).rejects.toThrow(/checkpoint\.parquet/);
  });

  test("whose statistics are only parsed has them as text, with every digit", async () => {
    const foreign = await cleanedTable();
    const stats = (min: string, max: string) => `, stats: null::varchar, stats_parsed: {numRecords: 3::bigint,
      minValues: {id: ${min}::bigint, price: 0.10::decimal(20,2), "at": '2024-01-02 03:04:05.678'::timestamptz, ratio: 'nan'::double, "odd ""name""": 'x'},
      maxValues: {id: ${max}::bigint, price: 123456789012345678.99::decimal(20,2), "at": null::timestamptz, ratio: 1.5::double, "odd ""name""": 'y'}}`;
    await checkpointFile(
      foreign,
      `${version(0)}.checkpoint.parquet`,
      base(addStruct("a.parquet", stats("-9223372036854775807", "9223372036854775807"))),
    );

    const snapshot = await foreign.table.snapshot();

    const [file] = [...Reflect.get(snapshot, "liveFiles").values()];
    expect(file.stats).toContain('"numRecords":3');
    expect(file.stats).toContain('"id":-9223372036854775807');
    expect(file.stats).toContain('"id":9223372036854775807');
    expect(file.stats).toContain('"price":123456789012345678.99');
    expect(file.stats).toContain('"at":"2024-01-02T03:04:05.678Z"');
    expect(JSON.parse(file.stats).minValues).toMatchObject({ ratio: null, 'odd "name"': "x" });
  });

  test("keeps deletion vectors, tags and row ids of its files", async () => {
    const foreign = await cleanedTable();
    const more = `, tags: map {'k': 'v'}, baseRowId: 4::bigint, defaultRowCommitVersion: 2::bigint,
      deletionVector: {storageType: 'i', pathOrInlineDv: 'abcde', "offset": null::int, sizeInBytes: 4::int, cardinality: 1::bigint}`;
    await checkpointFile(foreign, `${version(0)}.checkpoint.parquet`, base(addStruct("a.parquet", more)));

    const snapshot = await foreign.table.snapshot();

    expect([...Reflect.get(snapshot, "liveFiles").values()]).toMatchObject([
      {
        tags: { k: "v" },
        baseRowId: 4,
        defaultRowCommitVersion: 2,
        deletionVector: { storageType: "i", pathOrInlineDv: "abcde", sizeInBytes: 4, cardinality: 1 },
      },
    ]);
  });
});

describe("a checkpoint of the second kind", () => {
  const sidecar = { path: "of%20five.parquet", sizeInBytes: 1, modificationTime: 1 };
  const uuid = "80a083e8-7026-4e79-81be-64bd76c43a11";

  async function withSidecar(): Promise<ForeignTable> {
    const foreign = await cleanedTable();
    await foreign.write("_delta_log/_sidecars/of five.parquet", "");
    await checkpointFile(foreign, "_sidecars/of five.parquet", {
      add: [addStruct("a.parquet"), addStruct("b.parquet")],
      remove: ["{path: 'gone.parquet', dataChange: true}"],
    });
    return foreign;
  }

  test("in JSON has its files in sidecars", async () => {
    const foreign = await withSidecar();
    const lines = [
      { checkpointMetadata: { version: 5 } },
      features("v2Checkpoint"),
      metaData({ id: "long" }),
      { sidecar },
    ];
    await foreign.write(
      `_delta_log/${version(5)}.checkpoint.${uuid}.json`,
      lines.map((line) => JSON.stringify(line)).join("\n"),
    );

    expect(await ids(foreign)).toEqual([1, 2]);
    expect(await foreign.table.snapshot()).toMatchObject({ version: 5 });
  });

  test.each([`${version(5)}.checkpoint.${uuid}.parquet`, `${version(5)}.checkpoint.parquet`])(
    "in Parquet has its files in sidecars and in itself, under the name %s",
    async (name) => {
      const foreign = await withSidecar();
      await foreign.parquet("c.parquet", "select 3::bigint as id");
      await checkpointFile(foreign, name, {
        ...base(addStruct("c.parquet")),
        checkpointMetadata: ["{version: 5::bigint}"],
        sidecar: ["{path: 'of%20five.parquet', sizeInBytes: 1::bigint, modificationTime: 1::bigint}"],
      });

      expect(await ids(foreign)).toEqual([1, 2, 3]);
    },
  );

  test("without one of its sidecars is no checkpoint", async () => {
    const foreign = await cleanedTable();
    await checkpointFile(foreign, `${version(5)}.checkpoint.parquet`, {
      ...base(),
      sidecar: ["{path: 'lost.parquet', sizeInBytes: 1::bigint, modificationTime: 1::bigint}"],
    });

    await expect(foreign.fresh().snapshot()).rejects.toThrow(/lost\.parquet/);
  });
});
