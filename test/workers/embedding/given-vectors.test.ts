import { describe, expect } from "vitest";
import { defineIndex } from "../../../data/vectors/define-index.ts";
import { createIndex } from "../../../data/vectors/indexes.ts";
import { startPool } from "../../../workers/pool.ts";
import { jobOfKind } from "../../../workers/registry.ts";
import { test } from "../../support/test.ts";
import { refresh, vectorsOf } from "./lake-of-notes.ts";

describe("an index over a column of vectors", () => {
  test("takes them as they are, without a model, and refuses those that cannot be compared", async ({
    lake,
    services,
  }) => {
    const table = lake.table("corpus.points");
    await table.ensure({
      columns: [
        { name: "key", type: "long", nullable: false },
        { name: "place", type: { type: "array", elementType: "double", containsNull: true }, nullable: true },
      ],
      properties: { "delta.enableChangeDataFeed": "true" },
    });
    const rows = [
      "(1, [1.0, 2.0])",
      "(2, [0.5, -1])",
      "(3, [1.0, 2.0, 3.0])",
      "(4, [0.0, 0.0])",
      "(5, ['nan'::double, 1])",
      "(6, [null, 1])",
      "(7, null)",
    ];
    await table.append({ sql: `select * from (values ${rows.join(", ")}) t(key, place)` });
    const index = await defineIndex(
      lake,
      {
        name: "points",
        table: "corpus.points",
        idColumn: "key",
        content: { kind: "vector", column: "place" },
        metric: "l2",
        backend: "hnsw",
        targetRecall: 0.99,
      },
      () => Promise.reject(new Error("no model is needed")),
    );
    await createIndex(lake, { ...index, dimensions: 2 });
    await using _pool = await startPool(services, { pools: ["embedding"], jobOf: jobOfKind });

    const done = await refresh(services, "points");

    expect(done).toMatchObject({
      rows: { new: 6, empty: 1 },
      chunks: { embedded: 0, refused: 4 },
      refused: { reasons: { "wrong-size": 1, zero: 1, "not-finite": 2 } },
    });
    expect(await vectorsOf(lake, "points")).toEqual([
      { id: "1", chunk: 0, text: null, size: 2 },
      { id: "2", chunk: 0, text: null, size: 2 },
    ]);

    await table.merge({ sql: "select 2::bigint as key, [9.0, 9.0] as place" }, { key: ["key"] });
    expect(await refresh(services, "points")).toMatchObject({ rows: { changed: 1, unchanged: 0 } });
    expect((await refresh(services, "points")).outcome).toBe("unchanged");
  });
});
