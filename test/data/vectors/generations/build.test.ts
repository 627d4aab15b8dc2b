import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect } from "vitest";
import type { Lake } from "../../../../data/lake.ts";
import type { Draft } from "../../../../data/storage/storage.ts";
import { currentPointer, pointerLog } from "../../../../data/vectors/generations/pointers.ts";
import { troubleOf } from "../../../../data/vectors/generations/readable.ts";
import { SearchRequest } from "../../../../data/vectors/search/request.ts";
import { search } from "../../../../data/vectors/search/search.ts";
import { test } from "../../../support/test.ts";
import { buildIndex } from "../built.ts";
import { addNotes, makeNotes, notes, vectorOf } from "../notes.ts";

const program = fileURLToPath(new URL("../build-process.ts", import.meta.url));

async function filesOf(lake: Lake): Promise<string[]> {
  const files: string[] = [];
  for await (const { key } of lake.storage.list("_vectors/notes/generations/")) files.push(key);
  return files;
}

describe("two builders at once", () => {
  test("over the same rows both end well, and either file can be searched", async ({ lake }) => {
    await makeNotes(lake, 500);

    const built = await Promise.all([buildIndex(lake), buildIndex(lake)]);

    expect(built).toMatchObject([{ outcome: "serving" }, { outcome: "serving" }]);
    const log = await pointerLog(lake.storage, "notes");
    expect(log.map(({ sequence, generation }) => [sequence, generation.number])).toEqual([
      [0, 1],
      [1, 2],
    ]);
    expect(built.map(({ generation }) => generation).sort()).toEqual([1, 2]);
    for (const { generation } of log) expect(await troubleOf(lake.storage, generation)).toBeUndefined();
    expect(await filesOf(lake)).toHaveLength(2);
  });

  test("the one with the older rows gives way, however late it comes, and leaves nothing behind", async ({
    lake,
  }) => {
    await makeNotes(lake, 500);
    let sayNewerServes = () => {};
    const newerServes = new Promise<void>((resolve) => {
      sayNewerServes = resolve;
    });
    let sayDrafted = () => {};
    const drafted = new Promise<void>((resolve) => {
      sayDrafted = resolve;
    });
    const late = withDrafts(lake, (draft) => {
      sayDrafted();
      return { ...draft, publish: () => newerServes.then(() => draft.publish()) };
    });

    const older = buildIndex(late);
    await drafted;
    await addNotes(lake, 500, 510);
    const newer = await buildIndex(lake);
    sayNewerServes();

    expect(newer).toMatchObject({ outcome: "serving", rows: 510 });
    expect(await older).toMatchObject({ outcome: "superseded", generation: newer.generation, rows: 500 });
    expect((await currentPointer(lake.storage, "notes"))?.generation.rows).toBe(510);
    expect(await filesOf(lake)).toHaveLength(1);
  });
});

test("a build for which the disk has no room fails, leaves nothing behind, and what served goes on", async ({
  lake,
  dir,
}) => {
  const dimensions = 64;
  await makeNotes(lake, 400, { dimensions });
  await buildIndex(lake);
  await addNotes(lake, 400, 12_000, { ...notes, dimensions });
  const before = await filesOf(lake);
  const limited = ["-c", 'ulimit -f 2000; exec "$0" "$@"', process.execPath, "--import", "tsx", program, dir];

  const { stdout } = await promisify(execFile)("/bin/sh", limited);

  expect(JSON.parse(stdout)).toEqual({ error: expect.stringMatching(/EFBIG|disk may be full/) });
  expect(await filesOf(lake)).toEqual(before);
  const request = SearchRequest.parse({ vector: await vectorOf(lake, "n7"), k: 1 });
  expect(await search(lake, "notes", request)).toMatchObject({ index_generation: 1, hits: [{ id: "n7" }] });
  expect(await buildIndex(lake)).toMatchObject({ outcome: "serving", generation: 2, rows: 12_000 });
});

/** The lake with other drafts than its storage gives. */
function withDrafts(lake: Lake, change: (draft: Draft) => Draft): Lake {
  const { storage } = lake;
  return { ...lake, storage: { ...storage, draft: async (key) => change(await storage.draft(key)) } };
}
