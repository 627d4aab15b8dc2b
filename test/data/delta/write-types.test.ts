import { describe, expect } from "vitest";
import { z } from "zod";
import { statisticsJson } from "../../../data/delta/statistics.ts";
import type { Column, Table } from "../../../data/delta/table.ts";
import type { Lake } from "../../../data/lake.ts";
import { quote } from "../../../data/sql/duckdb.ts";
import { test } from "../../support/test.ts";
import { createTable, logText, objects, texts } from "./written-table.ts";

/** Each type with values at its edges, as DuckDB writes them. */
const edges: readonly (readonly [type: Column["type"], duckdb: string, ...values: string[]])[] = [
  ["string", "VARCHAR", "''", "'a''b\"c'", "'😀`.'", "repeat('é', 400)", "'a' || chr(0) || 'b'"],
  ["long", "BIGINT", "-9223372036854775808", "9223372036854775807"],
  ["integer", "INTEGER", "-2147483648", "2147483647"],
  ["short", "SMALLINT", "-32768", "32767"],
  ["byte", "TINYINT", "-128", "127"],
  ["float", "FLOAT", "'nan'", "'-inf'", "'inf'", "0.1", "-0.0"],
  ["double", "DOUBLE", "'nan'", "'-inf'", "'inf'", "0.1", "1e300", "5e-324"],
  ["boolean", "BOOLEAN", "true", "false"],
  ["binary", "BLOB", "'\\x00\\xFF'", "''"],
  ["date", "DATE", "'0000-01-01'", "'9999-12-31'", "'1970-01-01'"],
  [
    "timestamp",
    "TIMESTAMPTZ",
    "'0000-01-01 00:00:00Z'",
    "'9999-12-31 23:59:59.999999Z'",
    "'2020-02-29 12:00:00.123456+02'",
  ],
  ["timestamp_ntz", "TIMESTAMP", "'0000-01-01 00:00:00'", "'9999-12-31 23:59:59.999999'"],
  ["decimal(38,10)", "DECIMAL(38,10)", "'-9999999999999999999999999999.9999999999'", "'0.0000000001'"],
  ["decimal(4,0)", "DECIMAL(4,0)", "9999"],
  [
    { type: "array", elementType: "double", containsNull: true },
    "DOUBLE[]",
    "[1, null, 'nan'::double]",
    "[]",
  ],
  [
    {
      type: "map",
      keyType: "string",
      valueType: { type: "array", elementType: "integer", containsNull: true },
      valueContainsNull: true,
    },
    "MAP(VARCHAR, INTEGER[])",
    "map {'a': [1, null], 'b': null}",
    "map {}",
  ],
  [
    {
      type: "struct",
      fields: [
        { name: "a.b", type: "string", nullable: true },
        {
          name: "in`ner",
          type: { type: "struct", fields: [{ name: "x", type: "date", nullable: true }] },
          nullable: true,
        },
      ],
    },
    'STRUCT("a.b" VARCHAR, "in`ner" STRUCT(x DATE))',
    "{'a.b': null, 'in`ner': {'x': '0000-01-01'}}",
    "{'a.b': 'y', 'in`ner': null}",
  ],
];

