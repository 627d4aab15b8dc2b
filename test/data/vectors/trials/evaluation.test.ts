import { describe, expect } from "vitest";
import { z } from "zod";
import type { Lake } from "../../../../data/lake.ts";
import { currentPointer } from "../../../../data/vectors/generations/pointers.ts";
import { prepareRows } from "../../../../data/vectors/generations/prepare.ts";
import { leftOutOf, type VectorSource, vectorBatches } from "../../../../data/vectors/hnsw/vector-rows.ts";
import { comparableSql } from "../../../../data/vectors/search/in-engine.ts";
import { SearchRequest } from "../../../../data/vectors/search/request.ts";
import { search } from "../../../../data/vectors/search/search.ts";
import { evaluationSet } from "../../../../data/vectors/trials/evaluation.ts";
import { test } from "../../../support/test.ts";
import { buildIndex } from "../built.ts";
import { addNotes, makeNotes, notes, vectorOf } from "../notes.ts";

const setting = { m: 16, efConstruction: 100, efSearch: 40, seed: 1 };

async function idsOf(lake: Lake, sql: string): Promise<string[]> {
  const rows = await (await lake.duckdb()).query(
    z.object({ id: z.string() }),
    `select id from (${sql}) order by id`,
  );
  return rows.map(({ id }) => id);
}

async function readIds(source: VectorSource): Promise<string[]> {
  const ids: string[] = [];
  for await (const batch of vectorBatches(source)) ids.push(...batch.ids);
  return ids.sort();
}

describe("the evaluation set", () => {
  test("is rows of the index that what is measured lacks, a hundred of many and a tenth of few", async ({
    lake,
    dir,
  }) => {
    await makeNotes(lake, 2_000);
    const set = await evaluationSet(lake, notes, { rows: 2_000 });

    const { source, queries } = await (await prepareRows(lake, notes)).order({ setting, tempDir: dir });

    const held = await readIds(leftOutOf(source));
    const measured = await readIds(source);
    expect(queries).toEqual(set.queries);
    expect(held).toHaveLength(100);
    expect(measured).toHaveLength(1_900);
    expect(measured.filter((id) => held.includes(id))).toEqual([]);
    const rows = await comparableSql(lake, notes);
    expect(await idsOf(lake, `select id from (${rows}) where ${set.isHeld}`)).toEqual(held);
  });

  test("is the same for the same rows, stays when rows come, and is drawn again only from many more than few", async ({
    lake,
  }) => {
    await makeNotes(lake, 300);
    const few = await evaluationSet(lake, notes, { rows: 300 });
    await addNotes(lake, 300, 305);

    expect(few.queries).toHaveLength(30);
    expect(await evaluationSet(lake, notes, { rows: 305 })).toEqual(few);
    await addNotes(lake, 305, 2_000);
    const many = await evaluationSet(lake, notes, { rows: 2_000 });
    expect(many.queries).toHaveLength(100);
    expect(many.name).not.toBe(few.name);
    await addNotes(lake, 2_000, 3_000);
    expect(await evaluationSet(lake, notes, { rows: 3_000 })).toEqual(many);
  });

  test("is in the generation all the same: its rows are found like any other", async ({ lake }) => {
    await makeNotes(lake, 400);
    expect(await buildIndex(lake)).toMatchObject({ outcome: "serving", rows: 400 });
    const { source } = await (await prepareRows(lake, notes)).order({ setting, tempDir: "unused" });

    for (const id of (await idsOf(lake, leftOutOf(source).sql)).slice(0, 5)) {
      const request = SearchRequest.parse({ vector: await vectorOf(lake, id), k: 1 });
      expect(await search(lake, "notes", request)).toMatchObject({ method: "hnsw", hits: [{ id }] });
    }
    const widths = (await currentPointer(lake.storage, "notes"))?.generation.widths;
    expect(widths?.map(({ efSearch }) => efSearch)).toEqual([10, 20, 40, 80, 160, 320, 640]);
  });

  test("is none for a handful of rows, whose recall nobody measures", async ({ lake }) => {
    await makeNotes(lake, 9);

    expect(await buildIndex(lake)).toMatchObject({ outcome: "serving", rows: 9, recall: null });
  });
});
