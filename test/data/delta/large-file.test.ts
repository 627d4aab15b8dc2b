import { expect } from "vitest";
import { z } from "zod";
import type { Column, Table } from "../../../data/delta/table.ts";
import type { Lake } from "../../../data/lake.ts";
import { vectorColumn } from "../../../data/vectors/vectors-table.ts";
import { test } from "../../support/test.ts";

/** Enough for threads to share the file. */
const ROWS = 40_000;

const columns: readonly Column[] = [
  { name: "id", type: "long", nullable: false },
  // As DuckDB calls what it adds to the columns of a file.
  { name: "file_index", type: "long", nullable: true },
  vectorColumn,
];

function numbered(from: string, to: string, seen: string) {
  return {
    sql: `select i as id, ${seen} as file_index, [i, ${seen}]::float[] as vector from range(${from}, ${to}) r(i)`,
  };
}

async function createVectors(lake: Lake, hides: boolean): Promise<Table> {
  const table = lake.table("test.vectors");
  const properties = {
    "delta.enableDeletionVectors": String(hides),
    "delta.enableChangeDataFeed": "false",
  };
  await table.ensure({ columns, properties });
  return table;
}

/** How many rows there are, and sums that one row twice, missing or with another's values would change. */
async function sums(lake: Lake, sql: string): Promise<Record<string, string>> {
  const duckdb = await lake.duckdb();
  const [found] = await duckdb.query(
    z.record(z.string(), z.string()),
    `select count(*)::varchar as rows, count(distinct id)::varchar as ids, sum(hash(id, file_index, vector))::varchar as hashes from (${sql})`,
  );
  return found ?? {};
}

test("a large file of vectors has each of its rows once", async ({ lake }) => {
  const table = await createVectors(lake, false);
  const source = numbered("0", String(ROWS), "7");
  await table.append(source);
  const snapshot = await table.snapshot();

  expect(snapshot.fileCount).toBe(1);
  expect(await sums(lake, await snapshot.readSql())).toEqual(await sums(lake, source.sql));
});

test("a large file without vectors is read as two halves, each of its rows once", async ({ lake }) => {
  const table = lake.table("test.numbers");
  await table.ensure({ columns: columns.slice(0, 2) });
  const source = "select i as id, i % 7 as file_index from range(500_001) r(i)";
  await table.append({ sql: source });
  const snapshot = await table.snapshot();
  const sql = await snapshot.readSql();

  expect(snapshot.fileCount).toBe(1);
  expect(sql.match(/file_row_number (<|>=) 250000/g)).toHaveLength(2);
  const withVector = (rows: string) => `select *, id as vector from (${rows})`;
  expect(await sums(lake, withVector(sql))).toEqual(await sums(lake, withVector(source)));
});

test.for([true, false])("a merge finds the rows of a large file, hiding %s", async (hides, { lake }) => {
  const table = await createVectors(lake, hides);
  await table.append(numbered("0", String(ROWS), "7"));
  const last = ROWS - 1;
  const middle = `${last} - 5`;

  const result = await table.merge(numbered(middle, `${ROWS} + 3`, "8"), { key: ["id"], replaces: true });
  await table.merge(numbered("0", "1", "9"), { key: ["id"] });
  const again = await table.merge(numbered("0", "1", "9"), { key: ["id"] });

  expect(result.rows).toEqual({ inserted: 3, updated: 6, deleted: 0 });
  expect(again.outcome).toBe("unchanged");
  const expected = [
    numbered("0", "1", "9"),
    numbered("1", middle, "7"),
    numbered(middle, `${ROWS} + 3`, "8"),
  ];
  expect(await sums(lake, await (await table.snapshot()).readSql())).toEqual(
    await sums(lake, expected.map(({ sql }) => sql).join(" union all ")),
  );
});

test("a large file that lacks a column of today has null in it", async ({ lake }) => {
  const table = await createVectors(lake, true);
  await table.append(numbered("0", String(ROWS), "7"));
  await table.addColumn({ name: "filename", type: "string", nullable: true });
  await table.merge(
    { sql: `select *, 'new' as filename from (${numbered("5", "6", "8").sql})` },
    { key: ["id"] },
  );

  const duckdb = await lake.duckdb();
  const found = await duckdb.query(
    z.object({ filename: z.string().nullable(), rows: z.coerce.number(), ids: z.coerce.number() }),
    `select filename, count(*) as rows, count(distinct id) as ids
     from (${await (await table.snapshot()).readSql()}) group by filename order by rows`,
  );

  expect(found).toEqual([
    { filename: "new", rows: 1, ids: 1 },
    { filename: null, rows: ROWS - 1, ids: ROWS - 1 },
  ]);
});
