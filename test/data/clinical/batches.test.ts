import { open } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { inBatches } from "../../../data/clinical/bundle-file.ts";
import { test } from "./clinic.ts";

const MIB = 1024 ** 2;

test("files are read in batches of bounded bytes, in their order, and a large one alone", async ({ dir }) => {
  const sizes = [30, 30, 30, 100, 1];
  const files = sizes.map((_, number) => ({ path: join(dir, `${number}.json`), name: `${number}`, number }));
  for (const [number, { path }] of files.entries()) {
    const file = await open(path, "w");
    await file.truncate((sizes[number] ?? 0) * MIB);
    await file.close();
  }

  const batches = await inBatches(files);

  expect(batches.map((batch) => batch.map(({ number }) => number))).toEqual([[0, 1], [2], [3], [4]]);
  expect(await inBatches([])).toEqual([]);
});
