import { prepareRows } from "../../data/vectors/generations/prepare.ts";
import { buildTrial, threadDir } from "../../workers/autotune/trial-build.ts";
import { runInThread } from "../../workers/thread.ts";
import type { BareOrder } from "./bare-build.thread.ts";
import { inventIndex } from "./invented.ts";
import { watchLoop } from "./loop-watch.ts";
import { quiet } from "./served.ts";

export const setting = { m: 16, efConstruction: 80, seed: 42 };
const bareBuild = new URL("./bare-build.thread.ts", import.meta.url);

/**
 * The same graph by the bare library and by the product's own build, each in a thread and side by side: what else
 * the machine does, and how warm it is, then slows both.
 */
export async function measureBuild({ rows, dimensions = 768 }: { rows: number; dimensions?: number }) {
  await using bench = await inventIndex(rows, dimensions);
  const prepared = await prepareRows(bench.lake, bench.definition);
  const { source } = await prepared.order({ setting, tempDir: threadDir });
  await using loop = await watchLoop();
  const [bareSeconds, built] = await Promise.all([
    runInThread<BareOrder, number>(bareBuild, { source, rows, setting }, quiet),
    buildTrial(quiet, prepared, { setting }),
  ]);
  const { ownMs, idleMs } = await loop.worst();
  return {
    bareSeconds,
    buildSeconds: built.buildSeconds,
    speedToBare: bareSeconds / built.buildSeconds,
    loopHeldMs: ownMs,
    idleHeldMs: idleMs,
  };
}
