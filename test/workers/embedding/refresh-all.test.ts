import { expect } from "vitest";
import { defineIndex, NewIndex } from "../../../data/vectors/define-index.ts";
import { DIMENSIONS, MODEL } from "../../../data/vectors/embedders/hashed-grams.ts";
import { createIndex } from "../../../data/vectors/indexes.ts";
import { enqueue } from "../../../queues/enqueue.ts";
import { listJobs } from "../../../queues/jobs.ts";
import { untilEnded } from "../../../queues/watch.ts";
import { embeddingRefreshAll } from "../../../workers/embedding/embedding-refresh-all/job.ts";
import { startPool } from "../../../workers/pool.ts";
import { jobOfKind } from "../../../workers/registry.ts";
import { test } from "../../support/test.ts";

test("every vector index is asked to refresh, each by a job of its own", async ({ lake, services }) => {
  const table = lake.table("test.notes");
  await table.ensure({
    columns: ["id", "note"].map((name) => ({ name, type: "string" as const, nullable: true })),
  });
  await table.append({ sql: "select '1' as id, 'a cough' as note" });
  for (const name of ["one", "two"]) {
    const index = NewIndex.parse({
      name,
      table: "test.notes",
      idColumn: "id",
      content: { kind: "text", column: "note" },
    });
    const defined = await defineIndex(lake, index, async () => ({ model: MODEL, dimensions: DIMENSIONS }));
    await createIndex(lake, defined);
  }
  await using _pool = await startPool(services, { pools: ["embedding"], jobOf: jobOfKind });

  const { id } = await enqueue(services.queues, embeddingRefreshAll, {});
  expect((await untilEnded(services.queues, id)).output).toEqual({ indexes: 2 });

  const { jobs } = await listJobs(services.queues, { pool: "embedding" });
  const asked = jobs.filter(({ kind }) => kind === "embedding-refresh");
  expect(asked.map(({ input }) => (input as { index: string }).index).sort()).toEqual(["one", "two"]);
  for (const job of asked) await untilEnded(services.queues, job.id);
});
