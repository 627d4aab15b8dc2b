import { describe, expect } from "vitest";
import { z } from "zod";
import type { Lake } from "../../../data/lake.ts";
import { openLake } from "../../../data/open-lake.ts";
import { quote } from "../../../data/sql/duckdb.ts";
import { openFolder } from "../../../data/storage/folder.ts";
import { test } from "../../support/test.ts";
import { changes, content, createTable, logText, objects, people, rows } from "./written-table.ts";

describe("create", () => {
  test("takes the narrowest protocol with a change feed", async ({ lake }) => {
    await createTable(lake);
    expect(await logText(lake, 0)).toContain(
      '{"protocol":{"minReaderVersion":1,"minWriterVersion":7,"writerFeatures":["changeDataFeed"]}}',
    );
    expect(await logText(lake, 0)).toContain('"delta.enableChangeDataFeed":"true"');
  });

  test("names the feature that a time without zone needs", async ({ lake }) => {
    const table = await createTable(lake, {
      columns: [{ name: "at", type: "timestamp_ntz", nullable: true }],
    });
    const { protocol } = await table.snapshot();
    expect(protocol.readerFeatures).toEqual(["timestampNtz"]);
    expect(protocol.writerFeatures).toEqual(["changeDataFeed", "timestampNtz"]);
  });

  test("again is nothing, and with other columns an error that names them", async ({ lake }) => {
    const table = await createTable(lake);
    await createTable(lake);
    expect((await table.snapshot()).version).toBe(0);
    const other = [...people.slice(0, 2), { name: "age", type: "integer", nullable: true }] as const;
    await expect(createTable(lake, { columns: other })).rejects.toThrow(/differ: seen, age/);
  });

  test("by two at once makes one table", async ({ lake }) => {
    await Promise.all([createTable(lake), createTable(lake), createTable(lake)]);
    expect(await objects(lake)).toEqual(["_delta_log/00000000000000000000.json"]);
  });

  test.for([
    [{ columns: [] }, /at least one column/],
    [{ columns: [people[0], { ...people[0], name: "ID" }] }, /two columns called ID/],
    [{ partitionBy: ["nope"] }, /no column nope/],
    [{ properties: { "delta.enableRowTracking": "true" } }, /enableRowTracking/],
    [{ columns: [{ name: "d", type: "decimal(39,0)", nullable: true }] }, /1 to 38 digits/],
  ] as const)("refuses a definition that cannot be kept: %#", async ([options, message], { lake }) => {
    await expect(createTable(lake, options)).rejects.toThrow(message);
  });
});

describe("overwrite and delete", () => {
  test("an overwrite with the rows that are there makes no commit and leaves no file", async ({ lake }) => {
    const table = await createTable(lake);
    await table.overwrite(rows("1, 'a', 'x'", "1, 'a', 'x'", "2, null, 'x'"));
    const before = await objects(lake);
    const again = await table.overwrite(rows("2, null, 'x'", "1, 'a', 'x'", "1, 'a', 'x'"));
    expect(again).toMatchObject({ outcome: "unchanged", version: 1 });
    expect(await objects(lake)).toEqual(before);
    expect((await table.overwrite(rows("2, null, 'x'", "1, 'a', 'x'", "2, null, 'x'"))).version).toBe(2);
  });

  test("within a condition replaces those rows only, and tells the changes", async ({ lake }) => {
    const table = await createTable(lake);
    await table.append(rows("1, 'a', 'x'", "2, 'b', 'x'", "3, null, 'x'"));
    await table.overwrite(rows("7, 'a', 'y'"), { where: "name = 'a'" });
    expect(await content(lake, table)).toEqual([
      "{'id': 2, 'name': b, 'seen': x}",
      "{'id': 3, 'name': NULL, 'seen': x}",
      "{'id': 7, 'name': a, 'seen': y}",
    ]);
    expect(await changes(lake, table, 2)).toEqual([
      "{'id': 1, 'name': a, 'seen': x, '_change_type': delete, '_commit_version': 2}",
      "{'id': 7, 'name': a, 'seen': y, '_change_type': insert, '_commit_version': 2}",
    ]);
    const outside = table.overwrite(rows("8, 'z', 'y'"), { where: "name = 'a'" });
    await expect(outside).rejects.toThrow(/1 of the rows .* outside the condition/);
  });

  test("a delete of whole files writes none", async ({ lake }) => {
    const table = await createTable(lake, { partitionBy: ["name"] });
    await table.append(rows("1, 'a', 'x'", "2, 'b', 'x'"));
    const before = await objects(lake);
    const result = await table.delete("name = 'a'");
    expect(result.files).toEqual({ added: 0, removed: 1 });
    expect((await objects(lake)).filter((key) => key.endsWith(".parquet"))).toEqual(
      before.filter((key) => key.endsWith(".parquet")),
    );
    expect(await changes(lake, table, 2)).toHaveLength(1);
  });

  test("nothing is taken from an append-only table", async ({ lake }) => {
    const table = await createTable(lake, { properties: { "delta.appendOnly": "true" } });
    await table.append(rows("1, 'a', 'x'"));
    await table.merge(rows("2, 'b', 'x'"), { key: ["id"] });
    for (const write of [
      () => table.delete("id = 1"),
      () => table.overwrite(rows("3, 'c', 'x'")),
      () => table.merge(rows("1, 'B', 'x'"), { key: ["id"] }),
    ])
      await expect(write()).rejects.toThrow(/append-only/);
    expect(await content(lake, table)).toHaveLength(2);
  });
});

