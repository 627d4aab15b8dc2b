import { describe, expect } from "vitest";
import { test } from "../../support/test.ts";
import { slowWriter, writer } from "./slow-writer.ts";
import { changes, content, createTable, logText, rows } from "./written-table.ts";

describe("two writers", () => {
  test("that append both win, without doing the work again", async ({ lake }) => {
    const table = await createTable(lake);
    const slow = slowWriter(lake, () => table.append(rows("1, 'a', 'x'")));

    const result = await slow.append(rows("2, 'b', 'x'"));

    expect(result.version).toBe(2);
    expect(await logText(lake, 2)).toContain('"readVersion":0');
    expect(await content(lake, table)).toHaveLength(2);
  });

  test("that merge keys of different files both win", async ({ lake }) => {
    const table = await createTable(lake);
    await table.append(rows("1, 'a', 'x'"));
    await table.append(rows("2, 'b', 'x'"));
    const slow = slowWriter(lake, () => table.merge(rows("1, 'A', 'x'"), { key: ["id"] }));

    await slow.merge(rows("2, 'B', 'x'", "3, 'C', 'x'"), { key: ["id"] });

    expect(await logText(lake, 4)).toContain('"readVersion":2');
    expect(await content(lake, table)).toEqual([
      "{'id': 1, 'name': A, 'seen': x}",
      "{'id': 2, 'name': B, 'seen': x}",
      "{'id': 3, 'name': C, 'seen': x}",
    ]);
  });

  test("that insert the same key leave one row", async ({ lake }) => {
    const table = await createTable(lake);
    const slow = slowWriter(lake, () => table.merge(rows("1, 'first', 'x'"), { key: ["id"] }));

    const result = await slow.merge(rows("1, 'second', 'x'"), { key: ["id"] });

    expect(result).toMatchObject({ version: 2, rows: { inserted: 0, updated: 1, deleted: 0 } });
    expect(await content(lake, table)).toEqual(["{'id': 1, 'name': second, 'seen': x}"]);
    expect(await changes(lake, table, 2)).toHaveLength(2);
  });

  test("that change rows of one file have both changes in the end", async ({ lake }) => {
    const table = await createTable(lake);
    await table.append(rows("1, 'a', 'x'", "2, 'b', 'x'"));
    const slow = slowWriter(lake, () => table.delete("id = 1"));

    await slow.merge(rows("2, 'B', 'x'"), { key: ["id"] });

    expect(await content(lake, table)).toEqual(["{'id': 2, 'name': B, 'seen': x}"]);
  });

  test("insert a row that the other deleted while it was found unchanged", async ({ lake }) => {
    const table = await createTable(lake);
    await table.append(rows("1, 'a', 'x'"));
    const slow = slowWriter(lake, () => table.delete("id = 1"));

    await slow.merge(rows("1, 'a', 'x'", "2, 'b', 'x'"), { key: ["id"] });

    expect(await content(lake, table)).toHaveLength(2);
  });

  test("let a delete see rows appended meanwhile", async ({ lake }) => {
    const table = await createTable(lake);
    await table.append(rows("1, 'a', 'x'"));
    const slow = slowWriter(lake, () => table.append(rows("1, 'again', 'x'", "2, 'b', 'x'")));

    const result = await slow.delete("id = 1");

    expect(result.rows.deleted).toBe(2);
    expect(await content(lake, table)).toEqual(["{'id': 2, 'name': b, 'seen': x}"]);
  });

  test("let an overwrite replace rows appended meanwhile", async ({ lake }) => {
    const table = await createTable(lake);
    const slow = slowWriter(lake, () => table.append(rows("1, 'a', 'x'")));
    await slow.overwrite(rows("9, 'z', 'x'"));
    expect(await content(lake, table)).toEqual(["{'id': 9, 'name': z, 'seen': x}"]);
  });

  test("cast rows anew when a column was added meanwhile", async ({ lake }) => {
    const table = await createTable(lake);
    const slow = slowWriter(lake, () => table.addColumn({ name: "extra", type: "long", nullable: true }));
    await slow.append(rows("1, 'a', 'x'"));
    expect(await content(lake, table)).toEqual(["{'id': 1, 'name': a, 'seen': x, 'extra': NULL}"]);
  });

  test("let optimize give way to a delete of the same file, and a merge of other files pass", async ({
    lake,
  }) => {
    const table = await createTable(lake);
    for (const id of [1, 2, 3]) await table.append(rows(`${id}, 'a', 'x'`));
    const slow = slowWriter(lake, () => table.delete("id = 2"));
    await slow.optimize();
    expect(await content(lake, table)).toHaveLength(2);

    const merging = slowWriter(lake, () => table.optimize());
    await merging.merge(rows("4, 'd', 'x'"), { key: ["id"] });
    expect(await content(lake, table)).toHaveLength(3);
  });

  test("with one transaction apply it once", async ({ lake }) => {
    const table = await createTable(lake);
    const txn = { appId: "refresh", version: 1 };
    const slow = slowWriter(lake, () => table.append(rows("1, 'a', 'x'"), { txn }));

    const result = await slow.append(rows("1, 'a', 'x'"), { txn });

    expect(result.outcome).toBe("already-applied");
    expect(await content(lake, table)).toHaveLength(1);
  });

  test("leave no file of the work that was done again", async ({ lake }) => {
    const table = await createTable(lake);
    await table.append(rows("1, 'a', 'x'"));
    const slow = slowWriter(lake, () => table.merge(rows("1, 'b', 'x'"), { key: ["id"] }));
    await slow.merge(rows("1, 'c', 'x'"), { key: ["id"] });
    const expired = await table.vacuum({ retentionMs: 0, force: true });
    expect(expired.files.filter((file) => file.startsWith("part-"))).toHaveLength(2);
  });

  test("give up with a named error when the other always wins", async ({ lake }) => {
    const table = await createTable(lake, { columns: [{ name: "id", type: "long", nullable: true }] });
    await table.append({ sql: "select 0 as id" });
    let next = 1;
    const rude = writer(lake, {
      ...lake.storage,
      async putIfAbsent(key, body) {
        await table.overwrite({ sql: `select ${next++} as id` });
        return lake.storage.putIfAbsent(key, body);
      },
    });
    await expect(rude.overwrite({ sql: "select -1 as id" })).rejects.toMatchObject({ name: "ConflictError" });
  });
});

describe("a commit whose answer is lost", () => {
  test.for([
    { did: "was made", makes: true },
    { did: "was not made", makes: false },
  ])("is told from one that $did", async ({ makes }, { lake }) => {
    const table = await createTable(lake);
    const uncertain = writer(lake, {
      ...lake.storage,
      async putIfAbsent(key, body) {
        if (makes) await lake.storage.putIfAbsent(key, body);
        throw new Error("connection reset");
      },
    });

    const written = uncertain.append(rows("1, 'a', 'x'"));

    if (makes) expect((await written).version).toBe(1);
    else await expect(written).rejects.toThrow("connection reset");
    expect(await content(lake, table)).toHaveLength(makes ? 1 : 0);
  });

  test("is not taken for a defeat when the storage refuses its own second try", async ({ lake }) => {
    const table = await createTable(lake);
    const twice = writer(lake, {
      ...lake.storage,
      async putIfAbsent(key, body) {
        await lake.storage.putIfAbsent(key, body);
        return lake.storage.putIfAbsent(key, body);
      },
    });
    expect((await twice.append(rows("1, 'a', 'x'"))).version).toBe(1);
    expect(await content(lake, table)).toHaveLength(1);
  });
});
