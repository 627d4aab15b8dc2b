import { EventEmitter, once } from "node:events";
import { readFile, rm, truncate, writeFile } from "node:fs/promises";
import { describe, expect } from "vitest";
import type { Lake } from "../../../../data/lake.ts";
import { loadHnsw } from "../../../../data/vectors/generations/loaded-index.ts";
import { LoadedIndexes } from "../../../../data/vectors/generations/loaded-indexes.ts";
import {
  currentPointer,
  flip,
  pointerLog,
  prune,
  rollBack,
} from "../../../../data/vectors/generations/pointers.ts";
import { SearchRequest } from "../../../../data/vectors/search/request.ts";
import { search } from "../../../../data/vectors/search/search.ts";
import { test } from "../../../support/test.ts";
import { buildIndex } from "../built.ts";
import { addNotes, makeNotes, notes, vectorOf } from "../notes.ts";

describe("a swap", () => {
  test("drops no request: who reads the old generation finishes on it, and then it is closed", async ({
    lake,
  }) => {
    await makeNotes(lake, 400);
    await buildIndex(lake);
    const closed: number[] = [];
    const indexes = new LoadedIndexes(lake, async (definition, pointer) => {
      const loaded = await loadHnsw(lake.storage, definition, pointer);
      const close = () => {
        closed.push(pointer.sequence);
        loaded.close();
      };
      return { ...loaded, close };
    });
    const vector = await vectorOf(lake, "n1");
    const lease = await indexes.lease(notes);
    await addNotes(lake, 400, 410);
    await buildIndex(lake);

    await indexes.look("notes");
    using fresh = await indexes.lease(notes);

    expect(fresh.index?.pointer.sequence).toBe(1);
    expect(closed).toEqual([]);
    expect(lease.index?.nearest(vector, 3)).toHaveLength(3);
    lease[Symbol.dispose]();
    expect(closed).toEqual([0]);
    // Without the count of readers the request would have been lost.
    expect(() => lease.index?.nearest(vector, 3)).toThrow("given up while a search still read it");
  });

  test("has read what is newer than the generation before a search comes to it", async ({ lake }) => {
    await makeNotes(lake, 400);
    await buildIndex(lake);
    await addNotes(lake, 400, 410);
    await buildIndex(lake);
    let readings = 0;
    const watched: Lake = {
      ...lake,
      duckdb() {
        readings += 1;
        return lake.duckdb();
      },
    };
    const indexes = new LoadedIndexes(watched);
    const request = SearchRequest.parse({ vector: await vectorOf(lake, "n405"), k: 1 });
    await search(watched, "notes", request, { indexes });

    await rollBack(lake.storage, "notes", { reason: "test" });
    await indexes.look("notes");
    expect(readings).toBeGreaterThan(0);
    readings = 0;

    const reply = await search(watched, "notes", request, { indexes });
    expect(reply).toMatchObject({ index_generation: 1, unindexed_rows: 10, hits: [{ id: "n405" }] });
    expect(readings).toBe(0);
    indexes.close();
  });

  test("under searches at every moment loses none of them", async ({ lake }) => {
    await makeNotes(lake, 400);
    await buildIndex(lake);
    const indexes = new LoadedIndexes(lake);
    const vector = await vectorOf(lake, "n1");
    const ask = () => search(lake, "notes", SearchRequest.parse({ vector, k: 5 }), { indexes });
    await ask();
    const bell = new EventEmitter();
    let served: number | null = null;
    const swapping = (async () => {
      for (const generation of [2, 1, 3]) {
        if (generation === 1) await rollBack(lake.storage, "notes", { reason: "test" });
        else await buildIndex(lake, { force: true });
        // A look that was under way may have missed the swap, and a search that was may have begun before it.
        while (served !== generation) {
          await indexes.look("notes");
          await once(bell, "searched");
        }
      }
    })();
    let over = false;
    void swapping.finally(() => {
      over = true;
    });
    while (!over) {
      for (const reply of await Promise.all([ask(), ask(), ask()])) {
        expect(reply.hits[0]?.id).toBe("n1");
        expect(reply.method).toBe("hnsw");
        served = reply.index_generation;
      }
      bell.emit("searched");
    }
    await swapping;

    expect(served).toBe(3);
    indexes.close();
  });
});

describe("the pointer", () => {
  test("is flipped by one of two who build at once; the other's work is discarded", async ({ lake }) => {
    await makeNotes(lake, 300);
    await buildIndex(lake);
    const [pointer] = await pointerLog(lake.storage, "notes");
    if (!pointer) throw new Error("no pointer");
    const newer = { ...pointer.generation, number: 2, tableVersion: 9 };
    const older = { ...pointer.generation, number: 2, tableVersion: 1 };

    const outcomes = await Promise.all(
      [newer, older].map((generation) => flip(lake.storage, "notes", generation, { reason: "race" })),
    );
    const champion = await flip(lake.storage, "notes", newer, { reason: "stale choice", expected: 0 });

    expect(outcomes[0]?.outcome).toBe("serving");
    expect((await currentPointer(lake.storage, "notes"))?.generation.tableVersion).toBe(9);
    expect(champion.outcome).toBe("superseded");
  });

  test("goes back by one more entry, further each time, and says when there is nothing left", async ({
    lake,
  }) => {
    await makeNotes(lake, 300);
    for (let n = 0; n < 4; n += 1) await buildIndex(lake, { force: true });

    expect((await rollBack(lake.storage, "notes", { reason: "worse" })).generation.number).toBe(3);
    expect((await rollBack(lake.storage, "notes", { reason: "worse" })).generation.number).toBe(2);
    await expect(rollBack(lake.storage, "notes", { reason: "worse" })).rejects.toThrow(
      "no earlier generation",
    );
    expect((await rollBack(lake.storage, "notes", { to: 4, reason: "better" })).generation.number).toBe(4);
    expect(await prune(lake.storage, "notes")).toEqual([expect.stringContaining("generations/")]);
    expect((await pointerLog(lake.storage, "notes")).length).toBe(7);
  });

  test("running a build again over the same rows changes nothing", async ({ lake }) => {
    await makeNotes(lake, 300);

    expect(await buildIndex(lake)).toMatchObject({ outcome: "serving", generation: 1 });
    expect(await buildIndex(lake)).toMatchObject({ outcome: "unchanged", generation: 1 });
    expect(await pointerLog(lake.storage, "notes")).toHaveLength(1);
  });
});

