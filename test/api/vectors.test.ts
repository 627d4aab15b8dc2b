import { expect } from "vitest";
import { recordTrials } from "../../data/vectors/trials/journal.ts";
import { findJob } from "../../queues/jobs.ts";
import { vectorsTrial } from "../../workers/autotune/vectors-trial/job.ts";
import { buildIndex } from "../data/vectors/built.ts";
import { makeNotes, vectorOf } from "../data/vectors/notes.ts";
import { trialOf } from "../data/vectors/trial.ts";
import { test } from "./lake-api.ts";

test("an index is searched, tried, promoted and rolled back over HTTP", async ({ serve, lake }) => {
  await makeNotes(lake, 400);
  await buildIndex(lake);
  await buildIndex(lake, { force: true });
  const api = await serve({ lake, kinds: new Map([[vectorsTrial.kind, vectorsTrial]]) });
  const vector = await vectorOf(lake, "n17");

  const found = await api.post("/vectors/notes/search", {
    vector,
    k: 2,
    filter: "number < 100",
    include: ["topic"],
  });
  expect(found.status).toBe(200);
  expect(await found.json()).toMatchObject({
    index: "notes",
    hits: [{ id: "n17", row: { topic: "cough" } }, {}],
    method: "exact-filtered",
    index_generation: 2,
    unindexed_rows: 0,
    sql_matches: 100,
  });

  const back = await api.post("/vectors/notes/rollback", {});
  expect(await back.json()).toMatchObject({
    generation: { number: 1 },
    reason: expect.stringContaining("rolled back"),
  });
  const after = await api.post("/vectors/notes/search", { vector, k: 1 });
  expect(await after.json()).toMatchObject({ index_generation: 1 });
  const log = await (await api.fetch("/vectors/notes/generations")).json();
  expect(log).toMatchObject({ pointers: [{ sequence: 0 }, { sequence: 1 }, { sequence: 2 }] });

  const trial = await api.post("/vectors/notes/trials", { m: 8, efConstruction: 40 });
  expect(trial.status).toBe(202);
  expect(await trial.json()).toMatchObject({ kind: "vectors-trial", pool: "autotune" });
  expect(await (await api.fetch("/vectors/notes/trials")).json()).toEqual({ trials: [] });
  expect(await (await api.fetch("/vectors/notes/best?metric=recall")).json()).toEqual({
    metric: "recall",
    trials: [],
  });
});

test("a trial is promoted by its name, at the narrowest width that found enough or at one of its others", async ({
  serve,
  lake,
  queues,
}) => {
  await makeNotes(lake, 20);
  const widths = [trialOf(10, { recall: 0.9 }), trialOf(20, { recall: 0.96 }), trialOf(40)];
  await recordTrials(lake, widths);
  const api = await serve({ lake });
  const promoted = async (body: object) => {
    const { id } = (await (await api.post("/vectors/notes/promote", body)).json()) as { id: string };
    return (await findJob(queues, id))?.input;
  };

  const setting = { m: 24, efConstruction: 90, seed: 7 };
  expect(await promoted({ trial: "t1" })).toEqual({
    index: "notes",
    setting: { ...setting, efSearch: 20 },
    force: false,
  });
  expect(await promoted({ trial: "t1", efSearch: 40 })).toMatchObject({
    setting: { ...setting, efSearch: 40 },
  });
  expect(await promoted({ m: 8, efConstruction: 40, efSearch: 30 })).toMatchObject({
    setting: { m: 8, efSearch: 30, seed: 42 },
  });
  const unknown = await api.post("/vectors/notes/promote", { trial: "t2" });
  expect([unknown.status, await unknown.text()]).toEqual([404, expect.stringContaining("no trial t2")]);
  const narrow = await api.post("/vectors/notes/promote", { trial: "t1", efSearch: 30 });
  expect([narrow.status, await narrow.text()]).toEqual([404, expect.stringContaining("10, 20, 40")]);
});

test("an index is described with what it finds, what it holds in memory and how stale it is", async ({
  serve,
  lake,
}) => {
  await makeNotes(lake, 400);
  await buildIndex(lake);
  const api = await serve({ lake });

  const shown = await (await api.fetch("/vectors/notes")).json();
  const listed = (await (await api.fetch("/vectors?table=gold.note")).json()) as { indexes: unknown[] };

  expect(shown).toMatchObject({
    model: "given",
    dimensions: 16,
    rows: 400,
    generation: { number: 1 },
    recall: { measured: expect.closeTo(1, 1), live: null, compared: 0 },
    staleness: { stale: true },
  });
  const { memoryBytes, generation } = shown as { memoryBytes: number; generation: { sizeBytes: number } };
  expect(memoryBytes).toBe(generation.sizeBytes);
  expect(listed.indexes).toEqual([shown]);
});

test("what cannot be searched is refused with its reason", async ({ serve, lake }) => {
  await makeNotes(lake, 20);
  const api = await serve({ lake });
  const vector = await vectorOf(lake, "n1");
  const problem = async (index: string, body: object) => {
    const reply = await api.post(`/vectors/${index}/search`, body);
    const { type, detail } = (await reply.json()) as { type: string; detail: string };
    return { status: reply.status, type: type.replace("urn:millrace:problem:", ""), detail };
  };

  expect(await problem("nothing", { vector })).toMatchObject({ status: 404, type: "not-found" });
  expect(await problem("notes", { vector, k: 0 })).toMatchObject({ status: 422, type: "invalid" });
  expect(await problem("notes", { vector, k: 10_000 })).toMatchObject({ status: 422, type: "invalid" });
  expect(await problem("notes", { vector: [1, 2] })).toMatchObject({ status: 422 });
  expect(await problem("notes", { vector, filter: "number in (select 1)" })).toMatchObject({
    status: 403,
    type: "query-forbidden",
  });
  expect(await problem("notes", { vector, filter: "colour = 'red'" })).toMatchObject({
    status: 422,
    type: "query-wrong",
    detail: expect.stringContaining("no column colour"),
  });
});

test("words for a model that is away answer 503 naming it, while vectors are still searched", async ({
  serve,
  lake,
}) => {
  const content = {
    kind: "text",
    column: "text",
    embedder: "nomic",
    chunkSize: 100,
    overlap: 0,
    redact: false,
  } as const;
  await makeNotes(lake, 20, { content, model: "ollama/nomic@1" });
  const away = "http://127.0.0.1:9";
  const api = await serve({ lake, modelServer: { url: away } });

  const words = await api.post("/vectors/notes/search", { text: "cough" });
  const numbers = await api.post("/vectors/notes/search", { vector: await vectorOf(lake, "n1") });

  expect(words.status).toBe(503);
  expect(await words.text()).toContain(away);
  expect(numbers.status).toBe(200);
});
