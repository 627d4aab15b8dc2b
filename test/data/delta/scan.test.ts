import { describe, expect, test } from "vitest";
import { partitionFolder } from "../../../data/delta/path.ts";
import { features, foreignTable, type Json, metaData, protocol } from "./foreign-table.ts";

describe("partition values", () => {
  const values: [type: string, text: string | null, read: unknown][] = [
    ["string", "A/A 50%+🐎", "A/A 50%+🐎"],
    ["string", 'it\'s "quoted"\nand `ticked`', 'it\'s "quoted"\nand `ticked`'],
    ["string", "", null],
    ["string", null, null],
    ["long", "-9223372036854775808", "-9223372036854775808"],
    ["integer", "", null],
    ["decimal(38,2)", "123456789012345678901234567890.12", "123456789012345678901234567890.12"],
    ["double", "NaN", "NaN"],
    ["boolean", "true", true],
    ["date", "0001-01-01", "0001-01-01"],
    ["date", "9999-12-31", "9999-12-31"],
    ["timestamp", "2024-01-02T03:04:05.123456Z", "2024-01-02 03:04:05.123456+00"],
    ["timestamp", "2024-01-02 03:04:05.5", "2024-01-02 03:04:05.5+00"],
    ["timestamp", "2024-01-02 03:04:05+02:00", "2024-01-02 01:04:05+00"],
    ["timestamp_ntz", "2024-01-02 03:04:05.123456", "2024-01-02 03:04:05.123456"],
    ["binary", "\u0001\u0002ü", "\\x01\\x02\\xC3\\xBC"],
  ];

  test.each(values)("a %s of %j is %j", async (type, text, read) => {
    const foreign = await foreignTable();
    const add = await foreign.parquet(`${partitionFolder("p", text)}/part.parquet`, "select 1::bigint as id");
    const meta = metaData({ id: "long", p: type }, { partitionColumns: ["p"] });
    await foreign.commit(0, features("timestampNtz"), meta, {
      add: { ...add, partitionValues: { p: text } },
    });

    expect(await foreign.rows()).toEqual([{ id: "1", p: read }]);
  });

  test("are right beyond the number of partitions that have a SELECT of their own", async () => {
    const foreign = await foreignTable();
    const adds = [];
    for (let p = 0; p < 60; p += 1) {
      const add = await foreign.parquet(`part-${p}.parquet`, `select ${p}::bigint as id`);
      const text = p === 0 ? null : `it's "${p}"\n`;
      adds.push({ add: { ...add, partitionValues: { "the key": text, n: String(p) } } });
    }
    const meta = metaData(
      { id: "long", "the key": "string", n: "long" },
      { partitionColumns: ["the key", "n"] },
    );
    await foreign.commit(0, protocol, meta, ...adds);

    const rows = await foreign.rows();

    expect(rows).toHaveLength(60);
    for (const { id, n, "the key": key } of rows) {
      expect(n).toBe(id);
      expect(key).toBe(id === "0" ? null : `it's "${id}"\n`);
    }
  });

  test("come from the log, not from the folder or a column of the file", async () => {
    const foreign = await foreignTable();
    const add = await foreign.parquet("p=wrong/part.parquet", "select 1::bigint as id, 'wrong too' as p");
    const meta = metaData({ id: "long", p: "string" }, { partitionColumns: ["p"] });
    await foreign.commit(0, protocol, meta, { add: { ...add, partitionValues: { p: "right" } } });

    expect(await foreign.rows()).toEqual([{ id: "1", p: "right" }]);
  });
});

