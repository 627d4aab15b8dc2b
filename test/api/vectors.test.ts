import { join } from "node:path";
import { expect } from "vitest";
import type { Lake } from "../../data/lake.ts";
import { openLake } from "../../data/open-lake.ts";
import { openFolder } from "../../data/storage/folder.ts";
import { vectorsTrial } from "../../workers/autotune/vectors-trial/job.ts";
import { buildIndex } from "../data/vectors/built.ts";
import { makeNotes, vectorOf } from "../data/vectors/notes.ts";
import { test as base } from "./api.ts";

const test = base.extend<{ lake: Lake }>({
  lake: async ({ dir }, use) => {
    const duckdb = { memoryBytes: 256 * 1024 ** 2, threads: 2, tempDir: join(dir, "spill") };
    await using lake = await openLake({ storage: openFolder(join(dir, "lake")), duckdb });
    await use(lake);
  },
});

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
