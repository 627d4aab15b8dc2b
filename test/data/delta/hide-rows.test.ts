import { join } from "node:path";
import { describe, expect } from "vitest";
import { z } from "zod";
import type { Table } from "../../../data/delta/table.ts";
import type { Lake } from "../../../data/lake.ts";
import { openLake } from "../../../data/open-lake.ts";
import { openFolder } from "../../../data/storage/folder.ts";
import { test } from "../../support/test.ts";
import { features, foreignTable, metaData } from "./foreign-table.ts";
import { inlineVector } from "./roaring-writer.ts";
import { slowWriter } from "./slow-writer.ts";
import { changes, content, createTable, logText, objects, rows } from "./written-table.ts";

const hiding = { "delta.enableDeletionVectors": "true" };

/** A table of one file with rows 0 to `count`. */
async function tableOf(lake: Lake, count: number, properties: Record<string, string> = {}): Promise<Table> {
  const table = await createTable(lake, { properties: { ...hiding, ...properties } });
  await table.append({ sql: `select i as id, 'n' || i as name, 'x' as seen from range(${count}) r(i)` });
  return table;
}

async function liveFiles(lake: Lake): Promise<string[]> {
  return (await objects(lake)).filter((key) => key.startsWith("part-"));
}

const vectorFiles = async (lake: Lake) => (await objects(lake)).filter((key) => key.endsWith(".bin"));

