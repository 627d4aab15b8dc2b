import { describe, expect } from "vitest";
import { currentPointer } from "../../../data/vectors/generations/pointers.ts";
import { SearchRequest } from "../../../data/vectors/search/request.ts";
import { search } from "../../../data/vectors/search/search.ts";
import { test } from "../../support/test.ts";
import { buildIndex } from "./built.ts";
import { addNotes, makeNotes, rowsSql, vectorOf } from "./notes.ts";

const ask = (request: object) => SearchRequest.parse(request);

describe("a search", () => {
  test("compares every row while no generation was built, and says so", async ({ lake }) => {
    await makeNotes(lake, 300);

    const reply = await search(lake, "notes", ask({ vector: await vectorOf(lake, "n7"), k: 3 }));

    expect(reply.hits[0]).toMatchObject({ id: "n7", chunk: 0 });
    expect(reply).toMatchObject({ method: "exact", index_generation: null, unindexed_rows: null });
    expect(reply.why).toContain("not built yet");
  });

  test("is answered by the generation once it is built, with the same first hits as the truth", async ({
    lake,
  }) => {
    await makeNotes(lake, 2_000);
    const built = await buildIndex(lake);
    expect(built).toMatchObject({ outcome: "serving", generation: 1, rows: 2_000 });
    const vector = await vectorOf(lake, "n42");

    const reply = await search(lake, "notes", ask({ vector, k: 5 }));
    const truth = await search(lake, "notes", ask({ vector, k: 5, exact: true }));

    expect(reply).toMatchObject({ method: "hnsw", index_generation: 1, unindexed_rows: 0 });
    expect(reply.hits.map(({ id }) => id)).toEqual(truth.hits.map(({ id }) => id));
    expect(reply.hits[1]?.distance).toBeCloseTo(truth.hits[1]?.distance ?? 9, 4);
    expect((await currentPointer(lake.storage, "notes"))?.generation.recall).toBeGreaterThanOrEqual(0.95);
  });

  test("finds rows that are newer than the generation, and never those deleted or changed since", async ({
    lake,
  }) => {
    await makeNotes(lake, 1_000);
    await buildIndex(lake);
    const old = await vectorOf(lake, "n5");
    await search(lake, "notes", ask({ vector: old }));
    await addNotes(lake, 1_000, 1_010);
    const table = lake.table("vectors.notes");
    await table.delete("id = 'n5'");
    await table.merge({ sql: rowsSql(8, 9).replace("'n' || i", "'n6'") }, { key: ["id", "chunk"] });

    const fresh = await search(lake, "notes", ask({ vector: await vectorOf(lake, "n1003"), k: 1 }));
    const deleted = await search(lake, "notes", ask({ vector: old, k: 1_000 }));
    const changed = await search(lake, "notes", ask({ vector: await vectorOf(lake, "n8"), k: 2 }));

    expect(fresh.hits[0]?.id).toBe("n1003");
    expect(fresh).toMatchObject({ method: "hnsw", index_generation: 1, unindexed_rows: 11 });
    expect(deleted.hits.map(({ id }) => id)).not.toContain("n5");
    expect(deleted.hits).toHaveLength(1_000);
    expect(changed.hits.map(({ id }) => id).sort()).toEqual(["n6", "n8"]);
  });

  test("gives columns of the row and the chunk's text when asked to", async ({ lake }) => {
    await makeNotes(lake, 50);

    const vector = await vectorOf(lake, "n9");
    const reply = await search(
      lake,
      "notes",
      ask({ vector, k: 1, include: ["topic", "number"], text_of_chunk: true }),
    );

    expect(reply.hits[0]).toMatchObject({
      text: "note 9 tells of cough",
      row: { topic: "cough", number: 9 },
    });
    await expect(search(lake, "notes", ask({ vector, include: ["colour"] }))).rejects.toThrow(
      "no column colour",
    );
  });
});

describe("a filter", () => {
  test.for([
    { filter: "number < 20", method: "exact-filtered" },
    { filter: "topic = 'cough'", method: "exact-filtered" },
    { filter: "number >= 2300", method: "over-fetch" },
    { filter: "number % 20 = 3", method: "exact-filtered" },
  ])("gives what the truth gives where $filter, by $method", async ({ filter, method }, { lake }) => {
    await makeNotes(lake, 5_000);
    await buildIndex(lake);
    const vector = await vectorOf(lake, "n4000");

    const reply = await search(lake, "notes", ask({ vector, k: 10, filter }));
    const truth = await search(lake, "notes", ask({ vector, k: 10, filter, exact: true }));

    expect(reply.method).toBe(method);
    expect(reply.hits.map(({ id }) => id)).toEqual(truth.hits.map(({ id }) => id));
    expect(reply.sql_matches).toBe(truth.sql_matches);
  });

  test("that nothing meets gives no hits and no error", async ({ lake }) => {
    await makeNotes(lake, 50);

    const reply = await search(
      lake,
      "notes",
      ask({ vector: await vectorOf(lake, "n1"), filter: "number < 0" }),
    );

    expect(reply).toMatchObject({ hits: [], sql_matches: 0 });
  });
});

describe("hybrid", () => {
  test("lifts what holds the words above what is only near", async ({ lake }) => {
    await makeNotes(lake, 800);
    const vector = await vectorOf(lake, "n1");

    const reply = await search(
      lake,
      "notes",
      ask({ vector, text: "asthma 12", hybrid: true, k: 5, text_of_chunk: true }),
    );

    expect(reply.hits.map(({ id }) => id)).toContain("n12");
    expect(reply.hits.some(({ id }) => id === "n1")).toBe(true);
  });
});

describe("bad input is refused", () => {
  test.for([
    [{ text: "x", k: 0 }, /too small|>=1/i],
    [{ text: "x", k: 10_000 }, /too big|<=1000/i],
    [{ k: 3 }, /text or a vector/],
    [{ text: "x", vector: [1] }, /not both/],
    [{ text: "   " }, /too small|>=1/i],
    [{ vector: [1], hybrid: true }, /needs words/],
  ] as const)("%j", ([request, message]) => {
    expect(() => ask(request)).toThrow(message);
  });

  test("an unknown index, a vector of another length, zeros, and words for vectors that came with their rows", async ({
    lake,
  }) => {
    await makeNotes(lake, 10);
    const found = (request: object) => search(lake, "notes", ask(request));

    await expect(search(lake, "nothing", ask({ text: "x" }))).rejects.toThrow("no vector index nothing");
    await expect(found({ vector: [1, 2] })).rejects.toThrow("has 16 numbers, and this one 2");
    await expect(found({ vector: new Array(16).fill(0) })).rejects.toThrow("no direction");
    await expect(found({ text: "x" })).rejects.toThrow("ask it with a vector");
    await expect(found({ vector: new Array(16).fill(1), filter: "number > (select 1)" })).rejects.toThrow(
      "query of its own",
    );
  });
});
