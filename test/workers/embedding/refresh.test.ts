import { describe, expect } from "vitest";
import { stalenessOf } from "../../../data/vectors/refresh/state.ts";
import { enqueue } from "../../../queues/enqueue.ts";
import { listJobs } from "../../../queues/jobs.ts";
import { untilEnded } from "../../../queues/watch.ts";
import { embeddingRefresh } from "../../../workers/embedding/embedding-refresh/job.ts";
import { startPool } from "../../../workers/pool.ts";
import { jobOfKind } from "../../../workers/registry.ts";
import { buildIndex } from "../../data/vectors/built.ts";
import { test } from "../../support/test.ts";
import {
  createNotesIndex,
  fingerprint,
  notes,
  refresh,
  vectorsOf,
  writeNotes,
  writeRows,
} from "./lake-of-notes.ts";

const pool = { pools: ["embedding"] as const, jobOf: jobOfKind };

describe("a refresh", () => {
  test("embeds every row the first time, and a text longer than a chunk in pieces", async ({
    lake,
    services,
  }) => {
    const long = "The patient slept well. ".repeat(20).trim();
    await writeNotes(lake, [
      { id: "a", note: "  Sprained ankle, no fracture. " },
      { id: "b", note: long },
      { id: "c", note: null },
      { id: "d", note: " \n\t " },
    ]);
    await createNotesIndex(lake);
    await using _pool = await startPool(services, pool);

    const done = await refresh(services);

    expect(done).toMatchObject({
      rows: { new: 2, changed: 0, deleted: 0, unchanged: 0, empty: 2 },
      chunks: { refused: 0 },
      outcome: "committed",
    });
    const rows = await vectorsOf(lake);
    expect(rows.filter(({ id }) => id === "a")).toEqual([
      { id: "a", chunk: 0, text: "Sprained ankle, no fracture.", size: 384 },
    ]);
    const pieces = rows.filter(({ id }) => id === "b");
    expect(pieces.length).toBeGreaterThan(2);
    expect(pieces.map(({ chunk }) => chunk)).toEqual(pieces.map((_, index) => index));
  });

  test("looks at what changed since, and at nothing when nothing did", async ({ lake, services }) => {
    await writeNotes(lake, [
      { id: "a", note: "Sprained ankle." },
      { id: "b", note: "Head cold." },
      { id: "c", note: "Broken arm." },
      { id: "d", note: "Sore throat." },
    ]);
    const index = await createNotesIndex(lake);
    await using _pool = await startPool(services, pool);
    await refresh(services);
    const version = async () => (await lake.table("vectors.notes").snapshot()).version;
    const before = await version();

    expect((await refresh(services)).outcome).toBe("unchanged");
    expect(await version()).toBe(before);
    expect(await stalenessOf(lake, index)).toMatchObject({ stale: false });

    await writeNotes(lake, [
      { id: "b", note: "Head cold, now a cough." },
      { id: "e", note: "Twisted knee." },
      { id: "d", note: null },
    ]);
    await lake.table(notes).delete("id = 'c'");
    expect(await stalenessOf(lake, index)).toMatchObject({ stale: true });

    expect(await refresh(services)).toMatchObject({
      rows: { new: 1, changed: 1, deleted: 2, unchanged: 0, empty: 1 },
      chunks: { embedded: 2 },
    });
    expect((await vectorsOf(lake)).map(({ id, text }) => [id, text])).toEqual([
      ["a", "Sprained ankle."],
      ["b", "Head cold, now a cough."],
      ["e", "Twisted knee."],
    ]);
    expect(await stalenessOf(lake, index)).toMatchObject({ stale: false });
  });

  test("leaves a checkpoint only where it stages a plan to go on with", async ({ lake, services }) => {
    await writeNotes(lake, [{ id: "a", note: "Sprained ankle." }]);
    await createNotesIndex(lake);
    await using _pool = await startPool(services, pool);
    const checkpointOf = async (rows: number) => {
      const { id } = await enqueue(services.queues, embeddingRefresh, { index: "notes" });
      const { output } = await untilEnded(services.queues, id);
      expect(output).toMatchObject({ chunks: { embedded: rows }, outcome: "committed" });
      return (await services.queues.of.embedding.getJob(id))?.data.checkpoint;
    };

    expect(await checkpointOf(1)).toBeUndefined();
    await writeRows(
      lake,
      "select 'n' || i as id, 'Note number ' || i as note, 0 as visits from range(20000) t(i)",
    );
    expect(await checkpointOf(20_000)).toMatchObject({ sourceVersion: 2 });
  });

  test("costs no vector where a row changed but not its text, and remembers that it looked", async ({
    lake,
    services,
  }) => {
    await writeNotes(lake, [
      { id: "a", note: "Sprained ankle." },
      { id: "b", note: "Head cold." },
    ]);
    const index = await createNotesIndex(lake);
    await using _pool = await startPool(services, pool);
    await refresh(services);
    const before = await fingerprint(lake);
    await writeRows(lake, "select 'a' as id, 'Sprained ankle.' as note, 7 as visits");

    expect(await refresh(services)).toMatchObject({
      rows: { unchanged: 1, changed: 0 },
      chunks: { embedded: 0 },
      outcome: "unchanged",
    });

    expect(await fingerprint(lake)).toBe(before);
    expect(await stalenessOf(lake, index)).toMatchObject({ stale: false });
  });

  test("drops the later pieces of a text that got shorter", async ({ lake, services }) => {
    await writeNotes(lake, [{ id: "a", note: "The patient slept well. ".repeat(40) }]);
    await createNotesIndex(lake);
    await using _pool = await startPool(services, pool);
    await refresh(services);

    await writeNotes(lake, [{ id: "a", note: "The patient slept well." }]);
    await refresh(services);

    expect(await vectorsOf(lake)).toEqual([
      { id: "a", chunk: 0, text: "The patient slept well.", size: 384 },
    ]);
  });

  test("counts and leaves out a text without a word, and names its row by a mark", async ({
    lake,
    services,
  }) => {
    await writeNotes(lake, [
      { id: "patient-7", note: "??? !!!" },
      { id: "b", note: "Head cold." },
    ]);
    await createNotesIndex(lake);
    await using _pool = await startPool(services, pool);

    const done = await refresh(services);

    expect(done.refused).toMatchObject({ chunks: 1, reasons: { zero: 1 } });
    expect(done.refused?.rows).toEqual([expect.stringMatching(/^ref:[0-9a-f]{10}$/)]);
    expect((await vectorsOf(lake)).map(({ id }) => id)).toEqual(["b"]);
  });

  test("takes the old vector from a row whose new text has none", async ({ lake, services }) => {
    await writeNotes(lake, [{ id: "a", note: "Head cold." }]);
    await createNotesIndex(lake);
    await using _pool = await startPool(services, pool);
    await refresh(services);
    await writeNotes(lake, [{ id: "a", note: "???" }]);

    await refresh(services);

    expect(await vectorsOf(lake)).toEqual([]);
  });

  test("fails for a column that does not name one row", async ({ lake, services }) => {
    await writeNotes(lake, [
      { id: "a", note: "Head cold." },
      { id: "b", note: "Head cold." },
    ]);
    await createNotesIndex(lake, { idColumn: "note" });
    await using _pool = await startPool(services, pool);

    await expect(refresh(services)).rejects.toThrow(
      /1 rows of corpus.notes have a note that another row has/,
    );
  });

  test("asked for twice at once is one piece of work", async ({ lake, services }) => {
    await writeNotes(lake, [{ id: "a", note: "Head cold." }]);
    await createNotesIndex(lake);
    const asked = Promise.all([refresh(services), refresh(services)]);
    await using _pool = await startPool(services, pool);

    const outcomes = await asked;

    expect(outcomes[0]).toEqual(outcomes[1]);
    expect(
      (await lake.table("vectors.notes").history()).filter(({ operation }) => operation === "WRITE"),
    ).toHaveLength(1);
  });

  test("takes the built-in's vectors from another index that holds them, where reading is quicker than making", async ({
    lake,
    services,
  }) => {
    const texts = (from: number, to: number) =>
      `select 'n' || i as id, 'Note number ' || i as note, 0 as visits from range(${from}, ${to}) t(i)`;
    await writeRows(lake, texts(0, 400));
    await createNotesIndex(lake);
    await using _pool = await startPool(services, pool);
    const first = await refresh(services);
    await createNotesIndex(lake, { name: "again" });
    const again = await refresh(services, "again");
    await writeRows(lake, texts(400, 800));
    const later = await refresh(services);
    await createNotesIndex(lake, { name: "other", chunkSize: 9, overlap: 0 });
    const other = await refresh(services, "other");

    expect(first.chunks).toMatchObject({ embedded: 400, cached: 0 });
    expect(again.chunks).toMatchObject({ embedded: 0, cached: 400 });
    // What nobody holds is made, and so is the text that another size of chunks cuts otherwise.
    expect(later.chunks).toMatchObject({ embedded: 400, cached: 0 });
    expect(other.chunks.cached).toBe(0);
    expect(other.chunks.embedded).toBeGreaterThan(256);
  });

  test("makes vectors of two indexes alike, read or made", async ({ lake, services }) => {
    await writeRows(
      lake,
      "select 'n' || i as id, 'Note number ' || i as note, 0 as visits from range(300) t(i)",
    );
    await createNotesIndex(lake);
    await using _pool = await startPool(services, pool);
    await refresh(services);
    await createNotesIndex(lake, { name: "again" });

    expect((await refresh(services, "again")).chunks.cached).toBe(300);

    expect(await fingerprint(lake, "again")).toBe(await fingerprint(lake));
  });

  test("asks for the next generation and a look for a better setting when the index has grown by a tenth", async ({
    lake,
    services,
  }) => {
    const write = (from: number, to: number) =>
      writeRows(
        lake,
        `select 'n' || i as id, 'Note number ' || i as note, 0 as visits from range(${from}, ${to}) t(i)`,
      );
    const asked = async () => {
      const pages = await Promise.all([
        listJobs(services.queues, { pool: "embedding" }),
        listJobs(services.queues, { pool: "autotune" }),
      ]);
      const jobs = pages.flatMap((page) => page.jobs).filter(({ kind }) => kind !== "embedding-refresh");
      return jobs.map(({ kind, input }) => ({ kind, index: (input as { index: string }).index }));
    };
    await write(0, 100);
    await createNotesIndex(lake);
    await using _pool = await startPool(services, pool);
    await refresh(services);
    await buildIndex(lake);

    await write(100, 105);
    await refresh(services);
    expect(await asked()).toEqual([]);
    await write(105, 120);
    await refresh(services);

    expect(await asked()).toEqual([
      { kind: "vectors-build", index: "notes" },
      { kind: "autotune-cycle", index: "notes" },
    ]);
  });

  test("fails for an index that is not there", async ({ services }) => {
    await using _pool = await startPool(services, pool);

    await expect(refresh(services, "none")).rejects.toThrow(/no vector index none/);
  });
});