describe("optimize", () => {
  test("makes few files of many without changing a row or mixing partitions", async ({ lake }) => {
    const table = await createTable(lake, { partitionBy: ["name"] });
    for (let n = 0; n < 4; n += 1)
      await table.append(rows(`${n}, 'a', 'x'`, `${n}, 'b', 'x'`, `${n}, null, 'x'`));
    const before = await content(lake, table);

    const result = await table.optimize();

    expect(result.files).toEqual({ added: 3, removed: 12 });
    expect(await content(lake, table)).toEqual(before);
    expect(await logText(lake, 5)).not.toContain('"dataChange":true');
    expect(await changes(lake, table, 5)).toEqual([]);
    expect((await table.optimize()).outcome).toBe("unchanged");
  });

  test("sorts, and finds a sorted table sorted", async ({ lake }) => {
    const table = await createTable(lake);
    await table.append({
      sql: "select hash(i) % 1000 as id, 'a' as name, 'x' as seen from range(1000) r(i)",
    });
    expect((await table.optimize({ sortBy: "id desc" })).files).toEqual({ added: 1, removed: 1 });
    const duckdb = await lake.duckdb();
    const [path] = (await table.vacuum({ dryRun: true, retentionMs: 0, force: true })).files;
    const live = (await objects(lake)).filter((key) => key.startsWith("part-") && key !== path);
    const file = quote(await lake.storage.localPath(`test/people/${live[0]}`));
    const [sorted] = await duckdb.query(
      z.object({ isSorted: z.boolean() }),
      `select bool_and(before is null or before >= id) as isSorted
       from (select id, lag(id) over (order by file_row_number) as before from read_parquet(${file}, file_row_number = true))`,
    );
    expect(sorted?.isSorted).toBe(true);
    expect((await table.optimize({ sortBy: "id desc" })).outcome).toBe("unchanged");
  });
});

