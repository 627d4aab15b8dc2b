import { describe, expect } from "vitest";
import type { Snapshot, Table } from "../../../data/delta/table.ts";
import type { Lake } from "../../../data/lake.ts";
import { test } from "../../support/test.ts";
import { content, createTable, rows } from "./written-table.ts";

const hiding = { "delta.enableDeletionVectors": "true", "delta.enableChangeDataFeed": "false" };
const replacing = { key: ["id"], replaces: true } as const;

async function tableOf(lake: Lake, properties: Readonly<Record<string, string>> = hiding): Promise<Table> {
  const table = await createTable(lake, { properties });
  await table.append({ sql: "select i as id, 'first' as name, 'x' as seen from range(20) r(i)" });
  await table.append({ sql: "select i as id, 'second' as name, 'x' as seen from range(20, 40) r(i)" });
  return table;
}

/** The places of the rows with these ids, or of others that say they are these: nobody but who found them knows better. */
async function placesOf(snapshot: Snapshot, where: string, id = "id") {
  const sql = await snapshot.placesSql(["id"]);
  return { at: snapshot, sql: `select * replace (${id} as id) from (${sql}) where ${where}` };
}

function changed(ids: readonly number[]) {
  return rows(...ids.map((id) => `${id}, 'changed', 'y'`));
}

describe("a merge that is told the places of its rows", () => {
  test("changes what it would have found, and inserts the rest", async ({ lake }) => {
    const table = await tableOf(lake);
    await table.merge(changed([3, 23]), replacing);
    const places = await placesOf(await table.snapshot(), "id in (3, 4, 24, 30)");

    const result = await table.merge(changed([3, 4, 24, 99]), { ...replacing, places });

    expect(result.rows).toEqual({ inserted: 1, updated: 3, deleted: 0 });
    const found = await content(lake, table);
    expect(found).toHaveLength(41);
    const news = found.filter((row) => row.includes("changed"));
    expect(news.map((row) => Number(/'id': (\d+)/.exec(row)?.[1])).sort((a, b) => a - b)).toEqual([
      3, 4, 23, 24, 99,
    ]);
  });

  test("does not look for them itself", async ({ lake }) => {
    const table = await tableOf(lake);
    const places = await placesOf(await table.snapshot(), "id = 5", "6::bigint");

    await table.merge(changed([6]), { ...replacing, places });

    const found = await content(lake, table);
    expect(found.filter((row) => row.startsWith("{'id': 6,"))).toHaveLength(2);
    expect(found.filter((row) => row.startsWith("{'id': 5,"))).toHaveLength(0);
  });

  test("looks for them where the table was written since, or its old rows are to be told or compared", async ({
    lake,
  }) => {
    const table = await tableOf(lake);
    const wrong = () => table.snapshot().then((snapshot) => placesOf(snapshot, "id = 5", "6::bigint"));
    const places = await wrong();
    await table.append(rows("50, 'third', 'x'"));
    await table.merge(changed([6]), { ...replacing, places });
    await table.merge(changed([7]), { key: ["id"], places: await wrong() });

    const found = await content(lake, table);
    expect(found).toHaveLength(41);
    expect(found.filter((row) => /'id': [567],/.test(row))).toEqual([
      "{'id': 5, 'name': first, 'seen': x}",
      "{'id': 6, 'name': changed, 'seen': y}",
      "{'id': 7, 'name': changed, 'seen': y}",
    ]);
  });

  test("looks for them in a table with a change feed", async ({ lake }) => {
    const table = await tableOf(lake, { "delta.enableDeletionVectors": "true" });
    const places = await placesOf(await table.snapshot(), "id = 5", "6::bigint");

    const result = await table.merge(changed([6]), { ...replacing, places });

    expect(result.rows).toEqual({ inserted: 0, updated: 1, deleted: 0 });
    expect((await content(lake, table)).filter((row) => /'id': [56],/.test(row))).toEqual([
      "{'id': 5, 'name': first, 'seen': x}",
      "{'id': 6, 'name': changed, 'seen': y}",
    ]);
  });

  test("deletes what is missing as before", async ({ lake }) => {
    const table = await tableOf(lake);
    const places = await placesOf(await table.snapshot(), "id in (1, 2)");

    const result = await table.merge(changed([1, 2]), {
      ...replacing,
      places,
      deleteMissing: "id in (1, 2, 3)",
    });

    expect(result.rows).toEqual({ inserted: 0, updated: 2, deleted: 1 });
    expect(await content(lake, table)).toHaveLength(39);
  });
});
