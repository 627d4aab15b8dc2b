import { join } from "node:path";
import { describe, expect } from "vitest";
import { z } from "zod";
import type { Lake } from "../../../data/lake.ts";
import { quote } from "../../../data/sql/duckdb.ts";
import { type VectorSource, vectorBatches } from "../../../data/vectors/hnsw/vector-rows.ts";
import { vectorColumn } from "../../../data/vectors/vectors-table.ts";
import { test } from "../../support/test.ts";

const MIB = 1024 ** 2;
const dimensions = 512;
/** Some 17 MB of vectors. */
const rows = 8_192;
const vectors = `select i::varchar as id, 0::int as chunk,
  list_transform(range(${dimensions}), lambda x: (hash(i * ${dimensions} + x) / 18446744073709551616.0)::float) as vector
  from range(${rows}) t(i)`;

async function idsOf(source: Omit<VectorSource, "dimensions">): Promise<string[]> {
  const ids: string[] = [];
  for await (const batch of vectorBatches({ dimensions, ...source }))
    for (const [at, id] of batch.ids.entries()) {
      expect(batch.vector(at)).toHaveLength(dimensions);
      ids.push(id);
    }
  return ids;
}

async function writeInOneGroup(lake: Lake, dir: string): Promise<string> {
  const path = join(dir, "one-group.parquet");
  await (await lake.duckdb()).run(`copy (${vectors}) to ${quote(path)} (format parquet, compression zstd)`);
  return `select * from read_parquet(${quote(path)})`;
}

describe("reading vectors for a build", () => {
  test("takes far less memory than they fill, for the lake writes them in small groups of rows", async ({
    lake,
    dir,
  }) => {
    const table = lake.table("corpus.vectors");
    const columns = [
      { name: "id", type: "string", nullable: false },
      { name: "chunk", type: "integer", nullable: false },
      vectorColumn,
    ] as const;
    await table.ensure({ columns });
    await table.append({ sql: vectors });
    const sql = await (await table.snapshot()).readSql();
    const little = { tempDir: dir, memoryBytes: 24 * MIB };

    expect(await idsOf({ sql, ...little })).toHaveLength(rows);
    await expect(idsOf({ sql: await writeInOneGroup(lake, dir), ...little })).rejects.toThrow(/memory/i);
  });

  test("goes well with a file that has all in one group, in five times the memory of a page of it", async ({
    lake,
    dir,
  }) => {
    const sql = await writeInOneGroup(lake, dir);
    const [page] = await (await lake.duckdb()).query(
      z.object({ bytes: z.coerce.number(), groups: z.coerce.number() }),
      `select max(total_uncompressed_size) as bytes, count(*) as groups
       from parquet_metadata(${quote(join(dir, "one-group.parquet"))}) where path_in_schema like 'vector%'`,
    );
    expect(page).toMatchObject({ groups: 1 });

    const ids = await idsOf({ sql, tempDir: dir, memoryBytes: 5 * (page?.bytes ?? 0) });

    expect(ids).toEqual(Array.from({ length: rows }, (_, row) => String(row)));
  });

  test("leaves out what it is told to and no other row", async ({ lake, dir }) => {
    const sql = await writeInOneGroup(lake, dir);
    const ids = await idsOf({
      sql,
      except: "(id, chunk) in (('7', 0), ('4000', 0), ('9', 1))",
      tempDir: dir,
    });

    expect(ids).toHaveLength(rows - 2);
    expect(ids).toContain("9");
    expect(ids.filter((id) => id === "7" || id === "4000")).toEqual([]);
  });

  test.for([
    ["of another length", "[1, 2, 3]", /has 3 numbers, and its index 512: refresh the index/],
    ["of zeros", `list_transform(range(${dimensions}), lambda x: 0)`, /zero or not of finite/],
    ["that holds no number", `list_transform(range(${dimensions}), lambda x: 'nan'::float)`, /not of finite/],
    ["that is null", "null", /has no vector/],
  ] as const)("refuses a vector %s", async ([, vector, reason], { dir }) => {
    const sql = `select 'a' as id, 0 as chunk, ${vector}::float[] as vector`;
    await expect(idsOf({ sql, tempDir: dir })).rejects.toThrow(reason);
  });
});
