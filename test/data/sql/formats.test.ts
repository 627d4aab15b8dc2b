import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { buffer, text } from "node:stream/consumers";
import { type Table, tableFromIPC } from "apache-arrow";
import { describe, expect } from "vitest";
import type { Lake } from "../../../data/lake.ts";
import { cellOf, cellText } from "../../../data/sql/formats/cell.ts";
import type { FormatName } from "../../../data/sql/formats/names.ts";
import { tablesOf } from "../../../data/sql/query-tables.ts";
import { encodeResult, runQuery } from "../../../data/sql/run-query.ts";
import { streamRows } from "../../../data/sql/stream-rows.ts";
import { test } from "../../support/test.ts";

/** A value of each type that a table of the lake can hold, at its edges, and a row of nulls. */
const EVERYTHING = `
  select * from (values
    (true, 127::tinyint, (-32768)::smallint, 2147483647::integer, 9223372036854775807::bigint, 9007199254740991::bigint,
     170141183460469231731687303715884105727::hugeint, 1.5::float, 0.1::double, -12345678901234567890.123456::decimal(38, 6),
     'ä "quoted", 🙂' || chr(10) || 'line', '\\x00\\xFF'::blob, date '2024-02-29', timestamptz '2024-02-29 12:34:56.789012+00',
     timestamp '1969-12-31 23:59:59.999999', [1, null, 3], {'a': 1, 'b': 'x'}, map {'k': 1, 'l': null}, map {1: 'one'}, uuid '00000000-0000-0000-0000-000000000001'),
    (null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null)
  ) t(bool, i8, i16, i32, i64, safe, i128, f32, f64, dec, str, bin, day, tz, ntz, list, struct, textmap, intmap, uuid)`;

const limits = (dir: string) => ({
  memoryBytes: 512 * 1024 ** 2,
  threads: 1,
  tempDir: join(dir, "sql"),
  timeoutMs: 30_000,
  maxRows: 1_000_000,
});

async function encoded(lake: Lake, dir: string, sql: string, format: FormatName): Promise<Buffer> {
  await using result = await runQuery(tablesOf(lake), { sql }, limits(dir));
  return await buffer(encodeResult(result, format));
}

describe("JSON", () => {
  test("holds every value without loss", async ({ lake, dir }) => {
    const document = JSON.parse(String(await encoded(lake, dir, EVERYTHING, "json")));
    expect(document.rowCount).toBe(2);
    expect(document.columns[4]).toEqual({ name: "i64", type: "BIGINT" });
    expect(document.rows[0]).toEqual({
      bool: true,
      i8: 127,
      i16: -32768,
      i32: 2147483647,
      i64: "9223372036854775807",
      safe: 9007199254740991,
      i128: "170141183460469231731687303715884105727",
      f32: 1.5,
      f64: 0.1,
      dec: "-12345678901234567890.123456",
      str: 'ä "quoted", 🙂\nline',
      bin: "AP8=",
      day: "2024-02-29",
      tz: "2024-02-29T12:34:56.789012Z",
      ntz: "1969-12-31T23:59:59.999999",
      list: [1, null, 3],
      struct: { a: 1, b: "x" },
      textmap: { k: 1, l: null },
      intmap: [[1, "one"]],
      uuid: "00000000-0000-0000-0000-000000000001",
    });
    expect(Object.values(document.rows[1]).every((value) => value === null)).toBe(true);
  });

  test.for([
    ["'NaN'::double", "NaN"],
    ["'infinity'::double", "Infinity"],
    ["'-infinity'::double", "-Infinity"],
    ["date '0001-01-01'", "0001-01-01"],
    ["date '9999-12-31'", "9999-12-31"],
    ["'infinity'::date", "infinity"],
    ["'-infinity'::timestamptz", "-infinity"],
    ["timestamptz '0000-01-01 00:00:00+00'", "0000-01-01T00:00:00Z"],
    ["timestamp '9999-12-31 23:59:59.999'", "9999-12-31T23:59:59.999"],
    ["timestamp '1969-12-31 23:59:58.5'", "1969-12-31T23:59:58.500"],
    ["timestamp_ns '2024-01-01 00:00:00.000000001'", "2024-01-01T00:00:00.000000001"],
    ["timestamp_s '2024-01-01 00:00:00'", "2024-01-01T00:00:00"],
    ["time '12:34:56'", "12:34:56"],
    ["union_value(n := 1)", { n: 1 }],
    ["(-0.5)::decimal(4, 2)", "-0.50"],
  ] as const)("writes %s as %j", async ([sql, value], { lake, dir }) => {
    const document = JSON.parse(String(await encoded(lake, dir, `select ${sql} as v`, "json")));
    expect(document.rows[0].v).toEqual(value);
  });

  test("without rows is whole, and names that repeat are told apart", async ({ lake, dir }) => {
    expect(
      JSON.parse(String(await encoded(lake, dir, "select 1 as a, 2 as a where false", "json"))),
    ).toMatchObject({
      columns: [{ name: "a" }, { name: "a_1" }],
      rows: [],
      rowCount: 0,
    });
    expect(String(await encoded(lake, dir, "select 1 where false", "ndjson"))).toBe("");
  });
});

