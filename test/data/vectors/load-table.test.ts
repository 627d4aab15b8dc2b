import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { z } from "zod";
import type { Lake, TableName } from "../../../data/lake.ts";
import { formatOf } from "../../../data/vectors/file-formats.ts";
import { work as convert } from "../../../data/vectors/files/convert.thread.ts";
import { VectorFileError } from "../../../data/vectors/files/vector-file.ts";
import { type FileToLoad, loadTable } from "../../../data/vectors/load-table.ts";
import { test } from "../../support/test.ts";

function load(lake: Lake, path: string, mode: FileToLoad["mode"] = "create") {
  return loadTable(
    lake,
    { path, table: "corpus.loaded", format: formatOf(path), mode },
    {
      signal: new AbortController().signal,
      convert: (_module, input) => convert(input, () => undefined),
    },
  );
}

async function rowsOf(lake: Lake, table: TableName = "corpus.loaded") {
  const sql = await (await lake.table(table).snapshot()).readSql();
  const [row] = await (await lake.duckdb()).query(
    z.object({ rows: z.string() }),
    `select to_json(list(t order by id))::varchar as rows from (${sql}) t`,
  );
  return JSON.parse(row?.rows ?? "[]") as unknown[];
}

/** A NumPy file, written as its format document says: the header ends in a newline and fills up to 64 bytes. */
function npy(
  numbers: Float32Array | Float64Array,
  shape: readonly number[],
  { major = 1, descr = numbers instanceof Float32Array ? "<f4" : "<f8", fortran = "False" } = {},
): Buffer {
  const text = `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': (${shape.join(", ")}${shape.length === 1 ? "," : ""}), }`;
  const width = major === 1 ? 2 : 4;
  const padding = 64 - ((8 + width + text.length + 1) % 64);
  const header = `${text}${" ".repeat(padding % 64)}\n`;
  const prefix = Buffer.alloc(8 + width);
  prefix.write("\u0093NUMPY", "latin1");
  prefix[6] = major;
  if (width === 2) prefix.writeUInt16LE(header.length, 8);
  else prefix.writeUInt32LE(header.length, 8);
  return Buffer.concat([prefix, Buffer.from(header, "latin1"), Buffer.from(numbers.buffer)]);
}

function fvecs(vectors: readonly (readonly number[])[]): Buffer {
  return Buffer.concat(
    vectors.map((vector) =>
      Buffer.concat([
        Buffer.from(Int32Array.of(vector.length).buffer),
        Buffer.from(Float32Array.from(vector).buffer),
      ]),
    ),
  );
}

const twoVectors = [
  { id: 0, vector: [1, 2.5, -3] },
  { id: 1, vector: [0.25, 0, 8] },
];
const numbers = [1, 2.5, -3, 0.25, 0, 8];

describe("a file of vectors becomes a table of ids from 0 and vectors", () => {
  test.for([1, 2, 3])("float32 in a .npy of version %i", async (major, { dir, lake }) => {
    const path = join(dir, "a.npy");
    await writeFile(path, npy(Float32Array.from(numbers), [2, 3], { major }));

    await load(lake, path);

    expect(await rowsOf(lake)).toEqual(twoVectors);
    const { columns } = await lake.table("corpus.loaded").snapshot();
    expect(columns.map(({ name, type }) => [name, type])).toEqual([
      ["id", "long"],
      ["vector", { type: "array", elementType: "float", containsNull: true }],
    ]);
  });

  test("float64 in a .npy", async ({ dir, lake }) => {
    const path = join(dir, "a.npy");
    await writeFile(path, npy(Float64Array.from(numbers), [2, 3]));

    await load(lake, path);

    expect(await rowsOf(lake)).toEqual(twoVectors);
  });

  test("an .fvecs of more rows than DuckDB takes at a time", async ({ dir, lake }) => {
    const path = join(dir, "a.fvecs");
    await writeFile(path, fvecs(Array.from({ length: 5_000 }, (_, i) => [i, -i])));

    await load(lake, path);

    const rows = await rowsOf(lake);
    expect(rows).toHaveLength(5_000);
    expect(rows[4_999]).toEqual({ id: 4_999, vector: [4_999, -4_999] });
  });
});

