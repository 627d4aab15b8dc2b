import { describe, expect } from "vitest";
import { LoadedIndexes } from "../../../data/vectors/generations/loaded-indexes.ts";
import { SearchRequest } from "../../../data/vectors/search/request.ts";
import { search } from "../../../data/vectors/search/search.ts";
import { test } from "../../support/test.ts";
import { buildIndex } from "./built.ts";
import { makeNotes, notes, vectorOf } from "./notes.ts";

const K = 10;

describe("a filter is exact", () => {
  test("at any share of the rows, where ranking first and filtering after loses hits", async ({ lake }) => {
    const rows = 6_000;
    await makeNotes(lake, rows);
    await buildIndex(lake, { setting: { m: 32, efConstruction: 200, efSearch: 80, seed: 1 } });
    const indexes = new LoadedIndexes(lake);
    const vector = await vectorOf(lake, "n11");
    using lease = await indexes.lease(notes);
    const near = (await lease.index?.nearest(vector, K)) ?? [];
    const methods = new Set<string>();
    let lost = 0;

    for (const least of [5_999, 5_994, 5_900, 5_000, 3_500, 1_000, 1]) {
      const filter = `number >= ${least}`;
      const ask = (exact: boolean) =>
        search(lake, "notes", SearchRequest.parse({ vector, k: K, filter, exact }), { indexes });
      const [reply, truth] = [await ask(false), await ask(true)];
      expect(reply.hits).toHaveLength(Math.min(K, rows - least));
      expect(reply.hits.map(({ id }) => id)).toEqual(truth.hits.map(({ id }) => id));
      expect(reply.sql_matches).toBe(rows - least);
      methods.add(reply.method);
      const after = near.filter(({ id }) => Number(id.slice(1)) >= least);
      lost += reply.hits.length - after.length;
    }

    expect(methods).toEqual(new Set(["exact-filtered", "over-fetch"]));
    expect(lost).toBeGreaterThan(0);
    indexes.close();
  });

  test("where the rows that meet it lie far from what is asked", async ({ lake }) => {
    await makeNotes(lake, 6_000);
    await buildIndex(lake);
    // Row n8 is of the first cluster, and all that pass are of another.
    const vector = await vectorOf(lake, "n8");
    for (const filter of [
      "topic = 'rash' and number > 5000",
      "topic in ('rash', 'migraine', 'anemia', 'asthma')",
    ]) {
      const ask = (exact: boolean) =>
        search(lake, "notes", SearchRequest.parse({ vector, k: K, filter, exact }));
      expect((await ask(false)).hits.map(({ id }) => id)).toEqual((await ask(true)).hits.map(({ id }) => id));
    }
  });
});

test("a deleted row is gone from the answers at once, though the generation still holds it", async ({
  lake,
}) => {
  await makeNotes(lake, 500);
  await buildIndex(lake);
  const indexes = new LoadedIndexes(lake);
  const vector = await vectorOf(lake, "n5");
  const ask = async () =>
    (await search(lake, "notes", SearchRequest.parse({ vector, k: 3 }), { indexes })).hits.map(
      ({ id }) => id,
    );
  expect((await ask())[0]).toBe("n5");

  await lake.table("vectors.notes").delete("id = 'n5'");

  expect(await ask()).not.toContain("n5");
  using lease = await indexes.lease(notes);
  expect((await lease.index?.nearest(vector, 1))?.[0]?.id).toBe("n5");
  indexes.close();
});
