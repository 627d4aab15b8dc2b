import { describe, expect } from "vitest";
import { z } from "zod";
import type { DuckDB } from "../../../data/sql/duckdb.ts";
import { test } from "../../support/test.ts";

const MANY_BYTES = 1024 ** 4;

async function threads(engine: DuckDB): Promise<number | undefined> {
  const sql = "select current_setting('threads')::integer as value";
  return (await engine.query(z.object({ value: z.int() }), sql))[0]?.value;
}

describe("an engine of several threads", () => {
  test("gives a query one as long as any work beside its like goes on", async ({ lake }) => {
    const engine = await lake.duckdb();
    expect(await threads(engine)).toBe(2);
    {
      await using _one = await engine.singleThread();
      {
        await using _other = await engine.singleThread(1_000);
        expect(await threads(engine)).toBe(1);
      }
      expect(await threads(engine)).toBe(1);
    }
    expect(await threads(engine)).toBe(2);
  });

  test("keeps them for work on much", async ({ lake }) => {
    const engine = await lake.duckdb();
    await using _much = await engine.singleThread(MANY_BYTES);
    expect(await threads(engine)).toBe(2);
  });

  test("answers rightly while they come and go", async ({ lake }) => {
    const engine = await lake.duckdb();
    const count = async () => {
      const connection = await engine.connect();
      try {
        const sql =
          "select count(*)::integer as n from (select i % 1000 from range(1000000) r(i) group by all)";
        return (await connection.runAndReadAll(sql)).getRowsJS()[0]?.[0];
      } finally {
        connection.closeSync();
      }
    };
    const toggling = async () => {
      for (let turn = 0; turn < 50; turn++) {
        await using _one = await engine.singleThread();
        expect(await threads(engine)).toBe(1);
      }
    };
    const [, ...counts] = await Promise.all([toggling(), ...Array.from({ length: 20 }, count)]);
    expect(counts).toEqual(Array(20).fill(1000));
    expect(await threads(engine)).toBe(2);
  });
});