describe("a file that is not what it is said to be is refused, and leaves no table", () => {
  test.for<[string, string, Buffer, RegExp]>([
    ["a .npy cut short", "a.npy", npy(Float32Array.from(numbers), [2, 3]).subarray(0, -4), /promises 2 × 3/],
    ["a .npy of three dimensions", "a.npy", npy(Float32Array.from(numbers), [1, 2, 3]), /shape \(1, 2, 3\)/],
    ["a .npy of whole numbers", "a.npy", npy(Float32Array.from(numbers), [2, 3], { descr: "<i4" }), /<i4/],
    [
      "a .npy in Fortran order",
      "a.npy",
      npy(Float32Array.from(numbers), [2, 3], { fortran: "True" }),
      /C order/,
    ],
    ["a .npy of version 9", "a.npy", npy(Float32Array.from(numbers), [2, 3], { major: 9 }), /form 9/],
    ["a .npy that is text", "a.npy", Buffer.from("not an array at all"), /does not begin/],
    ["an empty .npy", "a.npy", Buffer.alloc(0), /too short/],
    ["an .fvecs cut short", "a.fvecs", fvecs([[1, 2, 3]]).subarray(0, -2), /cut short/],
    ["an .fvecs of two lengths", "a.fvecs", fvecs([[1, 2, 3], [1], [1]]), /Vector 1 has 1|no whole number/],
    ["a .parquet that is text", "a.parquet", Buffer.from("PAR0"), /cannot be read/],
  ])("%s", async ([, name, bytes, message], { dir, lake }) => {
    const path = join(dir, name);
    await writeFile(path, bytes);

    const loading = load(lake, path);

    await expect(loading).rejects.toThrow(message);
    await expect(loading).rejects.toBeInstanceOf(VectorFileError);
    expect(await lake.table("corpus.loaded").exists()).toBe(false);
  });

  test("a file that is not there", async ({ dir, lake }) => {
    await expect(load(lake, join(dir, "none.csv"))).rejects.toThrow(/no such file/);
  });

  test("a name that does not say what the file holds", () => {
    expect(() => formatOf("vectors.bin")).toThrow(/ending is one of .*\.npy/);
  });
});

describe("a table from a file of rows", () => {
  test("CSV and NDJSON give the same rows, and the columns are inferred", async ({ dir, lake }) => {
    await writeFile(join(dir, "a.csv"), "id,note\n1,one\n2,two\n");
    await writeFile(join(dir, "b.ndjson"), '{"id":1,"note":"one"}\n{"id":2,"note":"two"}\n');

    await load(lake, join(dir, "a.csv"));
    const fromCsv = await rowsOf(lake);
    await load(lake, join(dir, "b.ndjson"), "replace");

    expect(fromCsv).toEqual([
      { id: 1, note: "one" },
      { id: 2, note: "two" },
    ]);
    expect(await rowsOf(lake)).toEqual(fromCsv);
  });

  test("the same file again changes nothing, and another needs to be told what to do", async ({
    dir,
    lake,
  }) => {
    const path = join(dir, "a.csv");
    await writeFile(path, "id,note\n1,one\n");
    const first = await load(lake, path);

    const again = await load(lake, path);
    await writeFile(path, "id,note\n2,two\n");

    expect(again).toMatchObject({ outcome: "unchanged", version: first.version });
    await expect(load(lake, path)).rejects.toThrow(/exists already/);
    await load(lake, path, "append");
    expect(await rowsOf(lake)).toEqual([
      { id: 1, note: "one" },
      { id: 2, note: "two" },
    ]);
  });
});