describe("a table that hides rows", () => {
  test("asks its readers to know of it", async ({ lake }) => {
    const table = await tableOf(lake, 1);

    expect((await table.snapshot()).protocol).toEqual({
      minReaderVersion: 3,
      minWriterVersion: 7,
      readerFeatures: ["deletionVectors"],
      writerFeatures: ["changeDataFeed", "deletionVectors"],
    });
  });

  test("of vectors, read as two halves, tells each row that is left once and in order", async ({ lake }) => {
    const table = lake.table("test.arrays");
    await table.ensure({
      columns: [
        { name: "id", type: "long", nullable: false },
        {
          name: "vector",
          type: { type: "array", elementType: "float", containsNull: false },
          nullable: false,
        },
      ],
      properties: hiding,
    });
    await table.append({ sql: "select i as id, [i::float, 1] as vector from range(40000) r(i) order by i" });
    await table.delete("id % 1000 = 7");

    const sql = await (await table.snapshot()).readSql();

    expect(sql.match(/file_row_number (<|>=) 20000/g)).toHaveLength(2);
    const duckdb = await lake.duckdb();
    const row = z.object({ n: z.coerce.number(), ids: z.coerce.number(), gone: z.coerce.number() });
    const counted = `select count(*) as n, count(distinct id) as ids,
      count(*) filter (where id % 1000 = 7) as gone from (${sql})`;
    expect(await duckdb.query(row, counted)).toEqual([{ n: 39_960, ids: 39_960, gone: 0 }]);
    const connection = await duckdb.connect();
    await connection.run("set preserve_insertion_order = true");
    const ids =
      (await connection.runAndReadAll(`select id from (${sql})`)).getColumns()[0]?.map(Number) ?? [];
    connection.closeSync();
    expect(ids.every((id, at) => at === 0 || id > (ids[at - 1] ?? 0))).toBe(true);
  });

  test("keeps the file of which a merge changes few rows", async ({ lake }) => {
    const table = await tableOf(lake, 100);
    const [file = ""] = await liveFiles(lake);

    const result = await table.merge(rows("7, 'new', 'y'", "200, 'more', 'y'"), { key: ["id"] });

    expect(result.rows).toEqual({ inserted: 1, updated: 1, deleted: 0 });
    const log = await logText(lake, 2);
    expect(log).toContain(`"add":{"path":"${file}"`);
    expect(log).toContain('\\"numRecords\\":100');
    expect(log).toContain('\\"tightBounds\\":false');
    expect(log).toContain('"cardinality":1');
    const after = await content(lake, table);
    expect(after).toHaveLength(101);
    expect((await table.snapshot()).rowCount()).toBe(101);
    expect(after.filter((row) => row.includes("'id': 7,"))).toEqual(["{'id': 7, 'name': new, 'seen': y}"]);
    expect(await changes(lake, table, 2)).toEqual([
      "{'id': 200, 'name': more, 'seen': y, '_change_type': insert, '_commit_version': 2}",
      "{'id': 7, 'name': n7, 'seen': x, '_change_type': update_preimage, '_commit_version': 2}",
      "{'id': 7, 'name': new, 'seen': y, '_change_type': update_postimage, '_commit_version': 2}",
    ]);
    expect((await table.merge(rows("7, 'new', 'y'"), { key: ["id"] })).outcome).toBe("unchanged");
  });

  test("writes the file anew that would hide more than a quarter", async ({ lake }) => {
    const table = await tableOf(lake, 8);
    await table.delete("id in (1, 2)");
    expect(await logText(lake, 2)).toContain('"cardinality":2');
    expect(await liveFiles(lake)).toHaveLength(1);

    await table.delete("id = 3");

    expect((await logText(lake, 3)).split("\n").filter((line) => line.startsWith('{"add"'))).toEqual([
      expect.not.stringContaining("deletionVector"),
    ]);
    expect(await content(lake, table)).toHaveLength(5);
    expect(await changes(lake, table, 2)).toHaveLength(3);
  });

  test("tells the rows that it deletes, and only them", async ({ lake }) => {
    const table = await tableOf(lake, 100);
    const before = await liveFiles(lake);

    await table.delete("id = 3");
    const result = await table.delete("id in (3, 5, 6)");

    expect(result.rows.deleted).toBe(2);
    expect(await liveFiles(lake)).toEqual(before);
    expect(await logText(lake, 3)).toContain('{"cdc":');
    expect(await changes(lake, table, 3)).toEqual([
      "{'id': 5, 'name': n5, 'seen': x, '_change_type': delete, '_commit_version': 3}",
      "{'id': 6, 'name': n6, 'seen': x, '_change_type': delete, '_commit_version': 3}",
    ]);
    expect((await table.delete("id = 3")).outcome).toBe("unchanged");
  });

  test("keeps long vectors of one commit in one file, which vacuum knows", async ({ dir, lake }) => {
    const table = await tableOf(lake, 4_000, { "delta.enableChangeDataFeed": "false" });
    await table.append({ sql: "select i as id, 'n' as name, 'x' as seen from range(4000, 8000) r(i)" });

    await table.delete("id % 5 = 0");

    const vectors = await vectorFiles(lake);
    expect(vectors).toHaveLength(1);
    expect((await table.vacuum({ retentionMs: 0, force: true })).files).toEqual([]);
    await using other = await openLake({
      storage: openFolder(join(dir, "lake")),
      duckdb: { memoryBytes: 2 ** 28, threads: 1, tempDir: dir },
    });
    expect(await content(other, other.table("test.people"))).toHaveLength(6_400);

    await table.optimize();
    expect(await logText(lake, 4)).not.toContain('"dataChange":true');
    expect(await changes(lake, table, 4)).toEqual([]);
    expect(await content(lake, table)).toHaveLength(6_400);
    // What the retention still covers stays, and goes with the files that it belongs to.
    expect((await table.vacuum()).files).toEqual([]);
    await table.vacuum({ retentionMs: 0, force: true });
    expect(await vectorFiles(lake)).toEqual([]);
    await expect(table.restore({ version: 3 })).rejects.toThrow(/vacuum has removed/);
  });

  test("reads and writes many files with hidden rows as it does few", async ({ lake }) => {
    const table = await createTable(lake, { partitionBy: ["seen"], properties: hiding });
    await table.append({
      sql: "select i as id, 'n' || i as name, 's' || i // 10 as seen from range(400) r(i)",
    });
    expect((await table.delete("id % 10 = 3")).files).toEqual({ added: 40, removed: 40 });

    const result = await table.merge(
      {
        sql: "select i as id, 'm' as name, 's' || i // 10 as seen from range(400) r(i) where i % 100 in (3, 4)",
      },
      { key: ["id"] },
    );

    expect(result.rows).toEqual({ inserted: 4, updated: 4, deleted: 0 });
    expect(await content(lake, table)).toHaveLength(364);
    expect(await changes(lake, table, 2)).toHaveLength(40 + 4 + 8);
  });

  test("is optimized where much of a file is hidden, and left where little is", async ({ lake }) => {
    const table = await tableOf(lake, 100);
    await table.delete("id < 5");
    expect((await table.optimize({ targetBytes: 1 })).outcome).toBe("unchanged");
    await table.delete("id < 6");

    await table.optimize({ targetBytes: 1 });

    const line = (await logText(lake, 4)).split("\n").find((text) => text.startsWith('{"add"'));
    expect(line).toContain('\\"numRecords\\":94');
    expect(line).not.toContain("deletionVector");
    expect((await table.optimize({ targetBytes: 1 })).outcome).toBe("unchanged");
  });

  test("is restored to what it hid, and to what it did not hide yet", async ({ lake }) => {
    const table = await tableOf(lake, 100);
    await table.delete("id = 1");
    await table.delete("id = 2");

    await table.restore({ version: 2 });
    expect(await changes(lake, table, 4)).toEqual([
      "{'id': 2, 'name': n2, 'seen': x, '_change_type': insert, '_commit_version': 4}",
    ]);
    await table.restore({ version: 1 });

    expect(await content(lake, table)).toHaveLength(100);
    expect((await table.restore({ version: 3 })).rows).toEqual({ inserted: 98, updated: 0, deleted: 100 });
    expect(await content(lake, table)).toHaveLength(98);
  });

  test("is the same table read from its checkpoint", async ({ dir, lake }) => {
    const table = await tableOf(lake, 1_000);
    for (let id = 0; id < 6; id += 1) await table.delete(`id = ${id * 7}`);
    await table.checkpoint();
    const before = await content(lake, table);
    for (let version = 0; version < 7; version += 1)
      await lake.storage.delete(`test/people/_delta_log/${String(version).padStart(20, "0")}.json`);
    await using other = await openLake({
      storage: openFolder(join(dir, "lake")),
      duckdb: { memoryBytes: 2 ** 28, threads: 1, tempDir: dir },
    });
    const read = other.table("test.people");

    expect(await content(other, read)).toEqual(before);
    await read.delete("id = 999");
    expect(await content(other, read)).toHaveLength(993);
  });

  test("overwrites within a condition, and knows the rows that it has", async ({ lake }) => {
    const table = await tableOf(lake, 100);

    await table.overwrite(rows("3, 'three', 'y'", "4, 'n4', 'x'"), { where: "id in (3, 4)" });

    expect(await content(lake, table)).toHaveLength(100);
    const again = rows("4, 'n4', 'x'", "3, 'three', 'y'");
    expect((await table.overwrite(again, { where: "id in (3, 4)" })).outcome).toBe("unchanged");
    expect(await changes(lake, table, 2)).toHaveLength(4);
    const all = { sql: await (await table.snapshot()).readSql() };
    expect((await table.overwrite(all)).outcome).toBe("unchanged");
  });

  test("writes no old value without a change feed, and still tells what changed", async ({ lake }) => {
    const table = await tableOf(lake, 100, { "delta.enableChangeDataFeed": "false" });

    await table.merge(rows("7, 'new', 'y'"), { key: ["id"], deleteMissing: "id in (7, 8)" });

    expect((await objects(lake)).filter((key) => key.startsWith("_change_data"))).toEqual([]);
    expect(await changes(lake, table, 2)).toEqual([
      "{'id': 7, 'name': n7, 'seen': x, '_change_type': delete, '_commit_version': 2}",
      "{'id': 7, 'name': new, 'seen': y, '_change_type': insert, '_commit_version': 2}",
      "{'id': 8, 'name': n8, 'seen': x, '_change_type': delete, '_commit_version': 2}",
    ]);
  });

  test.for([[{}], [{ "delta.enableChangeDataFeed": "false" }]])(
    "compares by what is not provenance, whether keys are read apart or not: %#",
    async ([properties = {}], { lake }) => {
      const table = await tableOf(lake, 100, properties);
      const options = { key: ["id", "seen"], provenance: ["name"] };
      await table.addColumn({ name: "mark", type: "string", nullable: true });
      const source = (mark: string) => ({
        sql: `select i as id, 'other' as name, 'x' as seen, ${mark} as mark from range(90, 110) r(i)`,
      });

      expect((await table.merge(source("if(i < 100, null, 'm')"), options)).rows).toEqual({
        inserted: 10,
        updated: 0,
        deleted: 0,
      });
      expect(
        (await table.merge(source("if(i % 10 = 0, 'n', if(i < 100, null, 'm'))"), options)).rows,
      ).toEqual({
        inserted: 0,
        updated: 2,
        deleted: 0,
      });
      expect((await content(lake, table)).filter((row) => row.includes("'mark': n"))).toHaveLength(2);
      expect(await content(lake, table)).toHaveLength(110);
    },
  );
});