describe("an index file that cannot be read", () => {
  const damages: Readonly<Record<string, (path: string) => Promise<void>>> = {
    "is cut short": (path) => truncate(path, 5_000),
    "has a changed byte": async (path) => {
      const bytes = await readFile(path);
      bytes[2_000] = (bytes[2_000] ?? 0) ^ 1;
      await writeFile(path, bytes);
    },
    "is of another version": async (path) => {
      const bytes = await readFile(path);
      await writeFile(
        path,
        Buffer.from(bytes.toString("latin1").replace('"format":1', '"format":9'), "latin1"),
      );
    },
  };

  test.for(Object.entries(damages))(
    "because it %s leaves the old one serving, and a build mends it",
    async ([, damage], { lake }) => {
      await makeNotes(lake, 300);
      await buildIndex(lake);
      let sayDamaged = () => {};
      const damaged = new Promise<void>((resolve) => {
        sayDamaged = resolve;
      });
      // It also looks by itself every second, and would find the file whole before it is damaged.
      const indexes = new LoadedIndexes(lake, async (definition, pointer) => {
        if (pointer.generation.number === 2) await damaged;
        return loadHnsw(lake.storage, definition, pointer);
      });
      const vector = await vectorOf(lake, "n1");
      const ask = (using = indexes) =>
        search(lake, "notes", SearchRequest.parse({ vector, k: 3 }), { indexes: using });
      await ask();
      await buildIndex(lake, { force: true });
      const key = (await currentPointer(lake.storage, "notes"))?.generation.key ?? "";
      await damage(await lake.storage.localPath(key));
      sayDamaged();

      await indexes.look("notes");

      expect(await ask()).toMatchObject({ method: "hnsw", index_generation: 1 });
      const begun = await ask(new LoadedIndexes(lake));
      expect(begun).toMatchObject({ method: "hnsw", index_generation: 1 });
      expect(begun.why).toMatch(/cannot be read \(.*build it again/);
      // Nobody forces it: a build looks at the file that serves.
      expect(await buildIndex(lake)).toMatchObject({ outcome: "serving", generation: 3 });
      await indexes.look("notes");
      expect(await ask()).toMatchObject({ method: "hnsw", index_generation: 3 });
      expect((await ask()).why).not.toContain("cannot be read");
      expect(await buildIndex(lake)).toMatchObject({ outcome: "unchanged" });
    },
  );

  test("and is the only one leaves every row to be compared", async ({ lake }) => {
    await makeNotes(lake, 300);
    await buildIndex(lake);
    const key = (await currentPointer(lake.storage, "notes"))?.generation.key ?? "";
    await truncate(await lake.storage.localPath(key), 5_000);
    const request = SearchRequest.parse({ vector: await vectorOf(lake, "n1"), k: 3 });

    const reply = await search(lake, "notes", request, { indexes: new LoadedIndexes(lake) });

    expect(reply).toMatchObject({ method: "exact", index_generation: null, hits: [{ id: "n1" }, {}, {}] });
    expect(reply.why).toContain("build it again");
  });

  test("is told of until somebody takes it on, and then no more", async ({ lake }) => {
    await makeNotes(lake, 300);
    await buildIndex(lake);
    const key = (await currentPointer(lake.storage, "notes"))?.generation.key ?? "";
    await rm(await lake.storage.localPath(key));
    const indexes = new LoadedIndexes(lake);
    const told: string[] = [];
    let answer = false;
    indexes.mendWith(async (index) => {
      told.push(index);
      return answer;
    });

    using _lease = await indexes.lease(notes);
    expect(told).toEqual(["notes"]);
    answer = true;
    await indexes.look("notes");
    expect(told).toEqual(["notes", "notes"]);
    await indexes.look("notes");
    expect(told).toHaveLength(2);
    indexes.close();
  });
});

test("a build that is told to end ends itself, leaves nothing behind, and the process lives", async ({
  lake,
}) => {
  await makeNotes(lake, 20_000, { dimensions: 64 });
  const abort = new AbortController();

  const building = buildIndex(lake, {}, abort.signal, () => abort.abort(new Error("cancelled")));

  await expect(building).rejects.toThrow("cancelled");
  const left: string[] = [];
  for await (const { key } of lake.storage.list("_vectors/notes/generations/")) left.push(key);
  expect(left).toEqual([]);
});