describe("types", () => {
  test.for(edges)("keeps each value of %j", async ([type, duckdbType, ...values], { lake }) => {
    const table = await createTable(lake, {
      columns: [
        { name: "v", type, nullable: true },
        { name: "n", type: "long", nullable: false },
      ],
    });
    const tuples = [...values, "null"].map(
      (value, index) => `select cast(${value} as ${duckdbType}) as v, ${index} as n`,
    );
    const sql = tuples.join(" union all ");

    await table.append({ sql });

    const read = await (await table.snapshot()).readSql();
    expect(await texts(lake, read)).toEqual(await texts(lake, sql));
    const typed = `select distinct typeof(v) = typeof(cast(null as ${duckdbType})) as same from (${read})`;
    expect(await texts(lake, typed)).toEqual(["{'same': true}"]);
    expect((await table.merge({ sql }, { key: ["n"] })).outcome).toBe("unchanged");
    await checkStatistics(lake, table);
  });

  test.for([
    "string",
    "long",
    "integer",
    "short",
    "byte",
    "float",
    "double",
    "boolean",
    "date",
    "timestamp",
    "timestamp_ntz",
    "decimal(38,10)",
  ] as const)("keeps each value of %s as a partition", async (type, { lake }) => {
    const [, duckdbType = "", ...values] = edges.find((edge) => edge[0] === type) ?? ["string", "VARCHAR"];
    const unnamed = ["''", "'a' || chr(0) || 'b'", "-0.0", "repeat('é', 400)"];
    const usable = values.filter((value) => !unnamed.includes(value));
    const table = await createTable(lake, {
      columns: [
        { name: "p/a rt", type, nullable: true },
        { name: "n", type: "long", nullable: true },
      ],
      partitionBy: ["p/a rt"],
    });
    const sql = [...usable, "null"]
      .map((value, n) => `select cast(${value} as ${duckdbType}) as "p/a rt", ${n} as n`)
      .join(" union all ");

    await table.append({ sql });

    expect(await texts(lake, await (await table.snapshot()).readSql())).toEqual(await texts(lake, sql));
    expect((await table.merge({ sql }, { key: ["p/a rt", "n"] })).outcome).toBe("unchanged");
  });

  test("takes the empty string for null in a partition column", async ({ lake }) => {
    const table = await createTable(lake, { partitionBy: ["name"] });
    await table.append({ sql: "select 1 as id, '' as name, 'x' as seen" });
    expect(await logText(lake, 1)).toContain('"partitionValues":{"name":null}');
  });

  test("refuses a partition value that no folder could be named after, without telling it", async ({
    lake,
  }) => {
    const table = await createTable(lake, { partitionBy: ["name"] });
    const refused = table.append({ sql: "select 1 as id, repeat('secret', 100) as name, 'x' as seen" });
    await expect(refused).rejects.toThrow(/^A partition column has a value too long(?!.*secret)/);
  });

  test("casts what a source has to the table's types and names the column that cannot be null", async ({
    lake,
  }) => {
    const table = await createTable(lake, {
      columns: [
        { name: "n", type: "long", nullable: false },
        { name: "t", type: "timestamp", nullable: true },
      ],
    });
    await table.append({
      sql: "select sum(i) as n, timestamp '2020-01-01 00:00:00' as t from range(3) r(i)",
    });
    expect(await texts(lake, await (await table.snapshot()).readSql())).toEqual([
      "{'n': 3, 't': '2020-01-01 00:00:00+00'}",
    ]);

    const refused = table.append({ sql: "select null as n" });
    await expect(refused).rejects.toThrow("The column n of test.people must not be null.");
    await expect(table.append({ sql: "select 'mrn-881' as n" })).rejects.not.toThrow("mrn-881");
    expect((await objects(lake)).filter((key) => key.endsWith(".parquet"))).toHaveLength(1);
  });
});

/** Every bound in the log holds for every value, by DuckDB's own order. */
async function checkStatistics(lake: Lake, table: Table): Promise<void> {
  const { liveFiles } = (await table.snapshot()) as unknown as {
    liveFiles: Map<string, { stats: string; path: string }>;
  };
  const duckdb = await lake.duckdb();
  for (const { stats, path } of liveFiles.values()) {
    expect(() => JSON.parse(stats)).not.toThrow();
    const file = quote(await lake.storage.localPath(`${table.root}/${path}`));
    const [row] = await duckdb.query(
      z.object({ type: z.string() }),
      `select any_value(typeof(v)) as type from read_parquet(${file}) where v is not null`,
    );
    if (/STRUCT|MAP|\[\]|BLOB|DECIMAL/.test(row?.type ?? "")) continue;
    const low = `(${quote(stats)}::json ->> '/minValues/v')::${row?.type}`;
    const slack = /TIMESTAMP/.test(row?.type ?? "") ? " + interval 1 millisecond" : "";
    const high = `(${quote(stats)}::json ->> '/maxValues/v')::${row?.type}${slack}`;
    const outside = await duckdb.query(
      z.object({ v: z.unknown() }),
      `select v from read_parquet(${file}) where v < ${low} or v > ${high}`,
    );
    expect(outside).toEqual([]);
  }
}

