import { describe, expect, onTestFinished } from "vitest";
import { openIndexEmbedder } from "../../../data/vectors/embedders/open-embedder.ts";
import { IndexExistsError, IndexNotFoundError } from "../../../data/vectors/errors.ts";
import { createIndex, dropIndex, listIndexes, readIndex } from "../../../data/vectors/indexes.ts";
import { embedRange } from "../../../data/vectors/refresh/embed-missing.ts";
import { keepMissing } from "../../../data/vectors/refresh/missing.ts";
import { compareRows } from "../../../data/vectors/refresh/plan.ts";
import { stagePlan } from "../../../data/vectors/refresh/staged-refresh.ts";
import { openWorkbench } from "../../../data/vectors/refresh/workbench.ts";
import { ModelServer } from "../../support/model-server.ts";
import { test } from "../../support/test.ts";
import { createNotesIndex, notes, writeNotes, writeRows } from "./lake-of-notes.ts";

describe("a batch that was killed", () => {
  test("goes on behind the last texts that it left, and embeds none of them twice", async ({ lake }) => {
    const server = await ModelServer.start();
    onTestFinished(() => server[Symbol.asyncDispose]());
    await writeNotes(
      lake,
      Array.from({ length: 200 }, (_, i) => ({ id: `n${i}`, note: `Note ${i}.` })),
    );
    const index = await createNotesIndex(lake, { embedder: "tiny", server });
    const stop = new AbortController();
    const threads = { inThread: () => Promise.reject(new Error("no thread is needed")) };
    const staged = { index: "notes", number: 1 };
    const range = { first: 0, last: 200 };
    const run = async (signal: AbortSignal) => {
      await using bench = await openWorkbench(lake, { signal, ...threads });
      return await embedRange(bench, index, staged, range, {
        openEmbedder: () => openIndexEmbedder(index, { server, signal }),
        onEmbedded: () => undefined,
      });
    };
    {
      await using bench = await openWorkbench(lake, { signal: stop.signal, ...threads });
      const { version } = await lake.table(notes).snapshot();
      const { counts, wanted } = await compareRows(bench, index, { from: undefined, to: version });
      await stagePlan(bench, staged, { counts, ...(await keepMissing(bench, index, wanted)) });
    }
    server.embedded.length = 0;
    server.behaviour.onEmbed = () => {
      if (server.batches.length > 4) stop.abort(new Error("killed"));
    };
    await expect(run(stop.signal)).rejects.toThrow("killed");
    const before = new Set(server.embedded);
    server.embedded.length = 0;
    server.behaviour.onEmbed = () => undefined;

    await run(new AbortController().signal);

    // The request that was under way when it was killed is the only one whose answer nobody kept.
    expect(server.embedded.filter((text) => before.has(text)).length).toBeLessThanOrEqual(64);
    expect(before.size).toBeGreaterThanOrEqual(128);
    expect(new Set([...before, ...server.embedded]).size).toBe(200);
    server.embedded.length = 0;
    expect(await run(new AbortController().signal)).toEqual({ embedded: 0 });
    expect(server.embedded).toEqual([]);
  });
});

describe("an index", () => {
  test("is created once; the same again is the same, and another definition under its name is refused", async ({
    lake,
  }) => {
    await writeRows(lake, "select 'a' as id, 'Head cold.' as note, 1 as visits");
    const index = await createNotesIndex(lake);

    expect(await createNotesIndex(lake)).toEqual(index);
    expect(await listIndexes(lake)).toEqual([index]);
    await expect(createIndex(lake, { ...index, metric: "l2" })).rejects.toBeInstanceOf(IndexExistsError);

    await dropIndex(lake, "notes");
    await expect(readIndex(lake, "notes")).rejects.toBeInstanceOf(IndexNotFoundError);
    expect(await lake.table("vectors.notes").exists()).toBe(false);
  });

  test.for<[string, Parameters<typeof createNotesIndex>[1], RegExp]>([
    ["a table that is not there", { table: "corpus.none" }, /There is no table corpus\.none/],
    ["an id column that is not there", { idColumn: "key" }, /no column key; it has id, note, visits/],
    [
      "a text column that holds numbers",
      {
        content: {
          kind: "text",
          column: "visits",
          embedder: "built-in",
          chunkSize: 9,
          overlap: 1,
          redact: false,
        },
      },
      /not text/,
    ],
    ["a vector column that holds text", { content: { kind: "vector", column: "note" } }, /not vectors/],
    ["an overlap as long as a chunk", { chunkSize: 10, overlap: 10 }, /overlap/],
    ["the name of the cache", { name: "cache" }, /cache/],
  ])("is refused over %s", async ([, options, message], { lake }) => {
    await writeRows(lake, "select 'a' as id, 'Head cold.' as note, 1 as visits");

    await expect(createNotesIndex(lake, options)).rejects.toThrow(message);
    expect(await listIndexes(lake)).toEqual([]);
  });
});