describe("columns", () => {
  test("that a file lacks are null, those it has too many are passed over", async () => {
    const foreign = await foreignTable();
    const old = await foreign.parquet("old.parquet", "select 1::bigint as id, 'x' as dropped");
    const now = await foreign.parquet(
      "new.parquet",
      "select {\"inner\": 5::bigint} as nested, 2::bigint as id, 'y' as more",
    );
    const nested = { type: "struct", fields: [field("inner", "long"), field("later", "string")] };
    await foreign.commit(
      0,
      protocol,
      metaData({ id: "long", more: "string", nested }),
      { add: old },
      { add: now },
    );

    expect(await foreign.rows()).toEqual([
      { id: "1", more: null, nested: null },
      { id: "2", more: "y", nested: { inner: "5", later: null } },
    ]);
  });

  const oddNames = [
    "a b",
    "it's",
    'say "so"',
    "a.b",
    "`tick`",
    "🐎",
    "select",
    "filename",
    "file_row_number",
    "c0",
    "ü;--",
  ];
  test("may be called anything, even as DuckDB calls its own", async () => {
    const foreign = await foreignTable();
    const select = oddNames
      .map((name, index) => `${index}::bigint as "${name.replaceAll('"', '""')}"`)
      .join(", ");
    const add = await foreign.parquet("odd [1] *?.parquet", `select ${select}`);
    const fields = Object.fromEntries(oddNames.map((name) => [name, "long"]));
    await foreign.commit(0, protocol, metaData(fields), { add });

    expect(await foreign.rows()).toEqual([
      Object.fromEntries(oddNames.map((name, index) => [name, String(index)])),
    ]);
  });

  test("have the table's types, whatever the file's are", async () => {
    const foreign = await foreignTable();
    const add = await foreign.parquet(
      "part.parquet",
      "select 1::integer as n, timestamp '2024-01-02 03:04:05' as at, timestamp '2024-01-02 03:04:05' as local, 1.5::float as x",
    );
    const meta = metaData({ n: "long", at: "timestamp", local: "timestamp_ntz", x: "double" });
    await foreign.commit(0, features("timestampNtz"), meta, { add });

    expect(await foreign.rows()).toEqual([
      { n: "1", at: "2024-01-02 03:04:05+00", local: "2024-01-02 03:04:05", x: 1.5 },
    ]);
    const sql = await (await foreign.table.snapshot()).readSql();
    expect((await foreign.query(`describe ${sql}`)).map((row) => row.column_type)).toEqual([
      "BIGINT",
      "TIMESTAMP WITH TIME ZONE",
      "TIMESTAMP",
      "DOUBLE",
    ]);
  });

  test("of type void are left out, and a table without files has its columns", async () => {
    const foreign = await foreignTable();
    await foreign.commit(
      0,
      protocol,
      metaData({
        id: "long",
        nothing: "void",
        list: { type: "array", elementType: "string", containsNull: true },
      }),
    );

    const sql = await (await foreign.table.snapshot()).readSql();

    expect((await foreign.query(`describe ${sql}`)).map((row) => [row.column_name, row.column_type])).toEqual(
      [
        ["id", "BIGINT"],
        ["list", "VARCHAR[]"],
      ],
    );
    expect(await foreign.rows()).toEqual([]);
  });

  test("can be chosen, and rows too, by columns that are not", async () => {
    const foreign = await foreignTable();
    const add = await foreign.parquet(
      "part.parquet",
      "select range as id, 'n' || range as name from range(5)",
    );
    await foreign.commit(0, protocol, metaData({ id: "long", name: "string" }), { add });
    const snapshot = await foreign.table.snapshot();

    const sql = await snapshot.readSql({ columns: ["name"], where: "id = 3 or id > 3" });

    expect(await foreign.query(`from (${sql}) order by all`)).toEqual([{ name: "n3" }, { name: "n4" }]);
  });
});