describe("vacuum", () => {
  test("removes what no version needs, never what lives, and nothing in a dry run", async ({ lake }) => {
    const table = await createTable(lake);
    await table.append(rows("1, 'a', 'x'", "2, 'b', 'x'"));
    await table.delete("id = 1");
    await lake.storage.put("test/people/orphan.parquet", "left by a dead process");
    const all = await objects(lake);

    const dry = await table.vacuum({ dryRun: true, retentionMs: 0, force: true });
    expect(await objects(lake)).toEqual(all);
    const result = await table.vacuum({ retentionMs: 0, force: true });

    expect(result.files).toEqual(dry.files);
    expect(result.files).toHaveLength(3);
    expect(result.files).toContain("orphan.parquet");
    expect(await content(lake, table)).toEqual(["{'id': 2, 'name': b, 'seen': x}"]);
  });

  test("keeps what is younger than the retention, and guards it", async ({ lake }) => {
    const table = await createTable(lake, {
      properties: { "delta.deletedFileRetentionDuration": "interval 2 hours" },
    });
    await table.append(rows("1, 'a', 'x'"));
    await table.delete("true");
    expect((await table.vacuum()).files).toEqual([]);
    await expect(table.vacuum({ retentionMs: 3_600_000 })).rejects.toThrow(
      /below the table's own of 2 hours/,
    );
    expect((await table.vacuum({ retentionMs: 7_200_000 })).files).toEqual([]);
  });
});

describe("restore", () => {
  test("brings rows and columns of an older version back", async ({ lake }) => {
    const table = await createTable(lake);
    await table.append(rows("1, 'a', 'x'"));
    await table.addColumn({ name: "age", type: "long", nullable: true });
    await table.delete("true");

    const result = await table.restore({ version: 1 });

    expect(result.version).toBe(4);
    expect(await content(lake, table)).toEqual(["{'id': 1, 'name': a, 'seen': x}"]);
    expect((await table.restore({ version: 4 })).outcome).toBe("unchanged");
  });

  test("refuses a version whose files are gone", async ({ lake }) => {
    const table = await createTable(lake);
    await table.append(rows("1, 'a', 'x'"));
    await table.delete("true");
    await table.vacuum({ retentionMs: 0, force: true });
    await expect(table.restore({ version: 1 })).rejects.toThrow(/vacuum has removed/);
  });
});

describe("add column", () => {
  test("gives rows that are there null, and is nothing the second time", async ({ lake }) => {
    const table = await createTable(lake);
    await table.append(rows("1, 'a', 'x'"));
    const column = { name: 'a `b`."c" 😀', type: "timestamp_ntz", nullable: true } as const;
    await table.addColumn(column);
    await table.merge(
      { sql: `select 1 as id, 'a' as name, 'x' as seen, timestamp '2020-01-01' as "a \`b\`.""c"" 😀"` },
      { key: ["id"] },
    );
    expect((await table.addColumn(column)).outcome).toBe("unchanged");
    expect((await table.snapshot()).protocol.readerFeatures).toEqual(["timestampNtz"]);
    expect((await content(lake, table))[0]).toContain("2020-01-01 00:00:00");
    await expect(table.addColumn({ name: "n", type: "long", nullable: false })).rejects.toThrow(
      /must allow null/,
    );
    await expect(table.addColumn({ name: "ID", type: "long", nullable: true })).rejects.toThrow(
      /two columns/,
    );
  });
});

describe("checkpoint", () => {
  test("comes every ten commits, with exact types, and is all that a reader needs", async ({ dir, lake }) => {
    const table = await createTable(lake);
    for (let n = 1; n <= 11; n += 1)
      await table.merge(rows(`${n % 4}, 'v${n}', 'x'`), { key: ["id"], txn: { appId: "app", version: n } });
    const name = "_delta_log/00000000000000000010.checkpoint.parquet";
    expect(await objects(lake)).toContain(name);
    expect(
      JSON.parse(String(await lake.storage.get("test/people/_delta_log/_last_checkpoint"))),
    ).toMatchObject({
      version: 10,
      numOfAddFiles: 4,
    });

    expect(await parquetTypes(lake, `test/people/${name}`)).toMatchObject({
      minReaderVersion: "INT32",
      minWriterVersion: "INT32",
      size: "INT64",
      modificationTime: "INT64",
      deletionTimestamp: "INT64",
      dataChange: "BOOLEAN",
    });

    for (let version = 0; version < 10; version += 1)
      await lake.storage.delete(`test/people/_delta_log/${String(version).padStart(20, "0")}.json`);
    await using other = await openLake({
      storage: openFolder(`${dir}/lake`),
      duckdb: { memoryBytes: 2 ** 28, threads: 1, tempDir: dir },
    });
    const read = other.table("test.people");
    expect(await content(other, read)).toEqual(await content(lake, table));
    expect((await read.snapshot()).txns).toEqual(new Map([["app", 11]]));
    expect((await read.vacuum({ dryRun: true, retentionMs: 0, force: true })).files).not.toEqual([]);
  });
});

