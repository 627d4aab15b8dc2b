import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { DuckDBConnection } from "@duckdb/node-api";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { importCsv } from "../../../data/sequences/sources/import.ts";
import { findSource } from "../../../data/sequences/sources/source-file.ts";
import { type SourceTable, sourceTables } from "../../../data/sequences/sources/tables.ts";
import { type DuckDB, openDuckDB } from "../../../data/sql/duckdb.ts";

let duckdb: DuckDB;
let connection: DuckDBConnection;
let dir: string;

beforeEach(async () => {
  duckdb ??= await openDuckDB({ memoryBytes: 1e9, threads: 2, tempDir: tmpdir() });
  connection = await duckdb.connect();
  dir = await mkdtemp(join(tmpdir(), "sources-"));
});
afterEach(() => rm(dir, { recursive: true }));
afterAll(() => duckdb[Symbol.dispose]());

const labs = sourceTables.find((table) => table.name === "labevents") as SourceTable;
const header = "labevent_id,subject_id,hadm_id,itemid,charttime,valuenum,comments";

async function read(
  content: string | Buffer,
  { name = "labevents.csv", onBadRow = "skip" as "skip" | "fail" } = {},
) {
  await writeFile(join(dir, name), content);
  const file = await findSource(dir, labs);
  if (!file) throw new Error("the file is not found");
  const result = await importCsv(connection, file, onBadRow, async (sql) => {
    await connection.run(`create or replace temp table labs as ${sql}`);
  });
  const reader = await connection.runAndReadAll("from labs order by labevent_id");
  return { ...result, rows: reader.getRowsJson() };
}

describe("importCsv", () => {
  test("takes a byte order mark, carriage returns, quoted line ends, doubled quotes and blank lines", async () => {
    const { rows, rejects } = await read(
      `\uFEFF${header}\r\n1,1,100,5,2150-01-01 10:00:00,1.5,"two\r\nlines ""q"""\r\n\r\n2,1,,5,2150-01-01T10:00,,""\r\n`,
    );

    expect(rejects).toBe(0);
    expect(rows).toEqual([
      [1, 1, 100, 5, "2150-01-01 10:00:00", 1.5],
      [2, 1, null, 5, "2150-01-01 10:00:00", null],
    ]);
  });

  test("lists each bad row once, with the line it begins on and no word of its content", async () => {
    const { rows, rejects, examples } = await read(
      [
        header,
        '1,1,100.0,5,2150-01-01 10:00:00,1.5,"two',
        'lines ""q"""',
        "2,1,100.5,5,2150-01-01 10:00:00,1.5,",
        "",
        "3,1,0x10,5,2150/01/01 10:00:00,x,",
        "4,1",
        "5,1,,5,2150-01-01,inf,fine",
        '6,1,,5,2150-01-01 10:00:00+02,,"a"b',
        "7,1,99999999999,5,,nan,",
      ].join("\n"),
    );

    expect(rows.map(([id]) => id)).toEqual([1, 5]);
    expect(rejects).toBe(5);
    expect(examples.map(({ line }) => line)).toEqual([4, 6, 7, 9, 10]);
    expect(examples[1]?.reason).toBe("hadm_id is no id; charttime is no timestamp; valuenum is no double");
    expect(JSON.stringify(examples)).not.toMatch(/100\.5|0x10|2150/);
  });

  test("takes no time for one that is none of a calendar of four digits a year", async () => {
    const times = [
      "2150-01-01 10:00:00",
      "infinity",
      "10000-01-01 10:00:00",
      "2150-13-01 10:00:00",
      "0044-03-15 (BC) 00:00:00",
    ];
    const { rows, examples } = await read(
      [header, ...times.map((time, index) => `${index},1,,5,${time},1,`)].join("\n"),
    );

    expect(rows.map(([id]) => id)).toEqual([0]);
    expect(new Set(examples.map(({ reason }) => reason))).toEqual(new Set(["charttime is no timestamp"]));
  });

  test("counts a row of bytes that are no UTF-8 as bad", async () => {
    const bad = Buffer.concat([
      Buffer.from(`${header}\n1,1,,5,,1,`),
      Buffer.from([0xff, 0xfe]),
      Buffer.from("\n2,1,,5,,1,fine\n"),
    ]);
    const { rows, rejects } = await read(bad);

    expect([rows.length, rejects]).toEqual([1, 1]);
  });

  test("refuses the whole file on a bad row when asked to, naming the line", async () => {
    await expect(read(`${header}\n1,1,,5,,1,\n2,x,,5,,1,\n`, { onBadRow: "fail" })).rejects.toThrow(
      /labevents: 1 bad rows; line 3: subject_id is no id.*--on-bad-row skip/,
    );
  });

  test("refuses a quote that is never closed in every mode", async () => {
    await expect(read(`${header}\n1,1,,5,,1,"never\n2,1,,5,,1,\n`)).rejects.toThrow(
      /opens on line 2 is never closed/,
    );
  });

  test("refuses a gzip that is cut short or damaged, which DuckDB alone would load in part", async () => {
    const whole = gzipSync(
      `${header}\n${Array.from({ length: 20_000 }, (_, i) => `${i},1,,5,,${i},`).join("\n")}\n`,
    );
    const name = "labevents.csv.gz";
    await expect(read(whole.subarray(0, whole.length - 9), { name })).rejects.toThrow(/damaged or cut short/);
    const flipped = Buffer.from(whole);
    flipped.writeUInt32LE(0, whole.length - 8);
    await expect(read(flipped, { name })).rejects.toThrow(/damaged or cut short/);

    expect((await read(whole, { name })).rows.length).toBe(20_000);
  });

  test("names every required column that is missing, a doubled one, and an absent header", async () => {
    await expect(read("labevent_id,subject_id\n1,1\n")).rejects.toThrow(
      /lacks hadm_id, itemid, charttime, valuenum/,
    );
    await expect(read(`${header},valuenum\n`)).rejects.toThrow(/column valuenum twice/);
    await expect(read(`${header},\n`)).rejects.toThrow(/no name for column 8/);
    await expect(read("")).rejects.toThrow(/no header/);
  });

  test("prefers hosp/ to the folder and a plain file to a gzipped one", async () => {
    await writeFile(join(dir, "labevents.csv.gz"), gzipSync(`${header}\n`));
    expect((await findSource(dir, labs))?.gzipped).toBe(true);
    await writeFile(join(dir, "labevents.csv"), `${header}\n`);
    expect((await findSource(dir, labs))?.gzipped).toBe(false);
  });

  test("keeps the columns it knows and names the others", async () => {
    await writeFile(join(dir, "labevents.csv"), `${header}\n`);
    const file = await findSource(dir, labs);

    expect([...(file?.fields.keys() ?? [])]).toEqual(header.split(",").slice(0, 6));
    expect(file?.unknown).toEqual(["comments"]);
  });
});