test("NDJSON read back by the engine is what was asked", async ({ lake, dir }) => {
  const sql =
    "select range as id, 'n' || range as name, [range, null] as list, {'a': range / 2} as s from range(5000)";
  const file = join(dir, "rows.ndjson");
  await writeFile(file, await encoded(lake, dir, sql, "ndjson"));
  const back = await (await lake.duckdb()).connect();
  const different = await back.runAndReadAll(
    `select count(*) from ((from read_json('${file}')) except all (${sql}))`,
  );
  expect(different.getRows()).toEqual([[0n]]);
});

test("CSV read back by the engine is what was asked, nulls apart from empty text", async ({ lake, dir }) => {
  const sql = `select * from (values (1, 'plain', null), (2, '', 1.5), (null, 'a,"b"' || chr(10) || 'c', 'NaN'::double), (4, ' x ', 'infinity'::double)) t(i, s, d)`;
  const file = join(dir, "rows.csv");
  await writeFile(file, await encoded(lake, dir, sql, "csv"));
  const back = await (await lake.duckdb()).connect();
  const read = `from read_csv('${file}', header = true, columns = {i: 'INTEGER', s: 'VARCHAR', d: 'DOUBLE'}, allow_quoted_nulls = false)`;
  const different = await back.runAndReadAll(
    `select (select count(*) from (${read} except all (${sql}))), (select count(*) from ((${sql}) except all ${read}))`,
  );
  expect(different.getRows()).toEqual([[0n, 0n]]);
});

test("Parquet read back by the engine has the rows and the types", async ({ lake, dir }) => {
  const file = join(dir, "rows.parquet");
  const sql = EVERYTHING.replace(
    "170141183460469231731687303715884105727",
    "99999999999999999999999999999999999999",
  );
  await writeFile(file, await encoded(lake, dir, sql, "parquet"));
  const back = await (await lake.duckdb()).connect();
  const types = await back.runAndReadAll(`select column_type from (describe from '${file}')`);
  expect(types.getColumns()[0]).toContain("TIMESTAMP WITH TIME ZONE");
  const [expected, read] = await Promise.all(
    [`(${sql})`, `'${file}'`].map(async (source) =>
      (await back.runAndReadAll(`from ${source}`)).getRowsJson(),
    ),
  );
  expect(read).toEqual(expected);
});

test("Parquet refuses a number that it cannot hold before a byte is sent", async ({ lake, dir }) => {
  const huge = "select 170141183460469231731687303715884105727::hugeint as i";
  await expect(encoded(lake, dir, huge, "parquet")).rejects.toMatchObject({ name: "QueryError" });
});

