import { rm, truncate } from "node:fs/promises";
import { pino } from "pino";
import { expect } from "vitest";
import { currentPointer } from "../../data/vectors/generations/pointers.ts";
import { listJobs } from "../../queues/jobs.ts";
import { buildIndex } from "../data/vectors/built.ts";
import { makeNotes, vectorOf } from "../data/vectors/notes.ts";
import { test } from "./lake-api.ts";

const damages = {
  "is cut short": (path: string) => truncate(path, 5_000),
  "is gone": (path: string) => rm(path),
};

test.for(Object.entries(damages))(
  "an index whose newest file %s is served by the one before, and its build is asked for once",
  async ([, damage], { serve, lake, queues }) => {
    await makeNotes(lake, 300);
    await buildIndex(lake);
    await buildIndex(lake, { force: true });
    const key = (await currentPointer(lake.storage, "notes"))?.generation.key ?? "";
    await damage(await lake.storage.localPath(key));
    let say = (_line: string) => {};
    const asked = new Promise<string>((resolve) => {
      say = resolve;
    });
    const log = pino({}, { write: (line: string) => line.includes("built again") && say(line) });
    const api = await serve({ lake, log });
    const vector = await vectorOf(lake, "n1");
    const ask = async () => (await api.post("/vectors/notes/search", { vector, k: 1 })).json();

    expect(await ask()).toMatchObject({ method: "hnsw", index_generation: 1, hits: [{ id: "n1" }] });
    const { job } = JSON.parse(await asked) as { job: string };
    await ask();

    const { jobs } = await listJobs(queues, { pool: "embedding" });
    expect(jobs).toMatchObject([{ id: job, kind: "vectors-build", input: { index: "notes", force: false } }]);
  },
);

test("an index whose file is whole is never built for nothing", async ({ serve, lake, queues }) => {
  await makeNotes(lake, 300);
  await buildIndex(lake);
  const api = await serve({ lake });

  const found = await api.post("/vectors/notes/search", { vector: await vectorOf(lake, "n1"), k: 1 });

  expect(await found.json()).toMatchObject({ method: "hnsw" });
  expect((await listJobs(queues, { pool: "embedding" })).jobs).toEqual([]);
});