describe("two writers of one file", () => {
  test("hide the rows of both", async ({ lake }) => {
    const table = await tableOf(lake, 100);
    const slow = slowWriter(lake, () => table.delete("id = 1"));

    await slow.merge(rows("2, 'B', 'x'"), { key: ["id"] });

    expect(await logText(lake, 3)).toContain('"readVersion":2');
    const after = await content(lake, table);
    expect(after).toHaveLength(99);
    expect(after.filter((row) => /'id': [12],/.test(row))).toEqual(["{'id': 2, 'name': B, 'seen': x}"]);
  });

  test("lose no row to an optimize of the other", async ({ lake }) => {
    const table = await tableOf(lake, 100);
    await table.append(rows("200, 'a', 'x'"));
    const slow = slowWriter(lake, () => table.delete("id = 1"));

    await slow.optimize();

    expect(await content(lake, table)).toHaveLength(100);
    expect((await content(lake, table)).filter((row) => row.includes("'id': 1,"))).toEqual([]);
  });
});

describe("a table of another writer", () => {
  test("keeps its vectors where ours may not be written", async () => {
    const foreign = await foreignTable();
    const add = await foreign.parquet("part.parquet", "select range as id from range(1000)");
    const stats = JSON.stringify({ numRecords: 1000 });
    await foreign.commit(0, features("deletionVectors"), metaData({ id: "long" }), {
      add: { ...add, stats },
    });

    await foreign.table.delete("id = 3");

    const log = String(await foreign.storage.get("_delta_log/00000000000000000001.json"));
    expect(log).not.toContain("deletionVector");
    expect(await foreign.rows()).toHaveLength(999);
  });

  test("has the rows that it hid hidden still when more are", async () => {
    const foreign = await foreignTable();
    const add = await foreign.parquet("part.parquet", "select range as id from range(1000)");
    const deletionVector = inlineVector([0, 3, 70]);
    const stats = JSON.stringify({ numRecords: 1000, tightBounds: true });
    await foreign.commit(
      0,
      features("deletionVectors"),
      metaData({ id: "long" }, { configuration: hiding }),
      {
        add: { ...add, stats, deletionVector },
      },
    );

    await foreign.table.delete("id in (3, 4)");

    const log = String(await foreign.storage.get("_delta_log/00000000000000000001.json"));
    expect(log).toContain('"cardinality":4');
    expect(log).toContain('{\\"numRecords\\":1000,\\"tightBounds\\":false}');
    expect(await foreign.rows()).toHaveLength(996);
    expect((await foreign.table.delete("id = 70")).outcome).toBe("unchanged");
  });

  test("is not hidden from where nobody told how many rows a file has", async () => {
    const foreign = await foreignTable();
    const add = await foreign.parquet("part.parquet", "select range as id from range(1000)");
    await foreign.commit(
      0,
      features("deletionVectors"),
      metaData({ id: "long" }, { configuration: hiding }),
      { add },
    );

    await foreign.table.delete("id = 3");

    const log = String(await foreign.storage.get("_delta_log/00000000000000000001.json"));
    expect(log).not.toContain("deletionVector");
    expect(await foreign.rows()).toHaveLength(999);
  });
});