describe("column mapping", () => {
  const mapped = (name: string, type: unknown, id: number, physicalName: string) => ({
    ...field(name, type),
    metadata: { "delta.columnMapping.id": id, "delta.columnMapping.physicalName": physicalName },
  });
  const struct = (...fields: object[]) => ({ type: "struct", fields });
  const list = (elementType: unknown) => ({ type: "array", elementType, containsNull: true });
  const map = (valueType: unknown) => ({
    type: "map",
    keyType: "string",
    valueType,
    valueContainsNull: true,
  });
  const fields = [
    mapped("the id", "long", 1, "col-1"),
    mapped("key", "string", 2, "col-2"),
    mapped(
      "who",
      struct(mapped("first name", "string", 4, "col-4"), mapped("age", "long", 5, "col-5")),
      3,
      "col-3",
    ),
    mapped("many", list(struct(mapped("x", "long", 7, "col-7"))), 6, "col-6"),
    mapped("by name", map(struct(mapped("y", "long", 9, "col-9"))), 8, "col-8"),
  ];
  const select = `select 1::bigint as "col-1", {'col-4': 'Ann', 'col-5': 30::bigint} as "col-3",
    [{'col-7': 7::bigint}, null] as "col-6", map {'k': {'col-9': 9::bigint}, 'n': null} as "col-8"
    union all select 2, null, null, null`;
  const expected: Json[] = [
    {
      "the id": "1",
      key: "v",
      who: { "first name": "Ann", age: "30" },
      many: [{ x: "7" }, null],
      "by name": [
        { key: "k", value: { y: "9" } },
        { key: "n", value: null },
      ],
    },
    { "the id": "2", key: "v", who: null, many: null, "by name": null },
  ];
  const meta = (mode: string) =>
    metaData(fields, { partitionColumns: ["key"], configuration: { "delta.columnMapping.mode": mode } });
  const upgraded = { protocol: { minReaderVersion: 2, minWriterVersion: 5 } };
  const writerOnly = {
    protocol: { minReaderVersion: 1, minWriterVersion: 7, writerFeatures: ["columnMapping"] },
  };

  test.each([upgraded, writerOnly, features("columnMapping")])(
    "by name finds nested fields too (%j)",
    async (protocolAction) => {
      const foreign = await foreignTable();
      const add = await foreign.parquet("part.parquet", select);
      await foreign.commit(0, protocolAction, meta("name"), {
        add: { ...add, partitionValues: { "col-2": "v" } },
      });

      expect(await foreign.rows()).toEqual(expected);
    },
  );

  test("by id finds columns by the ids in the files, and by name in files without ids", async () => {
    const foreign = await foreignTable();
    const renamed = select.replaceAll("col-", "other-");
    const ids = `, field_ids {'other-1': 1, 'other-3': {__duckdb_field_id: 3, 'other-4': 4, 'other-5': 5},
      'other-6': {__duckdb_field_id: 6, element: {'other-7': 7}}, 'other-8': {__duckdb_field_id: 8, value: {'other-9': 9}}}`;
    const withIds = await foreign.parquet("ids.parquet", renamed, ids);
    const without = await foreign.parquet("names.parquet", select);
    const partitionValues = { "col-2": "v" };
    await foreign.commit(
      0,
      upgraded,
      meta("id"),
      { add: { ...withIds, partitionValues } },
      { add: { ...without, partitionValues } },
    );

    const rows = await foreign.rows();

    expect(rows).toHaveLength(4);
    expect(rows.filter((row) => row["the id"] === "1")).toEqual([expected[0], expected[0]]);
  });

  test("by id takes no column for another that has its name", async () => {
    const foreign = await foreignTable();
    const add = await foreign.parquet(
      "part.parquet",
      'select 5::bigint as "col-1"',
      ", field_ids {'col-1': 77}",
    );
    const one = [mapped("id", "long", 1, "col-1")];
    await foreign.commit(
      0,
      upgraded,
      metaData(one, { configuration: { "delta.columnMapping.mode": "id" } }),
      { add },
    );

    expect(await foreign.rows()).toEqual([{ id: null }]);
  });
});

test("a file named in full is the file of the table", async () => {
  const foreign = await foreignTable();
  const add = await foreign.parquet("a part.parquet", "select 1::bigint as id");
  await foreign.commit(0, protocol, metaData({ id: "long" }), {
    add: { ...add, path: `file://${foreign.folder}/a%20part.parquet` },
  });

  expect(await foreign.rows()).toEqual([{ id: "1" }]);
});

test.each(["../../secret.parquet", "s3://other/bucket.parquet"])(
  "the path %s leads nowhere",
  async (path) => {
    const foreign = await foreignTable();
    const add = { path, partitionValues: {}, size: 1, modificationTime: 1, dataChange: true };
    await foreign.commit(0, protocol, metaData({ id: "long" }), { add });

    await expect(foreign.rows()).rejects.toThrow(/dot for a folder|outside/);
  },
);

function field(name: string, type: unknown): object {
  return { name, type, nullable: true, metadata: {} };
}
