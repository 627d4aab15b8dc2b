import { stat, truncate } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { openGraph } from "../../../data/vectors/hnsw/binding.ts";
import { checkWritten } from "../../../data/vectors/hnsw/written.ts";
import { seeded } from "../../../data/vectors/seeded.ts";
import { test } from "../../support/test.ts";

test("a graph that the library wrote is known to be whole, and one of which anything is missing is not", async ({
  dir,
}) => {
  const path = join(dir, "graph");
  const graph = await openGraph("l2", 4);
  const random = seeded("graph");
  graph.initIndex({ maxElements: 600, m: 4, efConstruction: 10 });
  for (let n = 0; n < 500; n += 1) graph.addPoint([random(), random(), random(), random()], n);

  await graph.writeIndex(path);
  await expect(checkWritten(path)).resolves.toBeUndefined();
  for (const less of [1, 4, 40, 1_000, 20_000]) {
    await truncate(path, (await stat(path)).size - less);
    await expect(checkWritten(path)).rejects.toThrow("the disk may be full");
    await graph.writeIndex(path);
  }
  await truncate(path, 10);
  await expect(checkWritten(path)).rejects.toThrow("the disk may be full");
});
