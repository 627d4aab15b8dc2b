import { describe, expect } from "vitest";
import { z } from "zod";
import { currentPointer, pointerLog } from "../../../data/vectors/generations/pointers.ts";
import { readTrials } from "../../../data/vectors/trials/journal.ts";
import { enqueue } from "../../../queues/enqueue.ts";
import { listJobs } from "../../../queues/jobs.ts";
import { untilEnded } from "../../../queues/watch.ts";
import { autotuneAll } from "../../../workers/autotune/autotune-all/job.ts";
import { autotuneCycle } from "../../../workers/autotune/autotune-cycle/job.ts";
import { vectorsTrial } from "../../../workers/autotune/vectors-trial/job.ts";
import { startPool } from "../../../workers/pool.ts";
import { jobOfKind } from "../../../workers/registry.ts";
import { buildIndex } from "../../data/vectors/built.ts";
import { makeNotes } from "../../data/vectors/notes.ts";
import { test } from "../../support/test.ts";

describe("a cycle of the autotuner", () => {
  test("lets a quicker setting serve, writes down every trial, and leaves tuned rows alone", async ({
    lake,
    queues,
    services,
  }) => {
    await makeNotes(lake, 1_500, { dimensions: 48, targetRecall: 0.9 });
    await buildIndex(lake, { setting: { m: 48, efConstruction: 400, efSearch: 640, seed: 42 } });
    await using _pool = await startPool(services, { pools: ["autotune", "embedding"], jobOf: jobOfKind });
    const input = autotuneCycle.input.parse({ index: "notes", cooldownMinutes: 60, trialsPerHour: 2 });

    const first = await untilEnded(queues, (await enqueue(queues, autotuneCycle, input)).id);
    const second = await untilEnded(queues, (await enqueue(queues, autotuneCycle, input)).id);

    expect(first).toMatchObject({ state: "completed", error: null });
    expect(first.output).toMatchObject({ indexes: [{ index: "notes", outcome: "promoted" }] });
    expect(second.output).toMatchObject({ indexes: [{ outcome: "cooling", builds: 0 }] });
    const pointer = await currentPointer(lake.storage, "notes");
    expect(pointer?.reason).toMatch(/^autotune: .*quicker/);
    expect(pointer?.generation.setting.efSearch).toBeLessThan(640);
    const trials = await readTrials(lake, "notes");
    expect(trials.length).toBeGreaterThan(5);
    expect(new Set(trials.map(({ origin }) => origin))).toEqual(new Set(["autotune"]));
    // Builds that lost are not left behind.
    const files: string[] = [];
    for await (const { key } of lake.storage.list("_vectors/notes/generations/")) files.push(key);
    const named = new Set((await pointerLog(lake.storage, "notes")).map(({ generation }) => generation.key));
    expect(files.filter((key) => !named.has(key))).toEqual([]);
  });
});

test("every index that a graph serves is asked to be tuned, each by a job of its own", async ({
  lake,
  queues,
  services,
}) => {
  await makeNotes(lake, 0, { name: "one" });
  await makeNotes(lake, 0, { name: "two" });
  await makeNotes(lake, 0, { name: "disk", backend: "lance" });
  await using _pool = await startPool(services, { pools: ["autotune", "embedding"], jobOf: jobOfKind });

  const ended = await untilEnded(queues, (await enqueue(queues, autotuneAll, {})).id);

  expect(ended).toMatchObject({ error: null, output: { indexes: 2 } });
  const { jobs } = await listJobs(queues, { pool: "autotune" });
  const asked = jobs.filter(({ id }) => id !== ended.id);
  expect(asked.map(({ input }) => (input as { index: string }).index).sort()).toEqual(["one", "two"]);
  for (const { id } of asked)
    expect(await untilEnded(queues, id)).toMatchObject({ error: null, output: { indexes: [] } });
});

test("a trial measures one setting, and its journal is a table that SQL reads", async ({
  lake,
  queues,
  services,
}) => {
  await makeNotes(lake, 500);
  await using _pool = await startPool(services, { pools: ["autotune"], jobOf: jobOfKind });
  const input = vectorsTrial.input.parse({ index: "notes", m: 8, efConstruction: 40, efSearch: 40 });

  const ended = await untilEnded(queues, (await enqueue(queues, vectorsTrial, input)).id);

  expect(ended.error).toBeNull();
  const rows = await (await lake.table("vectors.trials").snapshot()).readSql();
  const found = await (await lake.duckdb()).query(
    z.object({ m: z.coerce.number(), ef_search: z.coerce.number(), recall: z.number(), origin: z.string() }),
    `select m, ef_search, recall, origin from (${rows})`,
  );
  expect(found).toEqual([{ m: 8, ef_search: 40, recall: expect.any(Number), origin: "asked" }]);
  expect(found[0]?.recall).toBeGreaterThan(0.9);
});