describe("statistics", () => {
  const leaf = (type: Column["type"], min: string, max: string, hasNan = false) =>
    JSON.parse(
      statisticsJson(
        3n,
        [{ name: "c", type, nullable: true }],
        new Map([['"c"', { min, max, nullCount: "1", hasNan }]]),
      ),
    );

  test("keeps all digits of int64 and decimals", () => {
    const text = statisticsJson(
      3n,
      [
        { name: "c", type: "long", nullable: true },
        { name: "d", type: "decimal(38,2)", nullable: true },
      ],
      new Map([
        ['"c"', { min: "1", max: "9223372036854775807" }],
        ['"d"', { min: "-123456789012345678901234567890123456.78", max: "1.00" }],
      ]),
    );
    expect(text).toContain('"maxValues":{"c":9223372036854775807,"d":1.00}');
    expect(text).toContain('"minValues":{"c":1,"d":-123456789012345678901234567890123456.78}');
  });

  test("has no maximum where a NaN is, and no bound where a value is infinite", () => {
    expect(leaf("double", "0.0", "9.0", true)).toMatchObject({ minValues: { c: 0 }, maxValues: {} });
    expect(leaf("double", "-inf", "inf")).toMatchObject({ minValues: {}, maxValues: {} });
    expect(leaf("date", "-infinity", "infinity")).toMatchObject({ minValues: {}, maxValues: {} });
  });

  test("cuts long strings between characters, with a greatest character on the maximum", () => {
    const long = `${"😀".repeat(31)}é`;
    expect(leaf("string", long, long)).toMatchObject({ minValues: { c: long }, maxValues: { c: long } });
    const { minValues, maxValues } = leaf("string", `${long}zz`, `${long}zz`);
    expect([minValues.c, maxValues.c]).toEqual([long, `${long}\u{10FFFF}`]);
    expect(leaf("string", "a", `${long}\u{10FFFF}z`)).toMatchObject({ maxValues: {} });
  });

  test("writes times as ISO cut to milliseconds, the year 0000 by its own name", () => {
    expect(leaf("timestamp", "0001-06-01 (BC) 00:00:00+00", "2020-01-01 00:00:00.123999+00")).toMatchObject({
      minValues: { c: "0000-06-01T00:00:00.000Z" },
      maxValues: { c: "2020-01-01T00:00:00.123Z" },
    });
    expect(leaf("timestamp_ntz", "2020-01-01 00:00:00", "2020-01-01 00:00:00.5")).toMatchObject({
      minValues: { c: "2020-01-01T00:00:00.000" },
      maxValues: { c: "2020-01-01T00:00:00.500" },
    });
    expect(leaf("date", "0044-03-15 (BC)", "12345-01-01")).toMatchObject({ minValues: {}, maxValues: {} });
  });

  test("maps booleans and counts nulls", () => {
    expect(leaf("boolean", "0", "1")).toEqual({
      numRecords: 3,
      minValues: { c: false },
      maxValues: { c: true },
      nullCount: { c: 1 },
    });
  });

  test("nests structs by quoted paths and leaves lists and maps out", () => {
    const columns: Column[] = [
      {
        name: 'a"b',
        type: { type: "struct", fields: [{ name: "x.y", type: "integer", nullable: true }] },
        nullable: true,
      },
      { name: "l", type: { type: "array", elementType: "integer", containsNull: true }, nullable: true },
    ];
    const leaves = new Map([
      ['"a""b"."x.y"', { min: "1", max: "2", nullCount: "0" }],
      ['"l"."element"', { min: "1", max: "2", nullCount: "7" }],
    ]);
    expect(JSON.parse(statisticsJson(2n, columns, leaves))).toEqual({
      numRecords: 2,
      minValues: { 'a"b': { "x.y": 1 } },
      maxValues: { 'a"b': { "x.y": 2 } },
      nullCount: { 'a"b': { "x.y": 0 } },
    });
  });
});