async function parquetTypes(lake: Lake, key: string): Promise<Record<string, string>> {
  const duckdb = await lake.duckdb();
  const found = await duckdb.query(
    z.object({ name: z.string(), type: z.string().nullable() }),
    `select name, type from parquet_schema(${quote(await lake.storage.localPath(key))})`,
  );
  return Object.fromEntries(found.flatMap(({ name, type }) => (type === null ? [] : [[name, type]])));
}

describe("history", () => {
  test("tells each operation with its parameters and counts, the newest first", async ({ lake }) => {
    const table = await createTable(lake);
    await table.append(rows("1, 'a', 'x'"), { info: { cohort: "demo" } });
    await table.merge(rows("1, 'b', 'x'"), { key: ["id"] });

    const entries = await table.history();

    expect(entries.map(({ version, operation }) => [version, operation])).toEqual([
      [2, "MERGE"],
      [1, "WRITE"],
      [0, "CREATE TABLE"],
    ]);
    expect(entries[0]).toMatchObject({ parameters: { key: '["id"]' }, metrics: { numUpdatedRows: "1" } });
    expect(entries[1]?.metrics).toMatchObject({ cohort: "demo", numInsertedRows: "1" });
    expect(await table.history(1)).toHaveLength(1);
  });
});

describe("a table that needs more than Millrace writes", () => {
  test.for([
    [
      {
        minReaderVersion: 3,
        minWriterVersion: 7,
        readerFeatures: ["v2Checkpoint"],
        writerFeatures: ["v2Checkpoint"],
      },
      /v2Checkpoint/,
    ],
    [
      { minReaderVersion: 1, minWriterVersion: 7, writerFeatures: ["rowTracking", "domainMetadata"] },
      /rowTracking, domainMetadata/,
    ],
    [
      { minReaderVersion: 1, minWriterVersion: 7, writerFeatures: ["inCommitTimestamp"] },
      /inCommitTimestamp/,
    ],
    [{ minReaderVersion: 1, minWriterVersion: 8 }, /writer version 8/],
    [{ minReaderVersion: 2, minWriterVersion: 5 }, /columnMapping/, { "delta.columnMapping.mode": "name" }],
    [
      { minReaderVersion: 1, minWriterVersion: 3 },
      /checkConstraints/,
      { "delta.constraints.positive": "id > 0" },
    ],
  ] as const)(
    "is refused by the feature's name: %#",
    async ([protocol, message, properties = {}], { lake }) => {
      const table = await createTable(lake);
      const { metadata } = (await table.snapshot()) as unknown as { metadata: { configuration: object } };
      const metaData = { ...metadata, configuration: { ...metadata.configuration, ...properties } };
      await lake.storage.put(
        "test/people/_delta_log/00000000000000000001.json",
        [{ protocol }, { metaData }].map((action) => JSON.stringify(action)).join("\n"),
      );
      for (const write of [
        () => table.append(rows("1, 'a', 'x'")),
        () => table.vacuum(),
        () => table.checkpoint(),
      ]) {
        const refused = write();
        await expect(refused).rejects.toThrow(message);
        await expect(refused).rejects.toMatchObject({ name: "UnsupportedFeatureError" });
      }
    },
  );

  test("is written at an older version when nothing of what that implies is used", async ({ lake }) => {
    const table = await createTable(lake);
    await lake.storage.put(
      "test/people/_delta_log/00000000000000000001.json",
      JSON.stringify({ protocol: { minReaderVersion: 1, minWriterVersion: 4 } }),
    );
    await table.append(rows("1, 'a', 'x'", "2, 'b', 'x'"));
    await table.delete("id = 1");
    expect(await changes(lake, table, 3)).toHaveLength(1);
    expect(await content(lake, table)).toHaveLength(1);
  });
});
