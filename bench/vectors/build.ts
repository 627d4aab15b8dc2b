import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { prepareRows } from "../../data/vectors/generations/prepare.ts";
import { openGraph } from "../../data/vectors/hnsw/binding.ts";
import { vectorBatches } from "../../data/vectors/hnsw/vector-rows.ts";
import { buildTrial } from "../../workers/autotune/trial-build.ts";
import { inventIndex } from "./invented.ts";

/** The bare library over vectors that are in memory, then the same graph by the worker's own build. */
export async function measureBuild(rows: number, dimensions = 768) {
  await using bench = await inventIndex(rows, dimensions);
  const setting = { m: 16, efConstruction: 80, seed: 42 };
  const prepared = await prepareRows(bench.lake, bench.definition);
  const order = await prepared.order({ setting, tempDir: join(tmpdir(), "millrace") });
  const bare = await openGraph("cosine", dimensions);
  bare.initIndex({ maxElements: rows, m: setting.m, efConstruction: setting.efConstruction, randomSeed: 42 });
  let label = 0;
  let bareMs = 0;
  for await (const { vectors } of vectorBatches(order.source)) {
    const begun = performance.now();
    for (const vector of vectors) bare.addPoint(vector as number[], label++);
    bareMs += performance.now() - begun;
  }
  let worstMs = 0;
  let over = false;
  const watching = (async () => {
    while (!over) {
      const begun = performance.now();
      await pause(5);
      worstMs = Math.max(worstMs, performance.now() - begun - 5);
    }
  })();
  const context = { signal: new AbortController().signal, reportProgress: async () => undefined };
  const built = await buildTrial(context, prepared, { setting });
  over = true;
  await watching;
  return {
    rows,
    dimensions,
    bareSeconds: bareMs / 1_000,
    buildSeconds: built.buildSeconds,
    speedRatio: bareMs / 1_000 / built.buildSeconds,
    loopHeldMs: worstMs,
    widths: built.rounds[0]?.map(({ efSearch, recall, p50Ms }) => ({ efSearch, recall, p50Ms })),
  };
}

if (process.argv[1]?.endsWith("build.ts"))
  process.stdout.write(
    `${JSON.stringify(await measureBuild(Number(process.argv[2] ?? 10_000)), undefined, 1)}\n`,
  );
