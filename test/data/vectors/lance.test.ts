import { expect } from "vitest";
import { SearchRequest } from "../../../data/vectors/search/request.ts";
import { search } from "../../../data/vectors/search/search.ts";
import { test } from "../../support/test.ts";
import { buildIndex } from "./built.ts";
import { addNotes, makeNotes, notes, vectorOf } from "./notes.ts";

test("an index that Lance keeps is searched from disk, with what is newer and without what is gone", async ({
  lake,
}) => {
  await makeNotes(lake, 2_000, { backend: "lance", dimensions: 32 });
  const built = await buildIndex(lake);
  expect(built).toMatchObject({ outcome: "serving", rows: 2_000 });
  expect(built.recall).toBeGreaterThanOrEqual(0.95);
  await addNotes(lake, 2_000, 2_001, { ...notes, dimensions: 32 });
  await lake.table("vectors.notes").delete("id = 'n3'");

  const ask = async (id: string) =>
    search(lake, "notes", SearchRequest.parse({ vector: await vectorOf(lake, id), k: 5 }));

  expect(await ask("n1500")).toMatchObject({ method: "lance", index_generation: 1, unindexed_rows: 1 });
  expect((await ask("n1500")).hits[0]?.id).toBe("n1500");
  expect((await ask("n2000")).hits[0]?.id).toBe("n2000");
  expect((await ask("n11")).hits.map(({ id }) => id)).not.toContain("n3");
});