describe("Arrow", () => {
  const arrow = async (lake: Lake, dir: string, sql: string): Promise<Table> =>
    tableFromIPC(await encoded(lake, dir, sql, "arrow"));

  test("has the engine's types and values", async ({ lake, dir }) => {
    const table = await arrow(lake, dir, EVERYTHING);
    expect(Object.fromEntries(table.schema.fields.map(({ name, type }) => [name, String(type)]))).toEqual({
      bool: "Bool",
      i8: "Int8",
      i16: "Int16",
      i32: "Int32",
      i64: "Int64",
      safe: "Int64",
      i128: "Decimal[38e0]",
      f32: "Float32",
      f64: "Float64",
      dec: "Decimal[38e+6]",
      str: "Utf8",
      bin: "Binary",
      day: "Date32<DAY>",
      tz: "Timestamp<MICROSECOND, UTC>",
      ntz: "Timestamp<MICROSECOND>",
      list: "List<Int32>",
      struct: "Struct<{a:Int32, b:Utf8}>",
      textmap: "Map<{key:Utf8, value:Int32}>",
      intmap: "Map<{key:Int32, value:Utf8}>",
      uuid: "Utf8",
    });
    const column = (name: string) => table.getChild(name)?.get(0);
    expect(column("bool")).toBe(true);
    expect(column("i64")).toBe(9223372036854775807n);
    expect(wide(column("i128"))).toBe(170141183460469231731687303715884105727n);
    expect(wide(column("dec"))).toBe(-12345678901234567890123456n);
    expect(column("str")).toBe('ä "quoted", 🙂\nline');
    expect([...column("bin")]).toEqual([0, 255]);
    expect(new Date(column("day")).toISOString()).toBe("2024-02-29T00:00:00.000Z");
    const microseconds = (name: string) => table.getChild(name)?.data[0]?.values[0];
    expect(microseconds("tz")).toBe(BigInt(Date.UTC(2024, 1, 29, 12, 34, 56, 789)) * 1000n + 12n);
    expect(microseconds("ntz")).toBe(-1n);
    expect([...column("list")]).toEqual([1, null, 3]);
    expect(column("struct").toJSON()).toEqual({ a: 1, b: "x" });
    expect(column("textmap").toJSON()).toEqual({ k: 1, l: null });
    for (const { name } of table.schema.fields) expect(table.getChild(name)?.get(1)).toBeNull();
  });

  test("holds all rows of all chunks, and of none", async ({ lake, dir }) => {
    const sql =
      "select range as id, case when range % 3 = 0 then null else 's' || range end as s from range(10000)";
    const table = await arrow(lake, dir, sql);
    expect(table.numRows).toBe(10_000);
    expect(table.get(9_998)?.toJSON()).toEqual({ id: 9998n, s: "s9998" });
    expect(table.getChild("s")?.nullCount).toBe(3334);
    expect((await arrow(lake, dir, "select 1 as a where false")).schema.fields).toHaveLength(1);
  });

  test("nests as deep as the engine", async ({ lake, dir }) => {
    const sql = `select [{'m': map {'k': [1, null]}}, null] as deep from range(3) union all select null`;
    const table = await arrow(lake, dir, sql);
    expect(JSON.parse(JSON.stringify(table.getChild("deep")?.get(2)))).toEqual([
      { m: { k: [1, null] } },
      null,
    ]);
    expect(table.getChild("deep")?.get(3)).toBeNull();
  });
});

describe("a stream", () => {
  test("that fails half-way says so, where the engine's own only ends", async ({ lake }) => {
    const sql = "select case when range = 4900000 then error('late') else range end as n from range(5000000)";
    const connection = await (await lake.duckdb()).connect();
    const raw = await connection.stream(sql);
    let seen = 0;
    for (let chunk = await raw.fetchChunk(); chunk?.rowCount; chunk = await raw.fetchChunk())
      seen += chunk.rowCount;
    expect(seen).toBeLessThan(5_000_000);

    const stream = await streamRows(connection, sql);
    const drain = async () => {
      for await (const _ of stream.chunks());
    };
    await expect(drain()).rejects.toThrow(/half-way/);
  });

  test("is taken piece by piece", async ({ lake, dir }) => {
    await using result = await runQuery(tablesOf(lake), { sql: "from range(100000)" }, limits(dir));
    const pieces: string[] = [];
    for await (const piece of encodeResult(result, "ndjson")) {
      pieces.push(String(piece));
      if (pieces.length === 2) break;
    }
    expect(Math.max(...pieces.map((piece) => piece.split("\n").length))).toBeLessThan(10_000);
  });
});

test("A result that is closed while it is read ends with an error, not the process", async ({
  lake,
  dir,
}) => {
  const result = await runQuery(tablesOf(lake), { sql: "from range(1000000)" }, limits(dir));
  const reading = buffer(encodeResult(result, "arrow"));
  await Promise.all([
    expect(reading).rejects.toThrow("The result is closed."),
    result[Symbol.asyncDispose](),
  ]);
});

test("Text in a cell is itself, and anything nested is JSON", () => {
  expect(cellText(cellOf("a"))).toBe("a");
  expect(cellText([1, null])).toBe("[1,null]");
  expect(cellText(null)).toBe("");
});

test("The pieces of a text format join to text", async ({ lake, dir }) => {
  await using result = await runQuery(tablesOf(lake), { sql: "select 1 as a" }, limits(dir));
  expect(await text(encodeResult(result, "csv"))).toBe("a\r\n1\r\n");
});

/** A 128-bit number as Arrow's JavaScript gives it: four words, the lowest first. */
function wide(words: Uint32Array): bigint {
  const unsigned = [...words].reduceRight((sum, word) => (sum << 32n) + BigInt(word), 0n);
  return BigInt.asIntN(128, unsigned);
}
