import { describe, expect } from "vitest";
import { z } from "zod";
import { test } from "../../support/test.ts";

const columns = [{ name: "n", type: "long", nullable: true }] as const;
const Row = z.object({ n: z.bigint() });

describe("staged rows", () => {
  test("of several writers become a table's only rows in one commit, and are nothing before it", async ({
    lake,
  }) => {
    const table = lake.table("test.numbers");
    await table.ensure({ columns });
    await table.append({ sql: "select 99 as n" });
    const parts = await Promise.all([1, 2, 3].map((n) => table.stage({ sql: `select ${n} as n` })));
    const before = (await table.snapshot()).version;
    const sent = JSON.parse(JSON.stringify(parts));

    const result = await table.replaceWithStaged(sent, { txn: { appId: "build", version: 1 } });

    expect(result).toMatchObject({
      version: before + 1,
      outcome: "committed",
      rows: { inserted: 3, deleted: 1 },
    });
    const rows = await (await lake.duckdb()).query(Row, await (await table.snapshot()).readSql());
    expect(rows.map(({ n }) => n).sort()).toEqual([1n, 2n, 3n]);
    const again = await table.replaceWithStaged(sent, { txn: { appId: "build", version: 1 } });
    expect(again.outcome).toBe("already-applied");
  });

  test("that nobody commits go with the next vacuum", async ({ lake }) => {
    const table = lake.table("test.numbers");
    await table.ensure({ columns });
    await table.stage({ sql: "select 1 as n" });

    const { files } = await table.vacuum({ retentionMs: 0, force: true, dryRun: true });

    expect(files.length).toBe(1);
  });
});
