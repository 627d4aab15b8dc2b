import { join } from "node:path";
import { prepareRows } from "../../data/vectors/generations/prepare.ts";
import type { BuildOrder, BuildOutcome } from "../../data/vectors/hnsw/build.thread.ts";
import { threadDir } from "../../workers/autotune/trial-build.ts";
import { runNativeThread } from "../../workers/native-thread.ts";
import { inventIndex } from "./invented.ts";
import { quiet } from "./served.ts";

const ENOUGH = 0.95;
const lanceBuild = new URL("../../data/vectors/lance/build.thread.ts", import.meta.url);

/** An index on disk, searched from there with the refinement by whole vectors that every search of it has. */
export async function measureLance({ rows, dimensions = 768 }: { rows: number; dimensions?: number }) {
  await using bench = await inventIndex(rows, dimensions, { backend: "lance" });
  const prepared = await prepareRows(bench.lake, bench.definition);
  const setting = { m: 16, efConstruction: 80, seed: 42 };
  const order = await prepared.order({ setting, path: join(bench.dir, "lance"), tempDir: threadDir });
  const built = await runNativeThread<BuildOrder, BuildOutcome>(lanceBuild, order, quiet);
  const widths = built.rounds[0] ?? [];
  // As a build chooses: the fewest partitions that find enough, else those that find most.
  const chosen =
    widths.find(({ recall }) => recall >= ENOUGH) ?? widths.toSorted((a, b) => b.recall - a.recall)[0];
  return {
    recall: chosen?.recall ?? 0,
    p50Ms: chosen?.p50Ms ?? Number.NaN,
    partitions: chosen?.efSearch ?? 0,
    buildSeconds: built.buildSeconds,
  };
}
