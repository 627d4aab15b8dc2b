import { randomUUID } from "node:crypto";
import { readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { z } from "zod";
import type { Lake, TableName } from "../../../data/lake.ts";
import { openLake } from "../../../data/open-lake.ts";
import { formatOf } from "../../../data/vectors/file-formats.ts";
import { work as convert } from "../../../data/vectors/files/convert.thread.ts";
import { VectorFileError } from "../../../data/vectors/files/vector-file.ts";
import { type FileToLoad, loadTable } from "../../../data/vectors/load-table.ts";
import { test } from "../../support/test.ts";
import { Crash, crashingStorage } from "../delta/crashing-storage.ts";

function load(lake: Lake, path: string, mode: FileToLoad["mode"] = "create", around: Around = {}) {
  const { job = randomUUID(), signal = new AbortController().signal, meanwhile } = around;
  return loadTable(
    lake,
    { path, table: "corpus.loaded", format: formatOf(path), mode },
    {
      signal,
      txn: { appId: job, version: 1 },
      async convert(_module, input) {
        await meanwhile?.();
        return convert(input, () => undefined);
      },
    },
  );
}

interface Around {
  readonly job?: string;
  readonly signal?: AbortSignal;
  /** Done while the file is read. */
  readonly meanwhile?: () => Promise<unknown>;
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

/** Loads in a process that dies at its writes, one after another, before and after each; tells what it left each time. */
async function loadDying(
  lake: Lake,
  file: {
    readonly dir: string;
    readonly path: string;
    readonly mode: FileToLoad["mode"];
    readonly job: string;
  },
  lookAt: () => Promise<void>,
): Promise<number> {
  for (let at = 1; ; at += 1) {
    for (const afterEffect of [false, true]) {
      await using dying = await openLake({
        storage: crashingStorage(lake.storage, { at, afterEffect }),
        duckdb: {
          memoryBytes: 256 * 1024 ** 2,
          threads: 1,
          tempDir: join(file.dir, `spill-${at}-${afterEffect}`),
        },
      });
      const { mode, job } = file;
      const death = await load(dying, file.path, mode, { job }).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (death === undefined) return at - 1;
      expect(death).toBeInstanceOf(Crash);
      await lookAt();
    }
  }
}

describe("a load that dies", () => {
  const one = [{ id: 1, note: "one" }];

  test("leaves no table or a whole one, and whoever asks again gets the rows", async ({ dir, lake }) => {
    const path = join(dir, "a.csv");
    await writeFile(path, "id,note\n1,one\n");
    let made = 0;

    const deaths = await loadDying(lake, { dir, path, mode: "create", job: "a" }, async () => {
      if (await lake.table("corpus.loaded").exists()) {
        made += 1;
        expect(await rowsOf(lake)).toEqual(one);
      }
      await load(lake, path, "create", { job: "b" });
      expect(await rowsOf(lake)).toEqual(one);
      for (const name of await readdir(join(dir, "lake", "corpus")))
        await rm(join(dir, "lake", "corpus", name), { recursive: true });
    });

    expect(deaths).toBeGreaterThanOrEqual(2);
    expect(made).toBe(1);
  });

  test("adds its rows once, whatever was written in between and though its file is gone", async ({
    dir,
    lake,
  }) => {
    const path = join(dir, "a.csv");
    await writeFile(path, "id,note\n1,one\n");
    const table = lake.table("corpus.loaded");
    for (const afterEffect of [false, true]) {
      await table.ensure({
        columns: [
          { name: "id", type: "long", nullable: true },
          { name: "note", type: "string", nullable: true },
        ],
      });
      const before = (await table.snapshot()).rowCount() ?? 0;
      await using dying = await openLake({
        storage: crashingStorage(lake.storage, { at: 2, afterEffect }),
        duckdb: { memoryBytes: 256 * 1024 ** 2, threads: 1, tempDir: join(dir, `spill-${afterEffect}`) },
      });
      const job = `job-${afterEffect}`;
      await expect(load(dying, path, "append", { job })).rejects.toThrow(Crash);
      expect((await table.snapshot()).rowCount()).toBe(before + (afterEffect ? 1 : 0));
      await table.append({ sql: "select 2::bigint as id, 'two' as note" });
      await table.optimize();
      if (afterEffect) await rm(path);

      const again = await load(lake, path, "append", { job });

      expect(again.outcome).toBe(afterEffect ? "already-applied" : "committed");
      expect((await table.snapshot()).rowCount()).toBe(before + 2);
    }
  });

  test("and had only seemed to finds its own table; another's is refused", async ({ dir, lake }) => {
    const path = join(dir, "a.npy");
    await writeFile(path, npy(Float32Array.from(numbers), [2, 3]));
    const first = () => load(lake, path, "create", { job: "a" });

    const seemedDead = await load(lake, path, "create", { job: "a", meanwhile: first });
    await rm(join(dir, "lake", "corpus", "loaded"), { recursive: true });
    const other = load(lake, path, "create", { job: "b", meanwhile: first });

    expect(seemedDead).toMatchObject({ outcome: "already-applied", version: 0 });
    await expect(other).rejects.toThrow(/exists already/);
    expect(await rowsOf(lake)).toEqual(twoVectors);
    expect(
      (await readdir(join(dir, "lake", "corpus", "loaded"))).filter((name) => /^part/.test(name)),
    ).toHaveLength(1);
  });

  test("may be cancelled before it is the table's, and leaves nothing", async ({ dir, lake }) => {
    const path = join(dir, "a.csv");
    await writeFile(path, "id,note\n1,one\n");
    const cancelled = new AbortController();
    cancelled.abort(new Error("cancelled"));

    await expect(load(lake, path, "create", { signal: cancelled.signal })).rejects.toThrow("cancelled");

    expect(await lake.table("corpus.loaded").exists()).toBe(false);
    expect(
      (await readdir(join(dir, "lake", "corpus", "loaded"))).filter((name) => /^part/.test(name)),
    ).toEqual([]);
    expect(await load(lake, path)).toMatchObject({ outcome: "committed", version: 0 });
  });
});

describe("a table that is there", () => {
  test("gets the rows of one file once for each job that appends it", async ({ dir, lake }) => {
    const path = join(dir, "a.csv");
    await writeFile(path, "id,note\n1,one\n");

    for (const job of ["a", "a", "b"]) await load(lake, path, "append", { job });

    expect(await rowsOf(lake)).toHaveLength(2);
  });

  test("is known to have a file's rows when they were gathered since", async ({ dir, lake }) => {
    await writeFile(join(dir, "a.csv"), "id,note\n1,one\n");
    await writeFile(join(dir, "b.csv"), "id,note\n2,two\n");
    await load(lake, join(dir, "a.csv"));
    await load(lake, join(dir, "b.csv"), "append");
    await lake.table("corpus.loaded").optimize();

    expect(await load(lake, join(dir, "b.csv"))).toMatchObject({ outcome: "unchanged" });
  });

  test("and has never had a row is filled; its first rows are in the change feed", async ({ dir, lake }) => {
    const path = join(dir, "a.csv");
    await writeFile(path, "id,note\n1,one\n");
    const columns = [
      { name: "id", type: "long", nullable: true },
      { name: "note", type: "string", nullable: true },
    ] as const;
    await lake.table("corpus.loaded").ensure({ columns });

    await load(lake, path);
    await rm(join(dir, "lake", "corpus", "loaded"), { recursive: true });
    await load(lake, path);

    const table = lake.table("corpus.loaded");
    expect((await table.history()).map(({ operation }) => operation)).toEqual(["CREATE TABLE AS SELECT"]);
    const changes = await (await lake.duckdb()).query(
      z.object({ id: z.coerce.number(), _change_type: z.string() }),
      `select id, _change_type from (${await table.changesSql({ from: 0 })})`,
    );
    expect(changes).toEqual([{ id: 1, _change_type: "insert" }]);
  });
});
