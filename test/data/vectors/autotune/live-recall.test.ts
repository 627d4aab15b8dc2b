import { expect } from "vitest";
import type { Lake } from "../../../../data/lake.ts";
import { RecallWatch } from "../../../../data/vectors/autotune/live-recall.ts";
import { LoadedIndexes } from "../../../../data/vectors/generations/loaded-indexes.ts";
import { pointerLog } from "../../../../data/vectors/generations/pointers.ts";
import { SearchRequest } from "../../../../data/vectors/search/request.ts";
import { search } from "../../../../data/vectors/search/search.ts";
import { test } from "../../../support/test.ts";
import { buildIndex } from "../built.ts";
import { makeNotes, vectorOf } from "../notes.ts";

const dimensions = 32;
const SEARCHES = 30;

/** Waits for each comparison, which live searches do not. */
class Waited extends RecallWatch {
  compared: Promise<void> | undefined;

  override saw(...seen: Parameters<RecallWatch["saw"]>) {
    this.compared = super.saw(...seen);
    return this.compared;
  }
}

/** Searches of which every one is compared with the truth, if comparing may take all the time. */
async function searchWatched(lake: Lake, share = 1): Promise<Waited> {
  const watch = new Waited(lake, { oneIn: 1, share });
  const indexes = new LoadedIndexes(lake);
  for (let n = 0; n < SEARCHES; n += 1) {
    const request = SearchRequest.parse({ vector: await vectorOf(lake, `n${n * 7}`), k: 10 });
    await search(lake, "notes", request, { watch, indexes });
    await watch.compared;
  }
  indexes.close();
  return watch;
}

test("a generation that finds too little of live searches is rolled back, and the pointer says why", async ({
  lake,
}) => {
  await makeNotes(lake, 3_000, { dimensions });
  await buildIndex(lake);
  await buildIndex(lake, { setting: { m: 2, efConstruction: 4, efSearch: 1, seed: 1 } });

  await searchWatched(lake);

  const log = await pointerLog(lake.storage, "notes");
  expect(log.map(({ generation }) => generation.number)).toEqual([1, 2, 1]);
  expect(log.at(-1)?.reason).toMatch(/^rolled back: live recall 0\.\d+ over 20 searches$/);
});

test("a generation that finds enough stays, and its live recall is told", async ({ lake }) => {
  await makeNotes(lake, 3_000, { dimensions });
  await buildIndex(lake, { setting: { m: 8, efConstruction: 40, efSearch: 20, seed: 1 } });
  await buildIndex(lake, { setting: { m: 24, efConstruction: 200, efSearch: 320, seed: 1 } });

  const watch = await searchWatched(lake);

  expect(watch.told("notes")).toMatchObject({ generation: 2, compared: SEARCHES });
  expect(watch.told("notes")?.recall).toBeGreaterThan(0.95);
  expect(await pointerLog(lake.storage, "notes")).toHaveLength(2);
});

test("comparing takes only its share of the time, however many searches come", async ({ lake }) => {
  await makeNotes(lake, 1_000, { dimensions });
  await buildIndex(lake);

  const watch = await searchWatched(lake, 1e-9);

  expect(watch.told("notes")?.compared).toBe(1);
});
