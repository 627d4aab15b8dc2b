import { describe, expect } from "vitest";
import { test } from "../../support/test.ts";
import { changes, content, createTable, logText, objects, people, rows } from "./written-table.ts";

describe("merge", () => {
  test("updates rows that differ, inserts new ones and leaves the rest", async ({ lake }) => {
    const table = await createTable(lake);
    await table.append(rows("1, 'a', 'x'", "2, 'b', 'x'", "3, 'c', 'x'"));

    const result = await table.merge(rows("2, 'B', 'y'", "3, 'c', 'x'", "4, 'd', 'y'"), { key: ["id"] });

    expect(result.rows).toEqual({ inserted: 1, updated: 1, deleted: 0 });
    expect(await content(lake, table)).toEqual([
      "{'id': 1, 'name': a, 'seen': x}",
      "{'id': 2, 'name': B, 'seen': y}",
      "{'id': 3, 'name': c, 'seen': x}",
      "{'id': 4, 'name': d, 'seen': y}",
    ]);
  });

  test("tells each change by row, inserts too", async ({ lake }) => {
    const table = await createTable(lake);
    await table.append(rows("1, 'a', 'x'", "2, 'b', 'x'"));

    await table.merge(rows("2, 'B', 'y'", "4, 'd', 'y'"), { key: ["id"], deleteMissing: "id < 100" });

    expect(await changes(lake, table, 2)).toEqual([
      "{'id': 1, 'name': a, 'seen': x, '_change_type': delete, '_commit_version': 2}",
      "{'id': 2, 'name': B, 'seen': y, '_change_type': update_postimage, '_commit_version': 2}",
      "{'id': 2, 'name': b, 'seen': x, '_change_type': update_preimage, '_commit_version': 2}",
      "{'id': 4, 'name': d, 'seen': y, '_change_type': insert, '_commit_version': 2}",
    ]);
  });

  test("writes no change file when it only inserts", async ({ lake }) => {
    const table = await createTable(lake);
    await table.append(rows("1, 'a', 'x'"));

    await table.merge(rows("2, 'b', 'x'"), { key: ["id"] });

    expect(await objects(lake)).not.toContainEqual(expect.stringContaining("_change_data"));
    expect(await changes(lake, table, 2)).toEqual([
      "{'id': 2, 'name': b, 'seen': x, '_change_type': insert, '_commit_version': 2}",
    ]);
  });

  test("that changes nothing makes no commit and no file, even with a new transaction", async ({ lake }) => {
    const table = await createTable(lake);
    const batch = rows("1, 'a', 'x'", "2, null, 'x'", "null, 'n', 'x'");
    await table.merge(batch, { key: ["id"], txn: { appId: "cohort", version: 1 } });
    const before = await objects(lake);

    const result = await table.merge(batch, { key: ["id"], txn: { appId: "cohort", version: 2 } });

    expect(result).toMatchObject({ outcome: "unchanged", version: 1 });
    expect(await objects(lake)).toEqual(before);
  });

  test("takes rows for equal that differ in provenance only, and writes provenance with a change", async ({
    lake,
  }) => {
    const table = await createTable(lake);
    await table.append(rows("1, 'a', 'monday'", "2, 'b', 'monday'"));

    const options = { key: ["id"], provenance: ["seen"] };
    const same = await table.merge(rows("1, 'a', 'tuesday'", "2, 'b', 'tuesday'"), options);
    await table.merge(rows("1, 'a', 'friday'", "2, 'B', 'friday'"), options);

    expect(same.outcome).toBe("unchanged");
    expect(await content(lake, table)).toEqual([
      "{'id': 1, 'name': a, 'seen': monday}",
      "{'id': 2, 'name': B, 'seen': friday}",
    ]);
  });

  test("replaces rows unseen where it is told that they differ, and inserts the others", async ({ lake }) => {
    const table = await createTable(lake);
    await table.append(rows("1, 'a', 'x'", "2, 'b', 'x'", "3, 'c', 'x'"));

    const result = await table.merge(rows("2, 'b', 'x'", "3, 'C', 'y'", "4, 'd', 'y'"), {
      key: ["id"],
      replaces: true,
    });

    expect(result.rows).toEqual({ inserted: 1, updated: 2, deleted: 0 });
    expect(await content(lake, table)).toEqual([
      "{'id': 1, 'name': a, 'seen': x}",
      "{'id': 2, 'name': b, 'seen': x}",
      "{'id': 3, 'name': C, 'seen': y}",
      "{'id': 4, 'name': d, 'seen': y}",
    ]);
    expect(await changes(lake, table, 2)).toContain(
      "{'id': 2, 'name': b, 'seen': x, '_change_type': update_preimage, '_commit_version': 2}",
    );
  });

  test("lets the last row of a key win by the ordering, also by a column that is not stored", async ({
    lake,
  }) => {
    const table = await createTable(lake);
    const sql = `select id, name, seen, rank from
      (values (1, 'late', 'x', 9), (1, 'early', 'x', 1), (1, 'middle', 'x', 5)) v(id, name, seen, rank)`;

    await table.merge({ sql }, { key: ["id"], orderBy: "rank" });
    expect(await content(lake, table)).toEqual(["{'id': 1, 'name': late, 'seen': x}"]);

    await table.merge({ sql }, { key: ["id"], orderBy: "rank desc" });
    expect(await content(lake, table)).toEqual(["{'id': 1, 'name': early, 'seen': x}"]);
  });

  test("takes null for null and NaN for NaN, also in keys and within nested values", async ({ lake }) => {
    const table = await createTable(lake, {
      columns: [
        { name: "k", type: "double", nullable: true },
        { name: "j", type: "string", nullable: true },
        { name: "v", type: "double", nullable: true },
        {
          name: "m",
          type: { type: "map", keyType: "string", valueType: "double", valueContainsNull: true },
          nullable: true,
        },
        {
          name: "s",
          type: {
            type: "struct",
            fields: [
              {
                name: "l",
                type: { type: "array", elementType: "double", containsNull: true },
                nullable: true,
              },
            ],
          },
          nullable: true,
        },
      ],
    });
    const sql = (map: string) => `select 'nan'::double as k, null::varchar as j, 'nan'::double as v,
      ${map} as m, {'l': [1, null, 'nan'::double]} as s
      union all select null, null, null, null, null union all select 1, 'x', null, null, {'l': null}`;
    await table.merge({ sql: sql("map {'a': 1, 'b': null}") }, { key: ["k", "j"] });

    const same = await table.merge({ sql: sql("map {'b': null, 'a': 1}") }, { key: ["k", "j"] });
    const other = await table.merge({ sql: sql("map {'b': 2, 'a': 1}") }, { key: ["k", "j"] });

    expect(same.outcome).toBe("unchanged");
    expect(other.rows).toEqual({ inserted: 0, updated: 1, deleted: 0 });
  });

  test("rewrites only files that hold a changed row", async ({ lake }) => {
    const table = await createTable(lake);
    for (let file = 0; file < 5; file += 1)
      await table.append(rows(`${file}, 'a', 'x'`, `${file + 10}, 'a', 'x'`));
    const before = await objects(lake);

    const result = await table.merge(rows("3, 'B', 'x'", "4, 'a', 'x'"), { key: ["id"] });

    expect(result.files).toEqual({ added: 1, removed: 1 });
    expect(await objects(lake)).toEqual(expect.arrayContaining(before));
  });

  test("moves a row to its new partition", async ({ lake }) => {
    const table = await createTable(lake, { partitionBy: ["name"] });
    await table.append(rows("1, 'a', 'x'", "2, 'a', 'x'", "3, 'it''s ü/😀%', 'x'", "4, null, 'x'"));

    const result = await table.merge(rows("1, 'it''s ü/😀%', 'x'", "4, 'a', 'y'"), { key: ["id"] });

    expect(result.rows.updated).toBe(2);
    expect(await content(lake, table)).toEqual([
      "{'id': 1, 'name': 'it\\'s ü/😀%', 'seen': x}",
      "{'id': 2, 'name': a, 'seen': x}",
      "{'id': 3, 'name': 'it\\'s ü/😀%', 'seen': x}",
      "{'id': 4, 'name': a, 'seen': y}",
    ]);
  });

  test("deletes what the source lacks within the scope only", async ({ lake }) => {
    const table = await createTable(lake);
    await table.append(rows("1, 'a', 'x'", "2, 'a', 'x'", "11, 'b', 'x'"));

    const result = await table.merge(rows("1, 'a', 'x'"), { key: ["id"], deleteMissing: "name = 'a'" });

    expect(result.rows).toEqual({ inserted: 0, updated: 0, deleted: 1 });
    expect(await content(lake, table)).toEqual([
      "{'id': 1, 'name': a, 'seen': x}",
      "{'id': 11, 'name': b, 'seen': x}",
    ]);
  });

  test("applies a transaction once and answers so the second time", async ({ lake }) => {
    const table = await createTable(lake);
    const txn = { appId: "refresh", version: 17 };
    await table.merge(rows("1, 'a', 'x'"), { key: ["id"], txn });

    const again = await table.merge(rows("1, 'other', 'x'"), { key: ["id"], txn });

    expect(again).toMatchObject({ outcome: "already-applied", version: 1 });
    expect(await logText(lake, 1)).toContain('"txn":{"appId":"refresh","version":17');
  });

  test("reads a source of temporary tables on the connection that has them", async ({ lake }) => {
    const table = await createTable(lake);
    const connection = await (await lake.duckdb()).connect();
    await connection.run("create temp table batch as select 1 as id, 'a' as name, 'x' as seen");

    await table.merge({ sql: "from batch;", connection }, { key: ["ID"] });
    const left = await connection.runAndReadAll(
      "select count(*) from duckdb_tables() where table_name like 'millrace%'",
    );
    connection.closeSync();

    expect(await content(lake, table)).toEqual(["{'id': 1, 'name': a, 'seen': x}"]);
    expect(left.getRows()).toEqual([[0n]]);
  });

  test.for([
    [{ sql: "select 1 as id" }, { key: ["id"] }, /lack the column name/],
    [rows("1, 'a', 'x'"), { key: [] }, /needs a key/],
    [rows("1, 'a', 'x'"), { key: ["nope"] }, /has no column nope/],
    [
      { sql: "select *, 1 as extra from (select 1 as id, 'a' as name, 'x' as seen)" },
      { key: ["id"] },
      /table lacks: extra/,
    ],
    [rows("'patient-17', 'a', 'x'"), { key: ["id"] }, /^(?!.*patient-17)/],
  ] as const)("refuses a batch that does not fit: %#", async ([source, options, message], { lake }) => {
    const table = await createTable(lake);
    const refused = table.merge(source, { ...options, key: [...options.key] });
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.toMatchObject({ name: "DataError" });
  });

  test("commits nothing once it is aborted", async ({ lake }) => {
    const table = await createTable(lake);
    const signal = AbortSignal.abort();
    await expect(table.merge(rows("1, 'a', 'x'"), { key: ["id"], signal })).rejects.toThrow(/abort/i);
    expect((await table.snapshot()).version).toBe(0);
  });
});

test("a merge keeps every type as it is", async ({ lake }) => {
  const columns = [...people, ...everyType];
  const table = await createTable(lake, { columns });
  const list = everyType.map(({ name }) => `null as "${name.replaceAll('"', '""')}"`).join(", ");
  const source = { sql: `select 1 as id, 'a' as name, 'x' as seen, ${list}` };
  await table.merge(source, { key: ["id"] });
  expect((await table.merge(source, { key: ["id"] })).outcome).toBe("unchanged");
});

const everyType = [
  { name: "with space", type: "integer", nullable: true },
  { name: 'quote"s', type: "short", nullable: true },
  { name: "dots.in.it", type: "byte", nullable: true },
  { name: "emoji 😀", type: "float", nullable: true },
  { name: "back`tick", type: "boolean", nullable: true },
  { name: "file_row_number", type: "binary", nullable: true },
  { name: "filename", type: "date", nullable: true },
  { name: "rowid", type: "timestamp", nullable: true },
  { name: "select", type: "decimal(38,10)", nullable: true },
] as const;
